"""How latency depends on the moment: on the requests in flight and on the time since the configuration holds.

Pure data and the checks between parameters. What becomes of a delay is in `simulator.engine.latency`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from msgspec import Meta, Struct

from simulator.config.convert import Check, Contradiction

Requests = Annotated[int, Meta(ge=1, le=10_000_000)]
Slowdown = Annotated[float, Meta(ge=1, le=1_000)]
Factor = Annotated[float, Meta(gt=0, le=1_000)]
Hour = Annotated[float, Meta(ge=0, lt=24)]
Duration = Annotated[float, Meta(gt=0, le=1e9)]
"""Milliseconds that something takes; 1e9 is more than eleven days."""


class Load(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A server that answers in batches: slower beyond a knee, and with a queue beyond its capacity."""

    enabled: bool = True
    """False takes away what a less specific key, or the model's card, gives."""
    knee: Requests | None = None
    """Requests in flight up to which tokens come as fast as for one alone; null = there is no such limit."""
    decode_slowdown: Slowdown = 2.0
    """ITL at twice the knee, as a multiple of ITL up to the knee; it grows by as much with each further knee. 2: beyond
    the knee each token takes time in proportion to the requests in flight."""
    prefill_slowdown: Slowdown = 2.0
    """The same for TTFT with its prefill."""
    capacity: Requests | None = None
    """Requests that are answered at the same time; those beyond wait for a place. null = as many as come."""
    service_ms: Duration | None = None
    """How long a request holds its place, on average, when all places are taken. Needed with `capacity`."""


class Degradation(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A server that slows down the longer it runs, or whose pace follows the hours of a day: a factor on each delay."""

    enabled: bool = True
    """False takes away what a less specific key, or the model's card, gives."""
    per_hour: Annotated[float, Meta(ge=0, le=1_000)] = 0.0
    """What each hour since the configuration was read adds to the factor, which begins at 1."""
    most: Slowdown | None = None
    """Where that growth ends; null = nowhere."""
    daily: tuple[tuple[Hour, Factor], ...] = ()
    """Pairs of hour (from 0, below 24) and factor, ascending; straight lines between them, over midnight too. It
    multiplies the growth."""
    starts_at: Hour = 0.0
    """The hour of the day at which the configuration is read, for `daily`."""
    speed: Annotated[float, Meta(gt=0, le=1e6)] = 1.0
    """Hours that pass in an hour: 144 makes a day of ten minutes."""


def load(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """The check of a `Load`: parameters without those that they need."""
    knee, capacity = values.get("knee", 1), values.get("capacity")
    if knee is None and capacity is None and "capacity" in values and values.get("enabled", True):
        yield Contradiction("knee", "a number of requests (or capacity with service_ms)")
    if capacity is not None and "service_ms" in values and values["service_ms"] is None:
        yield Contradiction("service_ms", "a number of milliseconds, with capacity")
    if capacity is None and "capacity" in values and values.get("service_ms") is not None:
        yield Contradiction("capacity", "a number of requests, with service_ms")
    if knee is not None and capacity is not None and capacity < knee:
        yield Contradiction("capacity", f"at least knee, {knee}")


def degradation(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """The check of a `Degradation`: a curve of one point, or one that goes back in time."""
    daily = values.get("daily", ())
    if len(daily) == 1:
        yield Contradiction("daily", "at least two pairs of hour and factor", found="there is one pair")
    last = -1.0
    for i, (hour, _) in enumerate(daily):
        if hour <= last:
            yield Contradiction(f"daily[{i}]", f"an hour above {last:g}")
        last = hour
    if values.get("most") is not None and values.get("per_hour") == 0:
        yield Contradiction("per_hour", "above 0, with most")


CHECKS: Mapping[type, Check] = {Load: load, Degradation: degradation}
