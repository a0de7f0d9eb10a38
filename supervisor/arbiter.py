"""The supervisor's loop: slots, signals and deadlines. Edge; knows nothing of requests or HTTP.

gunicorn's Arbiter gives the frame and the vocabulary of signals. What it does with workers is ours:

- Slots, not pids: worker k has ordinal k whoever it is; never two live workers in one slot.
- No wait without a deadline, and no sleep at all: every turn reaps, compares deadlines and moves on.
- A death is answered at once, a series of deaths with a back-off; a bad configuration leaves the old workers.
- One owner a cell of the board: the supervisor writes STATE, PID and RESTARTS while no worker does, and
  clears what a dead worker left behind. SEQUENCE and the totals outlive the worker.

Signals: TERM drains and ends; INT and QUIT, or a second TERM, end quickly; HUP loads the configuration again
and replaces the workers one by one; TTIN and TTOU add and take a worker.
"""

import logging
import os
import signal
import time
from collections.abc import Callable, Mapping

from gunicorn.arbiter import Arbiter

from simulator.state.board import Column, SlotState
from simulator.state.slot import Slot
from supervisor.application import Release
from supervisor.backoff import Backoff
from supervisor.child import Child, clear, ended_well, how_it_ended, next_to_replace
from supervisor.deadlines import Facts, Verdict, judge, limits_of
from supervisor.forking import freeze_heap, warn_of_threads
from supervisor.ordinals import lowest_free
from supervisor.parts import FleetParts
from supervisor.signals import SignalPipe
from supervisor.worker import BOOT_FAILED, STACK_SIGNAL, FleetWorker

log = logging.getLogger("supervisor.fleet")

BOOT_POLL_SECONDS = 0.002
"""Between two looks at the board while a worker starts; a look costs microseconds."""
IDLE_SECONDS = 0.5
"""Longest wait of the loop when nothing is due; a signal or a death ends it at once."""
ASLEEP_SECONDS = 2.0
"""A turn that began so late means that the host or this process was suspended: no beat is judged for as long."""
HOPELESS_BOOTS = 2
"""Failed starts of every slot, with none that succeeded, after which the fleet gives up."""


