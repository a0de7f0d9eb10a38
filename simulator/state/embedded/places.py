"""Where the embedded store goes on when its own folder cannot be used, best first. Edge: folders.

The workers of one fleet meet in the same folder there, so that their limits are still counted together; without a
fleet's name it is one process's alone.
"""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from simulator.state.embedded.leases import digest

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in it is used only if it belongs to this user alone


def spare_folders(fleet: bytes) -> Iterator[Path]:
    """Folders to go on in; made as they are asked for."""
    for base in _bases():
        try:
            if not fleet:
                yield private_folder(base)
                continue
            folder = _meeting(base, fleet)
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError:
            continue
        if _ours(folder):
            yield folder


def met(fleet: bytes) -> Path | None:
    """The folder in which workers of this fleet go on already."""
    if fleet:
        for base in _bases():
            folder = _meeting(base, fleet)
            if _ours(folder):
                return folder
    return None


def private_folder(base: Path | None = None) -> Path:
    """A new folder that nobody else knows; raises OSError."""
    return Path(tempfile.mkdtemp(prefix="llm-simulator-", dir=base))


def _bases() -> tuple[Path, Path]:
    return MEMORY, Path(tempfile.gettempdir())


def _meeting(base: Path, fleet: bytes) -> Path:
    return base / f"llm-simulator-{digest(fleet).hex()}"


def _ours(folder: Path) -> bool:
    """Whether it is a folder, and this user's alone: anybody may make one of that name in a shared place."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return folder.is_dir() and status.st_uid == os.geteuid() and status.st_mode & 0o077 == 0
