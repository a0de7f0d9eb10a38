"""The limits that hold for the requests of one API key, model and tenant, ready to be asked for. Pure.

A limit's name in the store is `<scope>:<digest>:<code>`: whose limit it is, as a digest, and which limit of theirs.
Names of an algorithm are its own, since the other could not read what it wrote.
"""

from collections.abc import Mapping
from typing import NamedTuple

from simulator.limits.identity import digest
from simulator.providers.quota import QuotaWriter
from simulator.state.store import DAY_US, MINUTE_US, Demand, Lease

REQUESTS, TOTAL, INPUT, OUTPUT = range(4)
"""What a request is measured by; a claim's amounts are in this order."""


class Measure(NamedTuple):
    """What one key of a `Limit` limits. `code` is its part of a name in the store."""

    code: bytes
    amount: int
    resource: str
    period: str
    period_us: int


MEASURES = {
    "requests_per_minute": Measure(b"rpm", REQUESTS, "requests", "minute", MINUTE_US),
    "requests_per_day": Measure(b"rpd", REQUESTS, "requests", "day", DAY_US),
    "tokens_per_minute": Measure(b"tpm", TOTAL, "tokens", "minute", MINUTE_US),
    "tokens_per_day": Measure(b"tpd", TOTAL, "tokens", "day", DAY_US),
    "input_tokens_per_minute": Measure(b"itpm", INPUT, "input_tokens", "minute", MINUTE_US),
    "output_tokens_per_minute": Measure(b"otpm", OUTPUT, "output_tokens", "minute", MINUTE_US),
}
CONCURRENT = "concurrent_requests"


class Scope(NamedTuple):
    """A group of requests that are limited together: its kind, its digest, and its limits by key."""

    kind: str
    digest: bytes
    limits: Mapping[str, int]


class Line(NamedTuple):
    """One limit of tokens, as the arguments of a `Demand` and the place of its amount among a claim's."""

    amount: int
    name: bytes
    capacity: int
    period_us: int
    fixed: bool


class Terms:
    """What one request asks for, but for its size.

    `requests` are the demands that are the same each time, `lines` what is asked for by size, `leases` the places.
    `wanted` is what both ask for together where there are no places, as `Immediate.draw_now` takes it; else empty.
    `labels` tell what each demand and then each lease is, in that order: resource, period, scope, amount's place.
    """

    __slots__ = ("empty", "labels", "leases", "lines", "requests", "wanted", "writer")

    def __init__(self, scopes: list[Scope], *, fixed: bool, sized: bool) -> None:
        """`sized` false leaves out all limits of tokens."""
        requests: list[Demand] = []
        leases: list[Lease] = []
        lines: list[Line] = []
        counted, measured, placed = [], [], []
        for kind, who, limits in scopes:
            start = b"%b:%b:" % (kind.encode(), who.hex().encode())
            for key, measure in MEASURES.items():
                capacity = limits.get(key)
                if capacity is None:
                    continue
                name = start + measure.code + (b":fixed" if fixed else b"")
                label = (measure.resource, measure.period, kind, measure.amount)
                if measure.amount == REQUESTS:
                    requests.append(Demand(name, 1, capacity, measure.period_us, fixed))
                    counted.append(label)
                elif sized:
                    lines.append(Line(measure.amount, name, capacity, measure.period_us, fixed))
                    measured.append(label)
            if CONCURRENT in limits:
                leases.append(Lease(start + b"places", limits[CONCURRENT]))
                placed.append(("concurrent", "", kind, REQUESTS))
        self.requests = tuple(requests)
        self.lines = tuple(lines)
        self.leases = tuple(leases)
        self.wanted = tuple([(REQUESTS, one.name, one.capacity) for one in requests])
        self.wanted += tuple([(line.amount, line.name, line.capacity) for line in lines])
        if leases:
            self.wanted = ()
        self.labels = (*counted, *measured, *placed)
        self.empty = not self.labels
        """Whether nothing is limited."""
        self.writer: QuotaWriter | None = None
        """What writes these limits' headers; kept here by whoever has one made."""


def whose(*parts: bytes) -> bytes:
    """The digest of a group of requests, from what they have in common. Different parts give different digests."""
    return digest(b"".join([b"%d:%b" % (len(part), part) for part in parts]))
