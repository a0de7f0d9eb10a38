"""The embedded store's file in use, and what is done in trouble. Edge; knows the tables, not the operations' meaning.

the file is full          a reader that was interrupted is waited for: it holds what was freed since. Then sessions,
                          objects or prompts, whichever take most, and limits that are over give way
the disk is full          likewise; then the store goes on in another folder, and says so
the file makes no sense   it is set aside and a new one begins
the others have moved     they are followed within a second, so that limits are counted together again
"""

import logging
import os
import struct
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import lmdb
import msgspec

from simulator.state.board import Board
from simulator.state.embedded import files
from simulator.state.embedded.circuits import Circuits
from simulator.state.embedded.leases import Holder, digest
from simulator.state.embedded.limits import Limits
from simulator.state.embedded.objects import Objects
from simulator.state.embedded.places import met, private_folder, spare_folders
from simulator.state.embedded.prompts import Prompts
from simulator.state.embedded.records import Records
from simulator.state.embedded.sessions import Sessions
from simulator.state.embedded.tables import STEP, Sweep, open_tables
from simulator.state.store import Control, StoreHealth, StoreUnavailable

log = logging.getLogger("simulator.state")

T = TypeVar("T")

FAULTS = (lmdb.Error, struct.error, msgspec.MsgspecError)
"""What an operation raises when the file is in trouble."""

_DAMAGE = (*files.DAMAGE, lmdb.BadTxnError, struct.error, msgspec.MsgspecError)
_OURS = (lmdb.InvalidParameterError, lmdb.BadValsizeError)
"""Mistakes of ours, for which no file is to blame."""
_TRIES = 4
_READER_S = 0.1
"""How long a reader is waited for that was interrupted; it needs microseconds once it goes on."""
_WAITS = 10
_PAUSE_S = 1.0
"""Between two attempts at what has just failed and costs something."""
_FULL_FOR_S = 60.0
"""How long health says that the file was full."""