class FleetArbiter(Arbiter):  # type: ignore[misc]  # gunicorn is untyped
    """Runs a `Fleet` until it is told to stop; `run` returns the exit code."""

    def setup(self, app: FleetParts) -> None:
        """Take over the fleet's parts; called by gunicorn's constructor."""
        self.app = app
        self.cfg = app.cfg
        self.log = log
        self.num_workers = app.workers
        self.timeout = 0
        self.signals = SignalPipe()
        self.board = app.board
        self.listeners = list(app.listeners)
        self.children: dict[int, Child] = {}
        self.backoffs = [Backoff() for _ in range(app.board.slots)]
        self.failed_boots = [0] * app.board.slots
        self.release: Release | None = None
        self.proven: Release | None = None
        self.rolling = False
        self.announced = False
        self.stopping = False
        self.quick = False
        self.exit_code = 0
        self.reason = ""
        self._last_turn = time.monotonic()
        self._amnesty = 0.0
        self._actions: Mapping[int, Callable[[], None]] = {
            signal.SIGTERM: self.handle_term,
            signal.SIGINT: self.handle_int,
            signal.SIGQUIT: self.handle_quit,
            signal.SIGHUP: self.handle_hup,
            signal.SIGTTIN: self.handle_ttin,
            signal.SIGTTOU: self.handle_ttou,
            signal.SIGUSR1: self.handle_usr1,
            signal.SIGUSR2: self.handle_usr2,
        }

    def init_signals(self) -> None:
        """Have every signal wait for the loop."""
        self.signals.catch((*self.SIGNALS, signal.SIGCHLD))

    def run(self) -> int:
        """Fork the workers and watch over them. Returns 0 after a stop, `BOOT_FAILED` if no worker can start."""
        self.release = self.app.first_release
        freeze_heap()
        warn_of_threads()
        while True:
            self.reap_workers()
            self._notice()
            self.murder_workers()
            if not self.stopping:
                self.manage_workers()
            elif not self.children:
                return self.exit_code
            for number in self.signals.wait(self._patience()):
                action = self._actions.get(number)
                if action is not None:
                    action()
            self._note_turn()

    # Signals

    def handle_term(self) -> None:
        """Drain; a second one ends quickly."""
        self.halt_fleet(quick=self.stopping)

    def handle_int(self) -> None:
        """End quickly."""
        self.halt_fleet(quick=True)

    def handle_quit(self) -> None:
        """End quickly."""
        self.halt_fleet(quick=True)

    def handle_hup(self) -> None:
        """Load the configuration again; if it can be used, replace the workers one by one."""
        if self.stopping or self.release is None:
            return
        release = self.app.reload(self.release)
        if release is None:
            return
        before = self.release.loaded.config.server.workers
        if release.loaded.config.server.workers != before:
            self._resize(self.app.wanted_workers(release.loaded))
        self.release = release
        self.rolling = True
        freeze_heap()
        log.info("replacing %d workers, one at a time, with the new configuration", self.num_workers)

    def handle_ttin(self) -> None:
        """One worker more, within the board's slots."""
        self._resize(self.num_workers + 1)

    def handle_ttou(self) -> None:
        """One worker fewer, at least one."""
        self._resize(self.num_workers - 1)

    def handle_usr1(self) -> None:
        """Nothing to reopen: log lines go to standard error."""
        log.info("USR1 is not acted on: log lines go to standard error")

    def handle_usr2(self) -> None:
        """No upgrade in place."""
        log.warning("USR2 is not acted on: start the new version beside this one, then stop this one with TERM")

    def halt_fleet(self, *, quick: bool, exit_code: int = 0, reason: str = "") -> None:
        """Stop accepting and have every worker leave; quickly if so told or told twice."""
        if not self.stopping:
            self.stopping = True
            self.exit_code = exit_code
            self.reason = reason
            for listener in self.listeners:
                listener.close()
            log.info("stopping %d workers%s", len(self.children), " quickly" if quick else "")
        elif self.quick or not quick:
            return
        self.quick = quick
        now = time.monotonic()
        for child in self.children.values():
            # INT, not QUIT: by default, in a worker that is still starting, QUIT would write a core file.
            self._send(child, signal.SIGINT if quick else signal.SIGTERM)
            child.asked = now

    # Turns

    def manage_workers(self) -> None:
        """Fill free slots whose back-off is over, retire the slots above the wanted number, roll."""
        now = time.monotonic()
        taken = set(self.children) | {k for k in range(self.num_workers) if self.backoffs[k].wait(now) > 0}
        while (ordinal := lowest_free(taken, self.num_workers)) is not None:
            self.spawn_slot(ordinal)
            taken.add(ordinal)
        for child in self.children.values():
            if child.ordinal >= self.num_workers and child.asked is None:
                self._ask(child)
        if self.rolling and self.release is not None:
            self._roll(self.release)

    def spawn_slot(self, ordinal: int) -> None:
        """Fork the worker of one free slot."""
        release = self.release
        if release is None:
            raise RuntimeError("no application is prepared")
        slot = Slot(ordinal, self.app.pod, self.board)
        worker = FleetWorker(
            slot=slot,
            release=release,
            application=self.app.application,
            listeners=self.listeners,
            parent=self.app.parent,
            notes=self.app.notes,
        )
        row = slot.row
        clear(row)
        row[Column.HEARTBEAT_NS] = time.monotonic_ns()
        row[Column.STATE] = SlotState.BOOTING
        # A signal that arrives between the fork and the child's own handlers must wait for these.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        pid = os.fork()
        if pid == 0:
            worker.main()
        row[Column.PID] = pid
        self.children[ordinal] = Child(pid, ordinal, release, time.monotonic())
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def reap_workers(self) -> None:
        """Take in every ended child; as PID 1 also strangers, which are nobody's concern here."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            child = next((child for child in self.children.values() if child.pid == pid), None)
            if child is None:
                log.debug("reaped process %d, which is not a worker", pid)
            else:
                self._bury(child, status)

    def murder_workers(self) -> None:
        """Compare every worker's deadlines; first ask for its stack, then kill it."""
        now = time.monotonic()
        for child in self.children.values():
            row = self.board.row(child.ordinal)
            beat = max(row[Column.HEARTBEAT_NS] / 1e9, self._amnesty)
            facts = Facts(
                SlotState(row[Column.STATE]), child.spawned, beat, child.asked, child.dumped, killed=child.killed
            )
            limits = limits_of(child.release.loaded.config.server, quick=self.quick)
            verdict, why = judge(facts, limits, now)
            if verdict is Verdict.DUMP:
                log.error("%s is replaced: %s; its stack follows", self._name(child), why)
                child.dumped = now
                self._send(child, STACK_SIGNAL)
            elif verdict is Verdict.KILL:
                child.killed = True
                row[Column.STATE] = SlotState.KILLED
                self._send(child, signal.SIGKILL)

    def _notice(self) -> None:
        """Read from the board which workers have become ready or have begun to leave by themselves."""
        now = time.monotonic()
        for child in self.children.values():
            state = self.board.row(child.ordinal)[Column.STATE]
            if child.ready is None and state == SlotState.READY:
                child.ready = now
                self.proven = child.release
                self.failed_boots[child.ordinal] = 0
                log.debug("%s is ready after %.0f ms", self._name(child), (now - child.spawned) * 1000)
            if child.asked is None and state == SlotState.DRAINING:
                child.asked = now
        if not self.announced and not self.stopping and self._all_ready():
            self.announced = True
            self.app.announce(self.num_workers)

    def _bury(self, child: Child, status: int) -> None:
        """A worker has ended: free its slot and decide when it starts again."""
        now = time.monotonic()
        row = self.board.row(child.ordinal)
        left_by_itself = row[Column.STATE] == SlotState.DRAINING
        row[Column.STATE] = SlotState.EMPTY
        row[Column.PID] = 0
        clear(row)
        del self.children[child.ordinal]
        self.app.forget(child.ordinal)
        note = self.app.notes.take(child.ordinal)
        if left_by_itself and child.asked is None:
            child.asked = now
        if ended_well(child, status):
            self.backoffs[child.ordinal].forgive()
            log.debug("%s has left", self._name(child))
            return
        if self.stopping:
            log.warning("%s %s", self._name(child), how_it_ended(status))
            return
        row[Column.RESTARTS] += 1
        delay = self.backoffs[child.ordinal].died(now, now - child.ready if child.ready is not None else 0.0)
        when = "at once" if delay == 0 else f"in {delay:g} s"
        why = f" ({note})" if note else ""
        log.error("%s %s%s; its slot starts again %s", self._name(child), how_it_ended(status), why, when)
        if child.ready is None:
            self._boot_failed(child, note or f"a worker {how_it_ended(status)} while it started")

    def _boot_failed(self, child: Child, reason: str) -> None:
        self.failed_boots[child.ordinal] += 1
        if self.proven is None:
            if all(count >= HOPELESS_BOOTS for count in self.failed_boots[: self.num_workers]):
                self.halt_fleet(quick=True, exit_code=BOOT_FAILED, reason=reason)
        elif child.release is self.release and self.release is not self.proven:
            log.error("no worker starts with the new configuration; the one before stays: %s", reason)
            self.release = self.proven
            self.backoffs[child.ordinal].forgive()

    def _roll(self, release: Release) -> None:
        child = next_to_replace(self.children, self.num_workers, release)
        if child is not None:
            self._ask(child)
        elif self._all_ready():
            self.rolling = False
            log.info("all %d workers are ready with the configuration that is in force", self.num_workers)

    def _resize(self, wanted: int) -> None:
        allowed = min(max(1, wanted), self.board.slots)
        if allowed != wanted:
            log.warning("the number of workers stays between 1 and %d; wanted was %d", self.board.slots, wanted)
        if allowed != self.num_workers and not self.stopping:
            log.info("%d workers instead of %d", allowed, self.num_workers)
            self.num_workers = allowed

    # Small parts

    def _all_ready(self) -> bool:
        rows = [self.children.get(ordinal) for ordinal in range(self.num_workers)]
        return all(child is not None and child.ready is not None for child in rows)

    def _ask(self, child: Child) -> None:
        child.asked = time.monotonic()
        self._send(child, signal.SIGTERM)

    def _send(self, child: Child, number: int) -> None:
        # Only a process that was not yet reaped is signalled, so the pid cannot be another's.
        os.kill(child.pid, number)

    def _patience(self) -> float:
        """How long the loop may wait for a signal: until something may be due."""
        if any(child.ready is None for child in self.children.values()):
            return BOOT_POLL_SECONDS
        now = time.monotonic()
        waits = [self.backoffs[ordinal].wait(now) for ordinal in range(self.num_workers)]
        pressed = any(child.dumped is not None for child in self.children.values())
        return min([wait for wait in waits if wait > 0] + [0.05 if pressed or self.quick else IDLE_SECONDS])

    def _note_turn(self) -> None:
        now = time.monotonic()
        if now - self._last_turn > ASLEEP_SECONDS:
            self._amnesty = now
        self._last_turn = now

    def _name(self, child: Child) -> str:
        return f"worker {self.app.pod}.{child.ordinal} (pid {child.pid})"
