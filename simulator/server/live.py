"""What requests are answered with at one moment: a configuration and all that is made from it.

Values only; built when a worker starts and whenever the control document, or the time, changes what holds. A
request takes the present one on arrival and keeps it to its end, so that no change meets it half way.
"""

from collections.abc import Mapping, Sequence

from simulator.config.load import Loaded
from simulator.config.schema import Sessions
from simulator.contract.answers import Contract
from simulator.engine.engine import Engine
from simulator.limits.limiter import Limiter
from simulator.providers.base import ModelEntry, Provider
from simulator.rules.book import Book
from simulator.server.address import Addresses
from simulator.server.circuits import Circuits
from simulator.server.failing.book import FailureBook
from simulator.state.slot import Slot
from simulator.state.store import ObjectLimits, SessionLimits

FOREVER = float("inf")


class Prepared:
    """What is made before the fork and shared by all workers: nothing here changes or holds a descriptor."""

    def __init__(self, loaded: Loaded, engine: Engine, providers: Sequence[Provider]) -> None:
        self.loaded = loaded
        self.config = loaded.config
        self.engine = engine
        self.providers = tuple(providers)
        self.entries = entries(engine)
        for provider in self.providers:
            owner = getattr(provider, "models_of", provider.name)
            if owner != provider.name:
                self.entries[provider.name] = self.entries.get(owner, [])


class Live:
    """One configuration at work. `revision` is that of the control document it was made from.

    `until` is the wall clock (Unix seconds) at which it ends by itself: a scenario's next phase; `FOREVER` if none.
    `scenarios` are the names of the scenarios that are at work in it, with the phase of each.
    """

    __slots__ = (
        "addresses", "began", "body_limit", "book", "breaker", "config", "contract", "engine", "entries", "eventful",
        "failures", "known", "lag_threshold", "limiter", "loaded", "object_limits", "open", "patience", "prompt_cache",
        "recording", "request_faults", "revision", "scenarios", "session_limits", "since",
        "troubled", "until",
    )  # fmt: skip

    def __init__(
        self,
        prepared: Prepared,
        slot: Slot,
        *,
        revision: int = 0,
        until: float = FOREVER,
        scenarios: Mapping[str, str] | None = None,
    ) -> None:
        config = prepared.config
        server, simulation = config.server, config.simulation
        self.revision = revision
        self.until = until
        self.scenarios = dict(scenarios or {})
        self.began = prepared.loaded.read_ns / 1e9
        """Since when the configuration holds (Unix seconds)."""
        self.since: Mapping[str, float] = {}
        """Since when failures hold that a scenario has switched on, by name."""
        self.loaded = prepared.loaded
        self.config = config
        self.engine = prepared.engine
        self.entries = prepared.entries
        self.known = {name: [entry.id for entry in found] for name, found in self.entries.items()}
        self.addresses = Addresses(slot, self.engine.seeds.seed, keyed=simulation.conditions == "request")
        self.limiter = Limiter(config.limits) if config.limits.enabled else None
        if self.limiter is not None and not self.limiter.active:
            self.limiter = None
        self.session_limits = bounds_of(simulation.sessions) if simulation.sessions.enabled else None
        objects = config.state.objects
        self.object_limits = ObjectLimits(objects.max_objects, objects.max_mb * 1_000_000)
        speaks = any(model.response.kind != "corpus" for model in self.engine.models.values())
        self.book = Book(config.rules) if config.rules or speaks else None
        """The rules of answers; None where every request gets the usual one."""
        self.failures = FailureBook(config.faults) if config.faults else None
        self.request_faults = simulation.request_faults
        """Whether a request may ask for a failure."""
        failing = self.failures is not None and self.failures.active
        self.eventful = self.book is not None or failing or self.engine.varies
        """Whether a request may meet a rule or a failure, or a pace that depends on the moment."""
        self.troubled = failing or self.engine.plain.active
        """Whether a request may fail that is answered without a plan."""
        circuits = Circuits(config.circuit_breaker)
        self.breaker = circuits if circuits.any else None
        """The providers' circuit breakers; None where there is none."""
        self.contract = Contract(self.engine.seeds.seed) if config.compat.contract else None
        """What answers in the place of refusals; None where the real services refuse."""
        self.open = config.models.allow_unknown or self.contract is not None
        """Whether any name of a model is taken."""
        self.prompt_cache = simulation.prompt_cache
        self.recording = simulation.recording if simulation.recording.enabled else None
        """How requests are recorded; None where they are not."""
        self.body_limit = server.max_body_bytes
        self.patience = (server.request_timeout_secs or FOREVER, server.write_timeout_secs)
        """Seconds that a whole response, and one unread write of it, may take."""
        self.lag_threshold = config.telemetry.lag_threshold_ms / 1000


def bounds_of(sessions: Sessions) -> SessionLimits:
    """How much the store remembers of conversations, whether or not they are switched on."""
    return SessionLimits(sessions.max_sessions, sessions.session_ttl_secs * 1_000_000, sessions.max_context_tokens)


def entries(engine: Engine) -> dict[str, list[ModelEntry]]:
    """Every model that an engine answers for, and every other name of one, by provider."""
    found: dict[str, list[ModelEntry]] = {}
    named = {**dict.fromkeys(engine.effective, ""), **engine.aliases}
    for name, target in named.items():
        card = engine.effective[target or name].card
        found.setdefault(card.provider, []).append(
            ModelEntry(
                name,
                card.provider,
                card.display_name or name,
                card.created,
                card.context_window,
                card.max_output_tokens,
                card.kind,
                target,
            )
        )
    return found
