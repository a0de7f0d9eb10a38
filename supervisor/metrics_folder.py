"""The folder in which the workers' metric files are kept. Edge; knows nothing of what is measured.

`prometheus_client` chooses its multiprocess mode by the environment variable, when it is imported: prepare the
folder before the application is. Files are named by seat, so a respawn adds none.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"


class FolderError(Exception):
    """The folder cannot be made or emptied; the message is one line for the operator."""


@contextlib.contextmanager
def metrics_folder(directory: str | None, *, shared: bool = False) -> Iterator[Path]:
    """An empty folder for metric files, named in the environment; its metric files are gone at the end.

    With a configured directory only files that end in `.db` are removed, before and after; without, a
    temporary folder is made and removed. `shared`: another fleet, which this one is to replace, still writes to the
    configured directory; a folder inside it is made and removed. Raises `FolderError`.
    """
    within = directory if shared else None
    try:
        if directory:
            Path(directory).mkdir(parents=True, exist_ok=True)
        if directory and not shared:
            folder = Path(directory)
            _wipe(folder)
        else:
            folder = Path(tempfile.mkdtemp(prefix="llm-simulator-", dir=within))
    except OSError as error:
        raise FolderError(f"the metrics folder {directory or tempfile.gettempdir()} cannot be used: {error}") from error
    previous = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        if directory and not shared:
            with contextlib.suppress(OSError):
                _wipe(folder)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        if previous is None:
            os.environ.pop(VARIABLE, None)
        else:
            os.environ[VARIABLE] = previous


def mark_dead(folder: Path, identity: str) -> None:
    """Forget the gauges that only count while their worker lives; counters and histograms stay."""
    for file in folder.glob(f"gauge_live*_{identity}.db"):
        file.unlink(missing_ok=True)


def _wipe(folder: Path) -> None:
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)
