"""Circuit breakers of providers, as configuration. Pure data; `simulator.state.circuit` acts on it."""

from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Annotated, Any, Literal

from msgspec import Meta

from simulator.config.convert import Check, Contradiction
from simulator.config.faults import did_you_mean, excerpt
from simulator.config.section import Probability, Section
from simulator.config.tree import dotted

Counted = Literal[
    "bad_request", "authentication", "permission", "not_found", "too_large", "context_length", "rate_limit",
    "insufficient_quota", "server_error", "bad_gateway", "overloaded", "unavailable", "gateway_timeout", "timeout",
    "reset", "cut", "stall", "trickle", "malformed", "truncated_json", "missing_terminator", "wrong_length",
    "error_event",
]  # fmt: skip
"""Every kind of failure; a filter of content is an answer."""
Threshold = Annotated[int, Meta(ge=0, le=1_000_000)]
Some = Annotated[int, Meta(ge=1, le=1_000_000)]
Span = Annotated[float, Meta(ge=0.001, le=86_400)]


class ProviderCircuit(Section, frozen=True):
    """One provider's own settings; null takes the one of `circuit_breaker`."""

    enabled: bool | None = None
    """Whether this provider has a circuit breaker."""
    failure_threshold: Threshold | None = None
    """As above."""
    failure_rate: Probability | None = None
    """As above."""
    window_secs: Span | None = None
    """As above."""
    minimum_requests: Some | None = None
    """As above."""
    open_secs: Span | None = None
    """As above."""
    probes: Some | None = None
    """As above."""
    probe_timeout_secs: Span | None = None
    """As above."""
    counts: tuple[Counted, ...] | None = None
    """As above."""


class CircuitBreaker(Section, frozen=True):
    """A provider that protects itself: when too many of its requests fail, it refuses all of them for a while."""

    enabled: bool = False
    """True gives every provider a [circuit breaker](circuit-breaker.md) of its own, shared by the fleet."""
    failure_threshold: Threshold = 5
    """So many failures with no answer between them open it; 0 counts none in a row."""
    failure_rate: Probability = 0.0
    """Such a share of failures among the requests of the last `window_secs` opens it; 0 looks at no share."""
    window_secs: Span = 60
    """How far back the share looks, in tenths of it."""
    minimum_requests: Some = 20
    """How many requests there must be in that time before their share counts."""
    open_secs: Span = 30
    """How long it refuses everything; what is left of it stands in the Retry-After of each refusal."""
    probes: Some = 3
    """How many requests go through after that: if all are answered it closes, if one fails it opens again."""
    probe_timeout_secs: Span = 60
    """A probe that has not ended after so long gives its place to another."""
    counts: tuple[Counted, ...] = (
        "server_error", "bad_gateway", "overloaded", "unavailable", "gateway_timeout", "timeout", "reset", "cut",
        "stall", "trickle", "malformed", "truncated_json", "missing_terminator", "wrong_length", "error_event",
    )  # fmt: skip
    """Which kinds of failures count; the others count neither as a failure nor as an answer."""
    providers: dict[str, ProviderCircuit] = {}
    """Settings of single providers by name."""

    def of(self, provider: str) -> "CircuitBreaker | None":
        """The settings of a provider, its own laid over the common ones; None if it has no circuit breaker."""
        own = self.providers.get(provider)
        if own is None:
            return self if self.enabled else None
        values = {name: getattr(self, name) for name in self.__struct_fields__ if name != "providers"}
        values |= {name: value for name in own.__struct_fields__ if (value := getattr(own, name)) is not None}
        merged = CircuitBreaker(**values)
        return merged if merged.enabled else None


def breaker(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """A circuit breaker that nothing could open, and settings of a provider that there is not."""
    fields = CircuitBreaker.__struct_fields__
    if values.keys() < set(fields):
        return
    settings = CircuitBreaker(**{name: values[name] for name in fields})
    there = (
        sorted({point.name for point in entry_points(group="llm_simulator.providers")}) if settings.providers else []
    )
    for name in ("", *settings.providers):
        own = settings.of(name)
        prefix = ("providers", name) if name else ()
        if name and there and name not in there:
            allowed, hint = f"a provider: {', '.join(there)}", did_you_mean(name, there)
            yield Contradiction(dotted(prefix), allowed, found=f"no provider {excerpt(name)}", hint=hint)
        elif own is not None and not own.failure_threshold and not own.failure_rate:
            yield Contradiction(
                dotted((*prefix, "failure_threshold")),
                "at least 1, or a failure_rate above 0",
                found="nothing opens it",
            )


CHECKS: Mapping[type, Check] = {CircuitBreaker: breaker}
