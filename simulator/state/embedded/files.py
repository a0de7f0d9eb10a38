"""The embedded store's file: where it is, whether it is sound, who else has it open. Edge: files and locks, no tables.

    state.mdb, state.mdb-lock     LMDB's own
    lock.opening                  held while a worker opens; its text tells what the last one decided
    lock.users                    held shared by every worker that has the file open

The first worker that opens a file looks at it, sets a damaged one aside and allocates it in full; those who come
while it is in use join. A map that is written through a sparse file ends the process (SIGBUS) when the disk is full,
so `writemap` is for allocated files only; without it a full disk is an error like any other.
"""

import fcntl
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import lmdb

log = logging.getLogger("simulator.state")

NAME = "state.mdb"
MAX_READERS = 512
MAX_TABLES = 16
PINNED = 4
"""A reader that is so many transactions behind was interrupted."""
PATIENCE_S = 5.0
"""How long a worker waits for another that is opening; it may have been stopped."""
LOOK_S = 0.25
"""How long the first look takes at most: a start must not wait for the end of a large file."""
DEATHS = 2
"""So many workers may die while they look at a file (a kill is not the file's fault); then it counts as damaged."""

DAMAGE = (
    lmdb.CorruptedError,
    lmdb.PageNotFoundError,
    lmdb.InvalidError,
    lmdb.VersionMismatchError,
    lmdb.IncompatibleError,
    lmdb.PanicError,
    lmdb.DbsFullError,
)
"""What LMDB raises for a file whose content makes no sense."""


class Opened:
    """A file in use; `identity` tells it from another at the same path."""

    def __init__(self, env: lmdb.Environment, path: Path, users: int) -> None:
        self.env = env
        self.path = path
        self.identity = _identity(path)
        self.closed = False
        self._users = users
        self._written = 0
        # LMDB must not be closed while another thread writes it to the disk.
        self._lock = threading.Lock()

    def moved(self) -> bool:
        """Whether the others use another file by now: this one was set aside as damaged, or deleted."""
        try:
            return _identity(self.path) != self.identity
        except OSError:
            return False

    def pinned(self) -> int:
        """The transaction that the slowest reader reads, if many were written since; 0 if not.

        No page that was freed since may be written again before it is done.
        """
        reading = [int(line.split()[-1]) for line in self.env.readers().splitlines()[1:] if line[-1:].isdigit()]
        oldest = min(reading, default=0)
        return oldest if self.env.info()["last_txnid"] - oldest > PINNED else 0

    def flush(self) -> None:
        """Write to the disk what was changed since the last time. Blocks; may be called from any thread."""
        with self._lock:
            if self.closed:
                return
            latest = self.env.info()["last_txnid"]
            if latest != self._written:
                self.env.sync(True)
                self._written = latest

    def close(self) -> None:
        """Let go of it."""
        with self._lock:
            if not self.closed:
                self.closed = True
                self.env.close()
                os.close(self._users)


