"""The folder of the embedded store. Edge; knows nothing of what is kept in it.

A configured folder belongs to one fleet at a time: its supervisor holds a lock on a file in it, which the kernel
frees when the supervisor ends, however it ends. An upgrade passes the lock on by its descriptor.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LOCK = "lock"


class StateError(Exception):
    """The folder cannot be used; the message is one line for the operator."""


@dataclass(slots=True)
class StateFolder:
    """`lock` is the descriptor that holds a configured folder, None for a temporary one.

    `kept`: whether somebody else has taken over a temporary folder, and removes it.
    """

    path: Path
    lock: int | None = None
    kept: bool = False


@contextlib.contextmanager
def state_folder(configured: str | None, inherited: StateFolder | None = None) -> Iterator[StateFolder]:
    """The folder for as long as the fleet lives: the configured one, locked, or else a temporary one, which is removed.

    `inherited` is what a fleet that this one is to replace has left in our hands: its temporary folder, which stays
    its own until `kept` is set false, or the lock on the same configured folder. Raises `StateError`.
    """
    temporary = inherited is not None and inherited.lock is None
    folder = _owned(configured, inherited)
    try:
        yield folder
    finally:
        if folder.lock is not None:
            os.close(folder.lock)  # frees the lock only when nobody inherited it
        elif not folder.kept:
            shutil.rmtree(folder.path, ignore_errors=True)
        if inherited is not None and temporary and not inherited.kept:
            shutil.rmtree(inherited.path, ignore_errors=True)


def _owned(configured: str | None, inherited: StateFolder | None) -> StateFolder:
    if configured is None and inherited is not None and inherited.lock is None:
        return inherited
    folder = _temporary() if configured is None else _locked(Path(configured), inherited)
    if inherited is not None and inherited.lock is not None and inherited.lock != folder.lock:
        os.close(inherited.lock)
    return folder


def _temporary() -> StateFolder:
    try:
        return StateFolder(Path(tempfile.mkdtemp(prefix="llm-simulator-state-")))
    except OSError as error:
        raise StateError(f"no state folder can be made in {tempfile.gettempdir()}: {error}") from error


def _locked(path: Path, inherited: StateFolder | None) -> StateFolder:
    try:
        path.mkdir(parents=True, exist_ok=True)
        if inherited is not None and inherited.lock is not None and _same(inherited.lock, path / LOCK):
            return StateFolder(path, inherited.lock)
        descriptor = os.open(path / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StateError(f"the state folder {path} cannot be used: {error}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise StateError(
            f"the state folder {path} is in use by another fleet; stop that one, or give this one another state.path"
        ) from None
    except OSError as error:
        os.close(descriptor)
        raise StateError(f"the state folder {path} cannot be locked: {error}") from error
    return StateFolder(path, descriptor)


def _same(descriptor: int, path: Path) -> bool:
    return path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())
