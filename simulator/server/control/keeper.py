"""Keeps what is live in step with the control document, the configuration's sources and the time.

Edge of the shared state, which it only reads. A worker is never without something to answer with: what cannot be built
is told once, and what held before goes on.
"""

import copy
import logging
from collections.abc import Callable, Mapping

from simulator.config.load import Loaded
from simulator.config.runtime import overlay
from simulator.engine.engine import Engine
from simulator.server.control.agenda import Agenda, Moment
from simulator.server.control.document import EMPTY, Document, decode
from simulator.server.control.sources import SharedBase
from simulator.server.live import Live, Prepared
from simulator.state.slot import Slot
from simulator.state.store import Control
from simulator.telemetry import logs

log = logging.getLogger("simulator.control")

MOST_BUILT = 8
"""How many states are kept ready, half a megabyte each: the phases of some scenarios, and none of them."""


class Keeper:
    """One worker's view of all that decides what is live."""

    def __init__(self, prepared: Prepared, slot: Slot, read: Callable[[], Control | None]) -> None:
        """`read` gives the control document as this host knows it, None as long as there is no store."""
        self._prepared = prepared
        self._slot = slot
        self._read = read
        self.shared = SharedBase(slot.state, slot.fleet)
        self.base: Loaded = prepared.loaded
        """The configuration's sources as they were read last, before anything is laid over them."""
        self.agenda = Agenda(EMPTY, self.base.activations)
        self._revision = 0
        self._built: dict[tuple[int, tuple[bytes, ...]], Live] = {}
        self._logging = prepared.config.telemetry.logging
        self._troubles: dict[str, str] = {}

    @property
    def document(self) -> Document:
        """The control document that was seen last."""
        return self.agenda.document

    @property
    def problem(self) -> str | None:
        """Why the configuration in force is not the one that was asked for, in one line; None if it is."""
        return next(iter(self._troubles.values()), self.shared.problem) or None

    def live(self, present: Live, revision: int, now: float) -> Live:
        """What holds at `now` (Unix seconds), given that the document is at `revision` or later. Raises nothing.

        The result carries the revision that was read: where that is an older one, because whoever changed the
        document is not done yet, the caller's next comparison leads here again.
        """
        # In this order: whoever offers a base changes the revision afterwards.
        self._refresh(revision)
        self._take_base()
        moment = self.agenda.at(now)
        try:
            live = self.build(self.base, moment)
        except Exception as error:  # noqa: BLE001 - the outermost loop: the present state must go on being served
            reason = line_of(error)
            self._note("build", f"revision {self._revision} of the control document cannot be applied: {reason}")
            return _moved(present, self._revision, moment.until, present.scenarios, present.since)
        self._note("build", "")
        if live.config.telemetry.logging != self._logging:
            self._logging = live.config.telemetry.logging
            logs.configure(self._logging, shard=self._slot.shard)
        return _moved(live, self._revision, moment.until, moment.scenarios, moment.since)

    def build(self, base: Loaded, moment: Moment) -> Live:
        """A base with the layers of a moment, ready to answer with; kept for the next time.

        Raises `ConfigError` or ValueError where the layers do not fit the base.
        """
        key = (base.read_ns, moment.key)
        live = self._built.pop(key, None)
        if live is None:
            loaded = overlay(base, moment.layers) if moment.layers else base
            if loaded is self._prepared.loaded:
                prepared = self._prepared
            else:
                engine = Engine(loaded.config, loaded.catalogue, like=self._prepared.engine)
                prepared = Prepared(loaded, engine, self._prepared.providers)
            live = Live(prepared, self._slot)
            while len(self._built) >= MOST_BUILT:
                del self._built[next(iter(self._built))]
        self._built[key] = live
        return live

    def rehearse(self, base: Loaded, document: Document, now: float) -> None:
        """Try a document on a base before anything is changed: each phase, and what would hold at `now`.

        Raises `ConfigError` or ValueError with what is wrong.
        """
        agenda = Agenda(document, base.activations)
        for layers in agenda.rehearsals():
            if layers:
                overlay(base, layers)
        self.build(base, agenda.at(now))

    def adopt(self, base: Loaded) -> None:
        """Take up a base that was read in this worker."""
        if base.read_ns > self.base.read_ns:
            self.base = base
            self.agenda = Agenda(self.document, base.activations)
            self._built = {key: live for key, live in self._built.items() if key[0] == base.read_ns}

    def _refresh(self, revision: int) -> None:
        if revision == self._revision:
            return
        try:
            control = self._read()
            if control is not None and control.revision != self._revision:
                self._revision = control.revision
                self.agenda = Agenda(decode(control.body), self.base.activations)
        except Exception as error:  # noqa: BLE001 - as above
            self._note("document", line_of(error))
        else:
            self._note("document", "")

    def _take_base(self) -> None:
        if not self.shared.changed():
            return
        try:
            self.adopt(self.shared.take(self.base))
        except Exception as error:  # noqa: BLE001 - as above
            self._note("base", f"the configuration that another worker has read cannot be taken up: {line_of(error)}")
        else:
            self._note("base", "")

    def _note(self, what: str, trouble: str) -> None:
        if not trouble:
            self._troubles.pop(what, None)
        elif self._troubles.get(what) != trouble:
            self._troubles[what] = trouble
            log.error("%s; what held before goes on", trouble)


def _moved(live: Live, revision: int, until: float, scenarios: Mapping[str, str], since: Mapping[str, float]) -> Live:
    """The same state at another revision, until another time."""
    moved = copy.copy(live)
    moved.revision = revision
    moved.until = until
    moved.scenarios = dict(scenarios)
    moved.since = since
    return moved


def line_of(error: Exception) -> str:
    """An error in one line; its name where it says nothing."""
    return " | ".join(str(error).splitlines()) or type(error).__name__
