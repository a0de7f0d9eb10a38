"""The supervisor's loop: slots, signals and deadlines. Edge; knows nothing of requests or HTTP.

gunicorn's Arbiter gives the frame and the vocabulary of signals. What it does with workers is ours:

- Slots, not pids: worker k has ordinal k whoever it is. A slot has two seats, so that a worker and the one that
  replaces it live side by side; never more than one of them takes the slot's sequence (`supervisor.succession`).
- No wait without a deadline, and no sleep at all: every turn reaps, compares deadlines and moves on.
- A death is answered at once, a series of deaths with a back-off; a bad configuration leaves the old workers.

Signals: TERM drains and ends; INT and QUIT, or a second TERM, end quickly; HUP loads the configuration again
and replaces the workers one by one; TTIN and TTOU add and take a worker; USR2 starts another fleet of the same
command line, which takes over the sockets.
"""

import logging
import os
import signal
import time
from collections.abc import Callable, Mapping

from gunicorn.arbiter import Arbiter

from simulator.state.board import Column, Shared, Stopping
from supervisor.application import Release
from supervisor.backoff import Backoff
from supervisor.child import Child, ended_well, how_it_ended
from supervisor.crew import Crew
from supervisor.forking import freeze_heap, warn_of_threads
from supervisor.parts import FleetParts, NotReloaded
from supervisor.reloads import Reloads
from supervisor.signals import SignalPipe
from supervisor.succession import free_seat, has_let_go, in_need, next_to_replace, of_slot, outdated, served, staying
from supervisor.upgrade import Upgrade
from supervisor.worker import BOOT_FAILED

log = logging.getLogger("supervisor.fleet")

