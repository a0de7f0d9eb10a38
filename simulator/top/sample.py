"""What the fleet tells of itself at one moment, and what two such moments say together.

Pure. Built from the answers of `/health`, `/admin/stats` and `/metrics`; whatever of them is missing or is no number
counts as not told, so that a fleet of another version can still be watched.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Buckets = Mapping[float, float]
"""A histogram: how many observations were at most so much, by upper bound; the last bound is infinite."""

TTFT = "llm_simulator_ttft_seconds_bucket"
SCENARIO = "llm_simulator_scenario_active"
REVISION = "llm_simulator_config_revision"
_LINE = re.compile(r"([A-Za-z_:][\w:]*)(?:\{(.*)\})? (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


class SlotNow(msgspec.Struct, frozen=True):
    """One slot at a moment; counters since the fleet began, `lag_ms` in milliseconds."""

    ordinal: int
    state: str = "?"
    pid: int = 0
    connections: int = 0
    in_flight: int = 0
    queued: int = 0
    streams: int = 0
    requests: int = 0
    refused: int = 0
    tokens: int = 0
    lag_ms: float = 0.0
    restarts: int = 0
    revision: int = 0


class Sample(msgspec.Struct, frozen=True):
    """The fleet at `at`, in seconds of any clock that only grows. `uptime` is in seconds, None if it was not told."""

    at: float
    version: str = "?"
    seed: str = "?"
    status: str = "?"
    uptime: float | None = None
    revision: int = 0
    scenarios: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    slots: tuple[SlotNow, ...] = ()
    ttft: Buckets = {}


class Rates(msgspec.Struct, frozen=True):
    """A second's worth of requests, refusals and tokens."""

    requests: float = 0.0
    refused: float = 0.0
    tokens: float = 0.0


class Change(msgspec.Struct, frozen=True):
    """What happened between two samples: of the fleet, and of each slot in the later one's order.

    `ttft` are the quantiles 0.5 and 0.95 in seconds, None where no stream ended.
    """

    seconds: float
    fleet: Rates
    slots: tuple[Rates, ...]
    ttft: tuple[float | None, float | None]


def sample_of(at: float, health: Any, stats: Any, metrics: str) -> Sample:
    """The moment that three answers tell of: two decoded JSON bodies, and the text of the metrics."""
    health, stats = _mapping(health), _mapping(stats)
    slots = [_slot(_mapping(each)) for each in _list(stats.get("workers"))]
    ttft: dict[float, float] = {}
    scenarios: set[str] = set()
    revision = 0
    for name, labels, value in exposition(metrics):
        if name == TTFT and (bound := _float(labels.get("le"))) is not None:
            ttft[bound] = ttft.get(bound, 0.0) + value
        elif name == SCENARIO and value:
            scenarios.add(labels.get("scenario", "?"))
        elif name == REVISION:
            revision = _int(value)
    return Sample(
        at,
        version=_text(health.get("version")),
        seed=_text(health.get("seed")),
        status=_text(health.get("status")),
        uptime=_float(health.get("uptime_secs")),
        revision=revision,
        scenarios=tuple(sorted(scenarios)),
        warnings=tuple(map(_text, _list(health.get("warnings")))),
        slots=tuple(sorted(slots, key=lambda slot: slot.ordinal)),
        ttft=dict(sorted(ttft.items())),
    )


def between(earlier: Sample, later: Sample) -> Change:
    """What happened from one sample to the next.

    A counter that fell has begun anew, so its whole value is new. A slot that was not there before has no rates yet.
    """
    seconds = max(later.at - earlier.at, 1e-6)
    before = {slot.ordinal: slot for slot in earlier.slots}
    slots = tuple([_rates(before.get(slot.ordinal), slot, seconds) for slot in later.slots])
    fleet = Rates(
        math.fsum([rates.requests for rates in slots]),
        math.fsum([rates.refused for rates in slots]),
        math.fsum([rates.tokens for rates in slots]),
    )
    grown = {bound: _grown(earlier.ttft.get(bound, 0.0), count) for bound, count in later.ttft.items()}
    return Change(seconds, fleet, slots, (quantile(grown, 0.5), quantile(grown, 0.95)))


def quantile(buckets: Buckets, q: float) -> float | None:
    """The quantile `q` of a histogram, linear within a bucket, as Prometheus's `histogram_quantile` takes it.

    None if it holds nothing. What lies beyond the last finite bound counts as that bound.
    """
    bounds = sorted(buckets)
    if not bounds or not buckets[bounds[-1]] > 0:
        return None
    rank = q * buckets[bounds[-1]]
    low, under = 0.0, 0.0
    for bound in bounds:
        count = buckets[bound]
        if count >= rank and count > under:
            if math.isinf(bound):
                return low
            # Rounded, the sum may pass the bound by a bit.
            return min(bound, low + (bound - low) * (rank - under) / (count - under))
        if math.isfinite(bound):
            low, under = bound, count
    return low


def exposition(text: str) -> Iterable[tuple[str, Mapping[str, str], float]]:
    """Name, labels and value of every sample in Prometheus's text format; lines that are none are passed over."""
    for line in text.splitlines():
        found = _LINE.match(line)
        if found and (value := _float(found[3])) is not None and not math.isnan(value):
            yield found[1], dict(_LABEL.findall(found[2] or "")), value


def _rates(earlier: SlotNow | None, later: SlotNow, seconds: float) -> Rates:
    if earlier is None:
        return Rates()
    return Rates(
        _grown(earlier.requests, later.requests) / seconds,
        _grown(earlier.refused, later.refused) / seconds,
        _grown(earlier.tokens, later.tokens) / seconds,
    )


def _grown(earlier: float, later: float) -> float:
    return later - earlier if later >= earlier else later


def _slot(told: Mapping[str, Any]) -> SlotNow:
    state = "stalled" if told.get("stalled") is True else _text(told.get("state"))
    return SlotNow(
        _int(told.get("ordinal")),
        state=f"{state}+drain" if told.get("draining") else state,
        pid=_int(told.get("pid")),
        connections=_int(told.get("connections")),
        in_flight=_int(told.get("in_flight")),
        queued=_int(told.get("queued")),
        streams=_int(told.get("streams")),
        requests=_int(told.get("requests")),
        refused=_int(told.get("refused")),
        tokens=_int(told.get("tokens_out")),
        lag_ms=_float(told.get("schedule_lag_ms")) or 0.0,
        restarts=_int(told.get("restarts")),
        revision=_int(told.get("config_revision")),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "?" if value is None else str(value)


def _float(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def _int(value: Any) -> int:
    number = _float(value)
    return int(number) if number is not None and math.isfinite(number) else 0
