"""The circuit breakers of a configuration: a provider's rules, and what the outcome of a plan tells of it. Pure."""

from collections.abc import Mapping, Sequence

from simulator.config.breaker import CircuitBreaker
from simulator.engine.plan import Fault, Plan
from simulator.state.circuit import WHOLE, CircuitRules, Event


class Circuits:
    """The providers' circuit breakers by name. `any` tells whether a provider could have one at all."""

    def __init__(self, settings: CircuitBreaker) -> None:
        self._settings = settings
        self.any = settings.enabled or any(own.enabled for own in settings.providers.values())
        self._known: dict[str, tuple[CircuitRules, frozenset[str]] | None] = {}

    def rules(self, provider: str) -> CircuitRules | None:
        """When a provider's circuit opens and closes; None if it has none."""
        found = self._of(provider)
        return None if found is None else found[0]

    def watched(self, providers: Sequence[str]) -> Mapping[str, CircuitRules]:
        """The rules of those that have one."""
        return {name: rules for name in providers if (rules := self.rules(name)) is not None}

    def outcome(self, provider: str, plan: Plan) -> Event:
        """What a plan that was played tells of its provider.

        A failure that does not count tells nothing: the provider did what it should, and gave no answer either.
        """
        found = self._of(provider)
        counts: frozenset[str] = frozenset() if found is None else found[1]
        kinds = [one.kind.value for one in plan.disturbances]
        if isinstance(plan.outcome, Fault):
            kinds.append(plan.outcome.kind.value)
        if not kinds:
            return Event.SUCCEEDED
        return Event.DROPPED if counts.isdisjoint(kinds) else Event.FAILED

    def _of(self, provider: str) -> tuple[CircuitRules, frozenset[str]] | None:
        if provider not in self._known:
            own = self._settings.of(provider)
            self._known[provider] = None if own is None else (rules_of(own), frozenset(own.counts))
        return self._known[provider]


def rules_of(settings: CircuitBreaker) -> CircuitRules:
    """Settings in whole numbers: microseconds and millionths."""
    return CircuitRules(
        settings.failure_threshold,
        round(settings.failure_rate * WHOLE),
        _us(settings.window_secs),
        settings.minimum_requests,
        _us(settings.open_secs),
        settings.probes,
        _us(settings.probe_timeout_secs),
    )


def _us(seconds: float) -> int:
    return max(1, round(seconds * 1_000_000))