BOOT_POLL_SECONDS = 0.002
"""Between two looks at the board while a worker starts or takes over; a look costs microseconds."""
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
        self.board.shared[Shared.WANTED] = app.workers
        self.listeners = list(app.listeners)
        self.crew = Crew(app)
        self.backoffs = [Backoff() for _ in range(app.board.slots)]
        self.failed_boots = [0] * app.board.slots
        self.release: Release | None = None
        self.proven: Release | None = None
        self.upgrade: Upgrade | None = None
        self.reloads = Reloads(app.board)
        self.announced = False
        self.stopping = False
        self.quick = False
        self.exit_code = 0
        self.reason = ""
        self._last_turn = time.monotonic()
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
        """Fork the workers of `release` and watch over them.

        Returns 0 after a stop, `BOOT_FAILED` if no worker can start.
        """
        freeze_heap()
        warn_of_threads()
        while True:
            self.reap_workers()
            self._notice()
            self.murder_workers()
            if not self.stopping:
                self.manage_workers()
            elif not self.crew.children:
                return self.exit_code
            for number in self.signals.wait(self._patience()):
                action = self._actions.get(number)
                if action is not None:
                    action()
            self._note_turn()

    # Signals

    def handle_term(self) -> None:
        """Drain; a second one ends quickly. From a fleet that has taken over it means that others serve."""
        if self.stopping:
            self.halt_fleet(quick=True)
        elif self.upgrade is not None and self.upgrade.serves:
            log.info("the new fleet (pid %d) serves; this one leaves", self.upgrade.pid)
            self.app.handed_over()
            self.halt_fleet(why=Stopping.HANDED_OVER)
        else:
            self.halt_fleet()

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
        try:
            release = self.app.reload(self.release)
        except NotReloaded as error:
            self.reloads.refused(str(error))
            return
        before = self.release.loaded.config.server.workers
        if release.loaded.config.server.workers != before:
            self._resize(self.app.wanted_workers(release.loaded))
        self.release = release
        self.reloads.begun(self.num_workers)

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
        """Start a fleet of the same command line, which takes over the sockets when it serves."""
        if self.stopping:
            return
        if os.getpid() == 1:
            log.error("USR2 is refused: the process that a container runs cannot be replaced; roll out a new container")
            return
        if self.upgrade is not None:
            log.warning("USR2 is not acted on: the fleet that is to take over (pid %d) still starts", self.upgrade.pid)
            return
        try:
            self.upgrade = self.app.upgrade()
        except OSError as error:
            log.error("the new fleet cannot be started and this one stays: %s", error)  # noqa: TRY400 - one line for the operator
        else:
            log.info("a new fleet starts (pid %d), which takes over when all its workers answer", self.upgrade.pid)

    def halt_fleet(
        self, *, quick: bool = False, why: Stopping = Stopping.STOP, exit_code: int = 0, reason: str = ""
    ) -> None:
        """Have every worker leave; quickly if so told or told twice."""
        if not self.stopping:
            self.stopping = True
            self.exit_code = exit_code
            self.reason = reason
            # Before any worker is told: whoever asks one of them whether the fleet is ready learns it at once.
            self.board.shared[Shared.STOPPING] = why
            for listener in self.listeners:
                listener.close()
            log.info("stopping %d workers%s", len(self.crew.children), " quickly" if quick else "")
            if self.upgrade is not None and not self.upgrade.serves:
                os.kill(self.upgrade.pid, signal.SIGTERM)  # what was to replace this fleet is not wanted either
        elif self.quick or not quick:
            return
        self.quick = quick
        for child in self.crew.children:
            if why is Stopping.HANDED_OVER:
                self.crew.retire(child)
            else:
                self.crew.dismiss(child, quick=quick)

    # Turns

    def manage_workers(self) -> None:
        """Fill free slots whose back-off is over, retire the slots above the wanted number, replace, hand over."""
        now = time.monotonic()
        children = self.crew.children
        for ordinal in range(self.num_workers):
            if not staying(children, ordinal):
                self.spawn_slot(ordinal, now)
        for child in children:
            if child.ordinal >= self.num_workers and child.asked is None:
                self.crew.retire(child)
        self._hand_over(now)
        if self.release is not None:
            self._replace(self.release, now)

    def spawn_slot(self, ordinal: int, now: float) -> bool:
        """Fork a worker of a slot, if it has a free seat and its back-off is over; whether it was forked."""
        release = self.release
        if release is None:
            raise RuntimeError("no application is prepared")
        seat = free_seat(self.crew.children, ordinal)
        if seat is None or self.backoffs[ordinal].wait(now) > 0:
            return False
        pipe = () if self.upgrade is None else (self.upgrade.pipe,)
        self.crew.spawn(ordinal, seat, release, self.listeners, (*self.app.private, *self.signals.descriptors, *pipe))
        return True

    def reap_workers(self) -> None:
        """Take in every ended child; as PID 1 also strangers, which are nobody's concern here."""
        for pid, status, child in self.crew.reap():
            if child is not None:
                self._bury(child, status)
            elif self.upgrade is not None and pid == self.upgrade.pid:
                if not (self.stopping or self.upgrade.serves):
                    log.error("the new fleet %s and this one stays", how_it_ended(status))
                self.upgrade.close()
                self.upgrade = None
            else:
                log.debug("reaped process %d, which is not a worker", pid)

    def murder_workers(self) -> None:
        """Compare every worker's deadlines; first ask for its stack, then kill it."""
        self.crew.watch(quick=self.quick)

    def _notice(self) -> None:
        """Read from the board which workers can serve or have begun to leave by themselves."""
        for child in self.crew.notice():
            self.proven = child.release
            self.failed_boots[child.ordinal] = 0
        if not self.announced and not self.stopping and served(self.crew.children, self.num_workers):
            self.announced = True
            if self.release is not None:
                self.app.announce(self.num_workers, self.release)

    def _hand_over(self, now: float) -> None:
        """Have predecessors retire whose successor has started, and let go the successor whose predecessors did."""
        crew = self.crew
        for child in crew.children:
            if child.holds or child.booted is None or child.asked is not None:
                continue
            elders = [elder for elder in of_slot(crew.children, child.ordinal) if elder is not child]
            for elder in elders:
                if elder.asked is None:
                    crew.retire(elder)
            if all(has_let_go(elder, crew.state(elder), now) for elder in elders):
                crew.let_go(child)

    def _replace(self, release: Release, now: float) -> None:
        """Start the successor of the worker whose turn it is; tell when a roll is over."""
        crew = self.crew
        for child in outdated(crew.children, release):
            crew.retire(child)
        needy = in_need(crew.children, self.num_workers, release, lambda child: bool(crew.row(child)[Column.SPENT]))
        turn = next_to_replace(crew.children, self.num_workers, needy)
        if turn is not None:
            if self.spawn_slot(turn.ordinal, now) and turn.release is release:
                log.info("%s is replaced: it has answered as many requests as it should", crew.name(turn))
            return
        served_alike = all(child.release is release for child in crew.children if child.asked is None)
        if self.reloads.rolling and served_alike and served(crew.children, self.num_workers):
            self.reloads.done(self.num_workers)
        if all(child.release is release for child in crew.children):
            self.reloads.settled()

    def _bury(self, child: Child, status: int) -> None:
        """A worker has ended: free its seat and decide when its slot starts again."""
        now = time.monotonic()
        note = self.crew.bury(child)
        name = self.crew.name(child)
        if ended_well(child, status):
            self.backoffs[child.ordinal].forgive()
            log.debug("%s has left", name)
            return
        if self.stopping:
            log.warning("%s %s", name, how_it_ended(status))
            return
        why = f" ({note})" if note else ""
        if child.asked is not None:
            # Its slot is another's already, or nobody's: there is nothing to start again.
            log.error("%s %s%s while it left", name, how_it_ended(status), why)
            return
        delay = self.backoffs[child.ordinal].died(now, now - child.ready if child.ready is not None else 0.0)
        when = "at once" if delay == 0 else f"in {delay:g} s"
        if not child.holds:
            log.error("%s %s%s; the one before it stays, the next try comes %s", name, how_it_ended(status), why, when)
        else:
            self.board.row(child.ordinal)[Column.RESTARTS] += 1
            log.error("%s %s%s; its slot starts again %s", name, how_it_ended(status), why, when)
        if child.ready is None:
            self._boot_failed(child, note or f"a worker {how_it_ended(status)} while it started")

    def _boot_failed(self, child: Child, reason: str) -> None:
        self.failed_boots[child.ordinal] += 1
        if self.proven is None:
            if all(count >= HOPELESS_BOOTS for count in self.failed_boots[: self.num_workers]):
                self.halt_fleet(quick=True, exit_code=BOOT_FAILED, reason=reason)
        elif child.release is self.release and self.release is not self.proven:
            self.release = self.proven
            self.backoffs[child.ordinal].forgive()
            self.reloads.taken_back(reason)

    def _resize(self, wanted: int) -> None:
        allowed = min(max(1, wanted), self.board.slots)
        if allowed != wanted:
            log.warning("the number of workers stays between 1 and %d; wanted was %d", self.board.slots, wanted)
        if allowed != self.num_workers and not self.stopping:
            log.info("%d workers instead of %d", allowed, self.num_workers)
            self.num_workers = allowed
            self.board.shared[Shared.WANTED] = allowed

    def _patience(self) -> float:
        """How long the loop may wait for a signal: until something may be due."""
        if any(child.ready is None for child in self.crew.children):
            return BOOT_POLL_SECONDS
        now = time.monotonic()
        waits = [self.backoffs[ordinal].wait(now) for ordinal in range(self.num_workers)]
        pressed = self.quick or any(child.dumped is not None for child in self.crew.children)
        due = [wait for wait in waits if wait > 0]
        return min([*due, max(0.0, self.crew.next_beat()), 0.05 if pressed else IDLE_SECONDS])

    def _note_turn(self) -> None:
        now = time.monotonic()
        if now - self._last_turn > ASLEEP_SECONDS:
            self.crew.forgive()
        self._last_turn = now
