"""The live workers: forked, ordered, watched, reaped. Edge; decides nothing about who should live.

The supervisor's side of the board: it writes `ORDER` always, and `STATE`, `PID` and what a dead worker left behind
while nobody sits on the row.
"""

import logging
import os
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

from simulator.state.board import Column, Order, Row, SlotState
from simulator.state.slot import Slot
from supervisor.application import Release
from supervisor.child import Child, clear
from supervisor.deadlines import EXCUSE_SECONDS, Facts, Verdict, judge, limits_of, silent
from supervisor.parts import FleetParts
from supervisor.process import is_frozen
from supervisor.succession import of_slot
from supervisor.worker import STACK_SIGNAL, FleetWorker

log = logging.getLogger("supervisor.fleet")


class Crew:
    """Every worker process that was forked and not yet reaped."""

    def __init__(self, parts: FleetParts) -> None:
        self._parts = parts
        self._board = parts.board
        self._amnesty = 0.0
        self.children: list[Child] = []

    def spawn(
        self,
        ordinal: int,
        seat: int,
        release: Release,
        listeners: Sequence[socket.socket],
        private: Sequence[int],
    ) -> Child:
        """Fork a worker into a free seat. It waits in STANDBY if the slot has another worker.

        `private` are descriptors of the supervisor that the worker closes.
        """
        parts = self._parts
        slot = Slot(ordinal, parts.pod, self._board, parts.fleet, parts.state, seat)
        worker = FleetWorker(
            slot=slot,
            release=release,
            application=parts.application,
            listeners=listeners,
            parent=parts.parent,
            notes=parts.notes,
            private=private,
        )
        alone = not of_slot(self.children, ordinal)
        row = slot.row
        clear(row)
        row[Column.ORDER] = Order.SERVE if alone else Order.WAIT
        row[Column.HEARTBEAT_NS] = time.monotonic_ns()
        row[Column.STATE] = SlotState.BOOTING
        # A signal that arrives between the fork and the child's own handlers must wait for these.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        pid = os.fork()
        if pid == 0:
            worker.main()
        row[Column.PID] = pid
        child = Child(pid, ordinal, release, time.monotonic(), seat, holds=alone)
        self.children.append(child)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        return child

    def reap(self) -> Iterator[tuple[int, int, Child | None]]:
        """Every process that has ended: pid, wait status, and the worker that it was, if it was one."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            yield pid, status, next((child for child in self.children if child.pid == pid), None)

    def bury(self, child: Child) -> str:
        """Free the seat of a worker that was reaped; the note that it left."""
        row = self.row(child)
        if row[Column.STATE] == SlotState.DRAINING and child.asked is None:
            child.asked = time.monotonic()
        row[Column.STATE] = SlotState.EMPTY
        row[Column.PID] = 0
        clear(row)
        self.children.remove(child)
        self._parts.forget(Slot(child.ordinal, self._parts.pod, self._board, seat=child.seat).identity)
        return self._parts.notes.take(self._board.index(child.ordinal, child.seat))

    def row(self, child: Child) -> Row:
        """A worker's cells."""
        return self._board.row(child.ordinal, child.seat)

    def state(self, child: Child) -> SlotState:
        """What the board says of a worker."""
        return SlotState(self.row(child)[Column.STATE])

    def name(self, child: Child) -> str:
        """A worker in log lines."""
        return f"worker {self._parts.pod}.{child.ordinal} (pid {child.pid})"

    def let_go(self, child: Child) -> None:
        """The slot is this worker's: it may accept."""
        child.holds = True
        self.row(child)[Column.ORDER] = Order.SERVE

    def retire(self, child: Child) -> None:
        """Tell a worker to leave while others serve."""
        self.row(child)[Column.ORDER] = Order.RETIRE
        self.dismiss(child)

    def dismiss(self, child: Child, *, quick: bool = False) -> None:
        """Tell a worker to leave."""
        child.asked = time.monotonic()
        # INT, not QUIT: by default, in a worker that is still starting, QUIT would write a core file.
        self._send(child, signal.SIGINT if quick else signal.SIGTERM)

    def notice(self) -> Iterator[Child]:
        """Read from the board how far each worker is; yields those that are newly able to serve."""
        now = time.monotonic()
        for child in self.children:
            state = self.state(child)
            if child.booted is None and state in (SlotState.STANDBY, SlotState.READY):
                child.booted = now
                yield child
            if child.ready is None and state is SlotState.READY:
                child.ready = now
                log.debug("%s is ready after %.0f ms", self.name(child), (now - child.spawned) * 1000)
            if child.asked is None and state is SlotState.DRAINING:
                # Somebody else told it: its line is free for a successor from here on.
                child.asked = now
                self.row(child)[Column.ORDER] = Order.RETIRE

    def forgive(self) -> None:
        """The host or the supervisor was suspended: beats count from this moment."""
        self._amnesty = time.monotonic()

    def watch(self, *, quick: bool) -> None:
        """Compare every worker's deadlines; first ask for its stack, then kill it.

        A stopped process may hold a lock for which the loops of others wait. So while one is found, and for a second
        after, the silence of the others is not judged; the stopped one, which can tell nothing, is killed as soon as
        it is due.
        """
        now = time.monotonic()
        cases = [
            (child, self._facts(child), limits_of(child.release.loaded.config.server, quick=quick))
            for child in self.children
        ]
        frozen: set[int] = set()
        if any(silent(facts, limits, now) for _, facts, limits in cases):
            frozen = {child.pid for child in self.children if not child.killed and is_frozen(child.pid)}
        for child, facts, limits in cases:
            if frozen and child.pid not in frozen:
                child.excused = now + EXCUSE_SECONDS
            seen = replace(facts, excused=child.excused, frozen=child.pid in frozen)
            verdict, why = judge(seen, limits, now)
            if verdict is Verdict.DUMP:
                log.error("%s is replaced: %s; its stack follows", self.name(child), why)
                child.dumped = now
                self._send(child, STACK_SIGNAL)
            elif verdict is Verdict.KILL:
                if child.dumped is None:
                    log.error("%s is replaced: %s", self.name(child), why)
                child.killed = True
                self.row(child)[Column.STATE] = SlotState.KILLED
                self._send(child, signal.SIGKILL)

    def next_beat(self) -> float:
        """Seconds until the first worker's beat is overdue, if none beats before; infinite without workers."""
        due = float("inf")
        for child in self.children:
            if child.dumped is None and not child.killed:
                overdue = self._beat(child) + child.release.loaded.config.server.heartbeat_timeout_secs
                due = min(due, max(overdue, child.excused))
        return due - time.monotonic()

    def _beat(self, child: Child) -> float:
        return max(self.row(child)[Column.HEARTBEAT_NS] / 1e9, self._amnesty)

    def _facts(self, child: Child) -> Facts:
        return Facts(
            self.state(child), child.spawned, self._beat(child), child.asked, child.dumped, killed=child.killed
        )

    def _send(self, child: Child, number: int) -> None:
        # Only a process that was not yet reaped is signalled, so the pid cannot be another's.
        os.kill(child.pid, number)
