"""Failures, as configuration: what fails, for whom, when and how. Pure data; `simulator.engine.faults` acts on it."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from simulator.config.rules import Match
from simulator.config.section import Count, Positive, Probability, Seconds, Section

Problem = Literal[
    "bad_request", "authentication", "permission", "not_found", "too_large", "context_length", "rate_limit",
    "insufficient_quota", "server_error", "bad_gateway", "overloaded", "unavailable", "gateway_timeout",
]  # fmt: skip
"""Answers that are an error, each in the provider's own status and words."""
Kind = Literal[
    "bad_request", "authentication", "permission", "not_found", "too_large", "context_length", "rate_limit",
    "insufficient_quota", "server_error", "bad_gateway", "overloaded", "unavailable", "gateway_timeout",
    "content_filter", "timeout", "reset", "cut", "stall", "trickle", "malformed", "truncated_json",
    "missing_terminator", "wrong_length", "error_event",
]  # fmt: skip
Chance = Annotated[float, Meta(ge=0.0001, le=1)]
Wait = Annotated[float, Meta(ge=0, le=3_600_000)]


class Burst(Section, frozen=True):
    """Failures in bursts: a chain of two states (Gilbert and Elliott) that makes one step with each request of a shard.

    Bursts last `1 / end` requests on average, the time between them `1 / begin`. Conditions that are keyed know no
    order: there each request is within a burst by itself, with the chain's share `begin / (begin + end)`.
    """

    begin: Chance = 0.01
    """The chance that a burst begins with a request."""
    end: Chance = 0.2
    """The chance that it is over with a request."""
    inside: Probability = 1.0
    """By how much the probability is multiplied within a burst."""
    outside: Probability = 0.0
    """By how much it is multiplied between bursts."""


class Ramp(Section, frozen=True):
    """A probability that changes with the time since the failure was switched on."""

    begin: Probability = 0.0
    """By how much the probability is multiplied at first."""
    end: Probability = 1.0
    """By how much it is multiplied from `over_secs` on; in between it goes evenly from one to the other."""
    over_secs: Annotated[float, Meta(gt=0)] = 60
    """How long the change takes."""


class Window(Section, frozen=True):
    """A part of the time since the failure was switched on."""

    after_secs: Seconds = 0
    """When it begins."""
    for_secs: Annotated[float, Meta(gt=0)] | None = None
    """How long it lasts; null lasts for ever."""
    every_secs: Annotated[float, Meta(gt=0)] | None = None
    """After how long it comes again, counted from its beginning; null never."""


class Failure(Section, frozen=True):
    """One failure by its name. It strikes where `when` fits the request and every one of its conditions holds.

    Of answers that are an error the one with the lowest `priority` number is seen; what happens to the bytes on their
    way (from `reset` to `error_event`) happens together, in the order of their priorities.
    """

    kind: Kind = "server_error"
    """What happens: see [what fails](faults.md)."""
    enabled: bool = True
    """False never strikes."""
    priority: int = 50
    """Which of several goes first: the lowest number; of equal ones the name decides."""
    when: Match = Match()
    """Which requests."""
    probability: Probability = 1.0
    """Share of these requests; 0 strikes only where a request asks for it by name."""
    every: Positive = 1
    """Only each n-th request of a shard, by its sequence; with keyed conditions each request by a chance of 1 in n."""
    first: Positive | None = None
    """Only the first n, counted over the fleet; with keyed conditions the first n tries of each request."""
    count_by: Literal["fleet", "key", "model", "session"] = "fleet"
    """Whether the first are counted together, or those of each key, model or session apart."""
    forget_secs: Count = 86_400
    """How long after the first request the counting begins anew; 0 means a day."""
    burst: Burst | None = None
    ramp: Ramp | None = None
    window: Window | None = None
    strategy: str = ""
    """The name of a plugin that decides besides (entry points of the group `llm_simulator.faults`)."""
    options: dict[str, Any] = {}
    """What the plugin is given."""
    retry_after_secs: Seconds | None = None
    """What the Retry-After header of the error says; null sends none."""
    after_ms: Wait | None = None
    """How long it is held back: an error before it is answered, a `timeout` before its connection is closed. Null: an
    error is answered at once, a timeout held for 30 seconds."""
    status: Annotated[int, Meta(ge=400, le=599)] | None = None
    """The error's own status; null is the provider's usual one."""
    type: str | None = None
    """The error's own type, where the provider's errors have one."""
    code: str | None = None
    """The error's own code, where the provider's errors have one; empty for none."""
    message: str | None = None
    """The error's own sentence."""
    after_tokens: Count | None = None
    """After how many tokens of the answer; 0 is before anything. Null draws a place."""
    mid_frame: bool = False
    """True sends half of a frame before the connection ends."""
    duration_ms: Wait = 5_000
    """How long a stall lasts."""
    bytes_per_sec: Annotated[float, Meta(gt=0, le=1e9)] = 100
    """How fast a trickle is."""
    by_bytes: Annotated[int, Meta(ge=-1_000_000, le=1_000_000)] = 10
    """By how much the length that is told is more than what is sent."""
    error: Problem = "server_error"
    """Which error the event in the stream tells."""
