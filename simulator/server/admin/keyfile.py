"""A key that is kept in a file, such as a mounted secret. Edge of that one file; knows nothing of requests.

The file is looked at no more than once a second and read again when it is another one: a mounted secret is replaced
as a whole, so its time, size or inode changes. A key is held as its digest and never told.
"""

import logging
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

from simulator.config.checks import WELL_KNOWN_KEYS

log = logging.getLogger("simulator.admin")
LOOK_SECONDS = 1.0
MOST_BYTES = 4096


def digest(key: bytes) -> bytes:
    """What a key is held and compared as."""
    return blake2b(key, digest_size=32).digest()


def fit(key: bytes) -> bool:
    """Whether a key guards anything: it is not empty and stands in no example."""
    return key.decode("utf-8", "replace").strip().lower() not in WELL_KNOWN_KEYS


def flaw_of(key: bytes) -> str:
    """What is wrong with a file of this content; empty if nothing is."""
    if len(key) > MOST_BYTES:
        return f"is longer than {MOST_BYTES} bytes"
    return "" if fit(key) else "is empty or a well-known default"


class KeyFile:
    """The key in a file; `digest()` is None while there is none that guards anything."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self.path = path
        self._clock = clock
        self._looked = float("-inf")
        self._seen: tuple[int, ...] | None = ()
        self._digest: bytes | None = None

    def digest(self) -> bytes | None:
        """The digest of the key at this moment, at most `LOOK_SECONDS` old."""
        now = self._clock()
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            self._look()
        return self._digest

    def _look(self) -> None:
        try:
            found = self.path.stat()
            seen = (found.st_mtime_ns, found.st_size, found.st_ino)
            if seen == self._seen:
                return
            with self.path.open("rb") as file:
                key = file.read(MOST_BYTES + 1)
            flaw = flaw_of(key)
        except (OSError, ValueError) as error:
            seen, key, flaw = None, b"", f"cannot be read: {getattr(error, 'strerror', None) or error}"
        if flaw and (seen is not None or self._seen is not None):
            log.error("admin.api_key_file %s %s; its key admits nobody", self.path, flaw)
        self._seen = seen
        self._digest = None if flaw else digest(key.strip())