class Mount:
    """A file and the operations on it, replaced as a whole when it has to be another file."""

    circuits: Circuits
    limits: Limits
    objects: Objects
    prompts: Prompts
    records: Records
    sessions: Sessions

    def __init__(
        self,
        folder: Path | None,
        size_bytes: int,
        names: tuple[bytes, bytes],
        board: Board | None,
        now: Callable[[], int],
    ) -> None:
        self._folder = folder
        self._size = size_bytes
        self._fleet, self._owner = names
        self._board = board
        self._now = now
        self._opened: files.Opened | None = None
        self.sweeps: tuple[Sweep, ...] = ()
        self._temporary = folder is None
        self._spare = False
        self._reason = self._full = ""
        self._full_until = self._sweep_at = self._open_at = 0.0
        self.latest = Control()
        """The newest control document that passed through here: it is put back if its file is lost."""

    @property
    def mounted(self) -> bool:
        """Whether it was ever opened."""
        return self._opened is not None

    def open(self) -> None:
        """Open the file; raises `StoreUnavailable` if there is nowhere to keep one."""
        if self._folder is None:
            try:
                self._folder = private_folder()
            except OSError as error:
                self._move_out(_line(error))
                return
        self._settle()

    def close(self) -> None:
        """Let go of the file, and remove its folder if it is a temporary one that nobody else uses."""
        if self._opened is not None:
            self._opened.close()
            if self._spare:
                files.discard(self._opened.path.parent)
        if self._temporary and self._folder is not None:
            files.discard(self._folder)

    def flush(self) -> None:
        """Write to the disk what was changed; blocks, and may be called from any thread."""
        if self._opened is not None:
            try:
                self._opened.flush()
            except lmdb.Error as error:
                log.error("the shared state cannot be written to the disk: %s", _line(error))  # noqa: TRY400 - a line

    def tick(self) -> None:
        """Follow the others if they have moved; clear away some of what is over."""
        if not self._spare and met(self._fleet) is not None:
            self._move_out("another worker had to leave it")
        elif self._opened is not None and self._opened.moved():
            log.warning("the shared state in %s was begun anew", self._opened.path)
            self._opened.close()
            self._settle()
        now = self._now()
        self.call(lambda mount: [sweep.step(now) for sweep in mount.sweeps])
        self.call(lambda mount: mount.objects.clear(now))

    def health(self) -> StoreHealth:
        """How the store does, from memory."""
        reason = self._reason or (self._full if time.monotonic() < self._full_until else "")
        return StoreHealth("embedded", "degraded" if reason else "ok", reason)

    def call(self, operation: Callable[["Mount"], T]) -> T:
        """The operation's result, after whatever had to be mended. Raises `StoreUnavailable`.

        An operation looks its tables up in the mount each time: after mending they are those of another file.
        """
        try:
            return operation(self)
        except FAULTS as error:
            return self.again(error, operation)

    def again(self, error: Exception, operation: Callable[["Mount"], T]) -> T:
        """Mend what failed and try again, for as long as mending helps."""
        tries = waits = 0
        while tries < _TRIES:
            if isinstance(error, lmdb.MapFullError) and waits < _WAITS and self._reader_gone():
                waits += 1
                try:
                    return operation(self)
                except FAULTS as fault:
                    error = fault
                    continue
            # Making room has removed something each time, so it may be done as often as it takes.
            tries += not isinstance(error, lmdb.MapFullError)
            try:
                self._mend(error, tries)
                return operation(self)
            except FAULTS as fault:
                error = fault
        raise StoreUnavailable(f"the embedded store fails: {_line(error)}") from error

    def _reader_gone(self) -> bool:
        """Wait a moment for a reader that holds freed pages; whether it has gone."""
        opened = self._opened
        if opened is None or opened.closed:
            return False
        pinned = opened.pinned()
        deadline = time.monotonic() + _READER_S
        while pinned and time.monotonic() < deadline:
            time.sleep(_READER_S / 100)  # it is another process that must go on
            if opened.pinned() != pinned:
                return True
        return False

    def _mend(self, error: Exception, tries: int) -> None:
        opened = self._opened
        if opened is None or opened.closed:
            self._settle()
        elif isinstance(error, lmdb.MapFullError):
            if not self._make_room(error):
                raise StoreUnavailable(f"{self._full}, of what is in use") from error
        elif isinstance(error, lmdb.MapResizedError):
            opened.env.set_mapsize(0)
        elif isinstance(error, lmdb.ReadersFullError):
            opened.env.reader_check()
        elif isinstance(error, _OURS):
            raise StoreUnavailable(f"the embedded store refuses: {_line(error)}") from error
        elif isinstance(error, lmdb.BadTxnError) and tries == 1:
            pass  # the transaction met something before; the next one tells what, unless it is the same again
        elif isinstance(error, _DAMAGE):
            self._give_up(opened, error)
            self._settle()
        elif tries > 1 or not self._make_room(error):
            self._move_out(_line(error))

    def _settle(self) -> None:
        """Open the file where it belongs, or else elsewhere."""
        if time.monotonic() < self._open_at:
            raise StoreUnavailable(self._reason)
        if not self._spare and met(self._fleet) is not None:
            self._move_out("another worker had to leave it")
            return
        here = self._opened.path.parent if self._spare and self._opened is not None else self._folder
        fault = self._try(here) if here is not None else "there is no temporary folder"
        if fault:
            self._move_out(fault)
        elif not self._spare:
            self._reason = ""

    def _move_out(self, fault: str) -> None:
        """Go on elsewhere; what was kept stays behind, but for the control document."""
        if self._opened is not None:
            self._opened.close()
        was_spare, self._spare = self._spare, True
        for folder in () if was_spare else spare_folders(self._fleet):
            place = self._folder or "the temporary folder"
            self._reason = f"{place} cannot be used ({fault}); the state is kept in {folder} meanwhile"
            if not self._try(folder):
                log.error("%s", self._reason)
                return
            files.discard(folder)
        self._spare = was_spare
        self._reason = f"there is nowhere to keep the shared state: {fault}"
        self._open_at = time.monotonic() + _PAUSE_S
        raise StoreUnavailable(self._reason)

    def _try(self, folder: Path) -> str:
        """Open the file in `folder`; returns what is in the way, if anything."""
        for _ in range(_TRIES):
            try:
                opened = files.open_file(folder, self._size)
            except (OSError, lmdb.Error) as error:
                return _line(error)
            try:
                self._adopt(opened)
            except FAULTS as error:
                if not isinstance(error, _DAMAGE):
                    opened.close()
                    return _line(error)
                self._give_up(opened, error)
            else:
                return ""
        return "each new file was damaged too"

    @staticmethod
    def _give_up(opened: files.Opened, error: Exception) -> None:
        """Put away a file whose content makes no sense."""
        opened.close()
        try:
            files.set_aside(opened.path.parent, opened.identity, _line(error))
        except OSError as fault:
            log.error("%s is damaged and cannot be put away: %s", opened.path, _line(fault))  # noqa: TRY400 - a line

    def _adopt(self, opened: files.Opened) -> None:
        """Work with this file from here on."""
        self._opened = opened
        opened.env.reader_check()
        tables = open_tables(opened.env)
        holder = Holder(digest(self._fleet), digest(self._owner), os.getpid())
        self.sessions = Sessions(tables)
        self.objects = Objects(tables, self.sessions.evict)
        self.prompts = Prompts(tables)
        self.limits = Limits(tables, holder, degraded=self._spare)
        self.records = Records(tables, self._board)
        self.circuits = Circuits(tables, degraded=self._spare)
        self.sweeps = tuple([Sweep(tables.env, each) for each in (tables.limits, tables.counts, tables.circuits)])
        self._in_room(self.limits.disown)
        if self.latest.revision > self.records.read().revision:
            self._in_room(lambda: self.records.write(None, self.latest.revision, self.latest.body))
        self.records.tell()

    def _in_room(self, operation: Callable[[], object]) -> None:
        """An operation on a file that may be full."""
        while True:
            try:
                operation()
            except lmdb.MapFullError as error:
                if not self._make_room(error):
                    raise
            else:
                return

    def _make_room(self, error: Exception) -> bool:
        """Remove something that can be spared; whether there was anything."""
        now = time.monotonic()
        size = f"state.size_mb is {self._size >> 20}"
        self._full = f"the shared state is full ({size if isinstance(error, lmdb.MapFullError) else _line(error)})"
        if now >= self._full_until:
            log.warning("%s: what is oldest gives way", self._full)
        self._full_until = now + _FULL_FOR_S
        if self._opened is not None:
            self._opened.env.reader_check()
        dispensable: list[Sessions | Objects | Prompts] = [self.sessions, self.objects, self.prompts]
        dispensable.sort(key=lambda each: each.pages(), reverse=True)
        if any(self._smaller_and_smaller(each.evict, 32) for each in dispensable):
            return True
        if now < self._sweep_at:
            return False
        if any(self._smaller_and_smaller(partial(sweep.enough, self._now()), STEP) for sweep in self.sweeps):
            return True
        self._sweep_at = now + _PAUSE_S
        return False

    @staticmethod
    def _smaller_and_smaller(remove: Callable[[int], int], most: int) -> bool:
        """Remove something. To remove takes some pages itself: where there are too few for much, there are for less."""
        while most:
            try:
                return bool(remove(most))
            except (lmdb.MapFullError, lmdb.DiskError):
                most //= 4
        return False


def _line(error: Exception) -> str:
    """The error in one line."""
    return " ".join(str(error).split()) or type(error).__name__