def open_file(folder: Path, size_bytes: int) -> Opened:
    """The file in `folder`, shared with whoever else has it open; raises OSError or lmdb.Error if there can be none.

    A damaged one is set aside first.
    """
    with _opening(folder) as opening:
        users = os.open(folder / "lock.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            path = folder / NAME
            if _alone(users):
                _look(opening, path)
            elif path.exists() and not _lock_of(path).exists():
                # Somebody cleans up behind us. With a lock of its own a worker would write among the others' pages.
                _set_aside(path, "its lock was deleted while it was in use")
            elif not path.exists():
                _lock_of(path).unlink(missing_ok=True)
            writemap, size = _prepare(opening, path, size_bytes, users)
            env = _open(path, size, writemap=writemap)
            fcntl.flock(users, fcntl.LOCK_SH)
            return Opened(env, path, users)
        except BaseException:
            os.close(users)
            raise


def set_aside(folder: Path, identity: tuple[int, int], reason: str) -> None:
    """Put away the file that was found damaged while in use, unless another worker has done so."""
    with _opening(folder):
        path = folder / NAME
        with suppress(FileNotFoundError):
            if _identity(path) == identity:
                _set_aside(path, reason)


def discard(folder: Path) -> None:
    """Remove the folder, unless somebody has its file open."""
    with suppress(OSError), _opening(folder):
        users = os.open(folder / "lock.users", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if _alone(users):
                shutil.rmtree(folder)
        finally:
            os.close(users)


def _look(opening: int, path: Path) -> None:
    """Set the file aside if it is damaged. A look at one that is may end the process: that is counted first."""
    deaths = _note(opening).count("looking")
    if not (path.exists() and path.stat().st_size):
        fault = ""
    elif deaths >= DEATHS:
        fault = f"{deaths} workers died when they looked at it"
    else:
        _decide(opening, "looking " * (deaths + 1))
        fault = inspect(path)
    if fault:
        _set_aside(path, fault)
    _decide(opening, "")


def inspect(path: Path) -> str:
    """Read a file that nobody uses, as far as there is time; returns what is wrong with it, if anything.

    Raises lmdb.Error where it cannot be read at all.
    """
    deadline = time.monotonic() + LOOK_S
    try:
        env = lmdb.open(str(path), subdir=False, readonly=True, lock=False, max_dbs=MAX_TABLES)
        with env, env.begin() as txn:
            needed = (env.info()["last_pgno"] + 1) * env.stat()["psize"]
            size = path.stat().st_size
            if size < needed:
                return f"it was cut off at {size} bytes; it had {needed}"
            for name in list(txn.cursor().iternext(values=False)):
                table = env.open_db(name, txn=txn, create=False)
                for number, _ in enumerate(txn.cursor(table)):
                    if number % 256 == 0 and time.monotonic() > deadline:
                        return ""
    except DAMAGE as error:
        return str(error)
    return ""


def _prepare(opening: int, path: Path, size_bytes: int, users: int) -> tuple[bool, int]:
    """Whether to write through the map, and how large to make it: as those who have the file open do."""
    present = path.stat().st_size if path.exists() else 0
    decided = _note(opening) if present else ""
    if not present:
        _open(path, size_bytes, writemap=False).close()  # LMDB takes no file of zeros: its head comes first
    # A worker of a later configuration must not cut off what others have mapped.
    size = size_bytes if _alone(users) else max(size_bytes, present)
    if decided == "plain":
        return False, size
    fault = _allocate(path, size)
    if decided == "writemap":
        return True, size if not fault else present
    if fault:
        log.warning("%s cannot be allocated in full (%s): the store works at a third of its speed", path, fault)
    _decide(opening, "plain" if fault else "writemap")
    return not fault, size


def _open(path: Path, size: int, *, writemap: bool) -> lmdb.Environment:
    return lmdb.open(
        str(path),
        map_size=size,
        subdir=False,
        writemap=writemap,
        map_async=True,
        sync=False,
        metasync=False,
        mode=0o600,
        max_readers=MAX_READERS,
        max_dbs=MAX_TABLES,
    )


def _allocate(path: Path, size: int) -> str:
    """Take the whole file's place on the disk; returns what failed, if so, with the file as large as it was."""
    file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        before = os.fstat(file).st_size
        try:
            os.posix_fallocate(file, 0, size)
        except OSError as error:
            os.ftruncate(file, before)
            return error.strerror or str(error)
        return ""
    finally:
        os.close(file)


def _set_aside(path: Path, reason: str) -> None:
    when = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    aside = path.with_name(f"{path.name}.damaged-{when}")
    with suppress(FileNotFoundError):
        path.rename(aside)
    _lock_of(path).unlink(missing_ok=True)
    log.error("the shared state in %s is damaged (%s); it is kept as %s, and a new one begins", path, reason, aside)


def _lock_of(path: Path) -> Path:
    return path.with_name(path.name + "-lock")


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _alone(users: int) -> bool:
    """Whether nobody else holds it; it is then ours until `LOCK_SH`."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _note(opening: int) -> str:
    return os.pread(opening, 256, 0).decode("ascii", "replace").strip()


def _decide(opening: int, note: str) -> None:
    os.ftruncate(opening, 0)
    os.pwrite(opening, note.encode(), 0)


@contextmanager
def _opening(folder: Path) -> Iterator[int]:
    """Alone among those who open files in the folder; makes it if need be. Raises TimeoutError, an OSError."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = os.open(folder / "lock.opening", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > deadline:
                        raise TimeoutError(f"another worker has been opening {folder} for long") from None
                    time.sleep(0.001)
            if os.fstat(file).st_nlink:
                yield file
                return
            # The folder was removed by its last user while we waited.
        finally:
            os.close(file)
