"""A worker process, from the fork to its end. Edge: the part of a gunicorn worker that runs in the child.

Its life as the operator sees it: BOOTING from the fork, STANDBY while a predecessor still holds the slot, READY when
it accepts, DRAINING after TERM, then gone with exit code 0. A failure to start ends it with `BOOT_FAILED` and leaves
a note for the supervisor.
"""

import asyncio
import faulthandler
import gc
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

import uvloop
from gunicorn.arbiter import Arbiter
from gunicorn.workers.base import Worker

from simulator.state.board import Column, Row
from simulator.state.slot import Slot
from simulator.telemetry import logs
from supervisor.application import Application, Release
from supervisor.notes import Notes
from supervisor.parent import Parent
from supervisor.server import Server

log = logging.getLogger("supervisor.worker")

BOOT_FAILED: int = Arbiter.WORKER_BOOT_ERROR
"""Exit code of a worker that could not start."""
STACK_SIGNAL = signal.SIGUSR2
"""Makes a worker write the stacks of its threads to standard error, from C, whatever its loop is doing."""

_DEFAULT = (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGCHLD, signal.SIGALRM)
_IGNORED = (signal.SIGHUP, signal.SIGTTIN, signal.SIGTTOU, signal.SIGWINCH)


class BoardBeat:
    """What gunicorn calls a worker's `tmp`: where its heartbeat is read. Here a cell, not a file."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def last_update(self) -> float:
        """When the worker last beat, in seconds of the monotonic clock."""
        return self._row[Column.HEARTBEAT_NS] / 1e9

    def notify(self) -> None:
        """Beat."""
        self._row[Column.HEARTBEAT_NS] = time.monotonic_ns()

    def close(self) -> None:
        """Nothing is held."""


class FleetWorker(Worker):  # type: ignore[misc]  # gunicorn is untyped
    """One slot's process. Built in the supervisor before the fork; `main` runs in the child."""

    def __init__(
        self,
        *,
        slot: Slot,
        release: Release,
        application: Application,
        listeners: Sequence[socket.socket],
        parent: Parent,
        notes: Notes,
        private: Sequence[int] = (),
    ) -> None:
        # gunicorn's own constructor makes a temporary file for the heartbeat; everything it sets that this
        # class's life needs is set here.
        self.slot = slot
        self.release = release
        self.application = application
        self.sockets = list(listeners)
        self.parent = parent
        self.notes = notes
        self.private = tuple(private)
        self.ppid = parent.pid
        self.pid = 0
        self.booted = False
        self.tmp = BoardBeat(slot.row)

    def __str__(self) -> str:
        return f"worker {self.slot.shard} (pid {self.pid})"

    def main(self) -> NoReturn:
        """The child's life; never returns, so that nothing of the supervisor is unwound in the child.

        Expects the signals of `init_signals` to be blocked since before the fork.
        """
        code = 1
        try:
            self.pid = os.getpid()
            self.init_process()
            code = 0
        except BaseException as error:  # noqa: BLE001 - the outermost loop of a process
            code = self._failed(error)
        finally:
            logging.shutdown()
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(code)

    def init_process(self) -> None:
        """Prepare the process and serve until told to stop."""
        self.init_signals()
        config = self.release.loaded.config
        logs.configure(config.telemetry.logging, shard=self.slot.shard)
        if not self.parent.alive:
            return
        self.run()

    def init_signals(self) -> None:
        """Undo the supervisor's handlers, then let in what has been sent since the fork.

        Until the event loop has its own handlers TERM and INT simply end the process: nothing is served yet.
        """
        signal.set_wakeup_fd(-1)
        for descriptor in self.private:
            os.close(descriptor)
        for number in _DEFAULT:
            signal.signal(number, signal.SIG_DFL)
        for number in _IGNORED:
            signal.signal(number, signal.SIG_IGN)
        self.parent.tie()
        faulthandler.register(STACK_SIGNAL, all_threads=True, chain=False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, set(signal.valid_signals()))

    def run(self) -> None:
        """Make the application and serve it on a fresh uvloop."""
        app = self.application.create(self.release.prepared, self.slot)
        settings = self.release.loaded.config.server
        server = Server(app, self.slot, settings, parent=self.parent, ready=self._ready)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(server.serve(self.sockets))

    def _ready(self) -> None:
        self.booted = True
        gc.freeze()  # what the start made stays: no collection need walk over it
        log.debug("accepting connections")

    def _failed(self, error: BaseException) -> int:
        if self.booted:
            log.critical("the worker ends because of %s", _line(error), exc_info=error)
            return 1
        self.notes.write(self.slot.board.index(self.slot.ordinal, self.slot.seat), _line(error))
        log.error("the worker cannot start: %s", _line(error))
        log.debug("where it failed", exc_info=error)
        return BOOT_FAILED


def _line(error: BaseException) -> str:
    """An exception in one line."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
