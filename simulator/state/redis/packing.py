"""Operations on limits as `limits.lua` takes them, and its answers. Pure; knows no connection."""

import asyncio
import struct
from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import msgspec

from simulator.state.store import Demand, Lease

ADMIT, SETTLE, RAISE, RENEW = 0, 1, 2, 3

STORED = struct.Struct("<ddddB")
"""A bucket as it is stored: level, microsecond, capacity, period, fixed."""

Level: TypeAlias = tuple[int, int]
"""How much of a bucket is used, in millionths, and the microsecond at which that was right."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[int]).decode


class Operation:
    """One operation, and its outcome.

    `leases` are names with a limit, or for RENEW with how many are held; `at_us` only counts for RAISE, a moment for
    each demand. `debts`: a SETTLE that nobody waits for, of what was granted elsewhere. `future` gets True or False
    (granted), or None if what became of it is not known.
    """

    __slots__ = ("at_us", "debts", "demands", "future", "kind", "leases", "levels", "now_us", "used")

    def __init__(
        self,
        kind: int,
        demands: Sequence[Demand],
        leases: Sequence[Lease],
        future: "asyncio.Future[bool | None]",
        at_us: Sequence[int] = (),
    ) -> None:
        self.kind = kind
        self.demands = demands
        self.leases = leases
        self.future = future
        self.at_us = at_us
        self.debts = False
        self.now_us = 0
        self.levels: list[Level] = []
        self.used: list[int] = []


def text(name: bytes) -> str:
    """A name as it is sent: Redis reads msgpack's text, not its bytes. ASCII stays as it is."""
    return name.decode("latin-1")


def name_of(sent: bytes) -> bytes:
    """The name that was sent so."""
    return sent.decode().encode("latin-1")


def pack(now_us: int, owner: bytes, operations: Sequence[Operation]) -> bytes:
    """The argument of `limits.lua`; `now_us` negative for the server's own clock."""
    fields: list[Any] = [now_us, text(owner)]
    add = fields.extend
    for operation in operations:
        add((operation.kind, len(operation.demands), len(operation.leases)))
        if operation.kind == RAISE:
            for demand, at_us in zip(operation.demands, operation.at_us, strict=True):
                add((text(demand.name), demand.amount, demand.capacity, demand.period_us, demand.fixed, at_us))
        else:
            for demand in operation.demands:
                add((text(demand.name), demand.amount, demand.capacity, demand.period_us, demand.fixed))
        for lease in operation.leases:
            add((text(lease.name), lease.limit))
    return _encode(fields)


def unpack(reply: bytes, operations: Sequence[Operation]) -> Iterator[tuple[Operation, bool]]:
    """Each operation with whether it was granted, its `now_us`, `levels` and `used` filled in."""
    values = _decode(reply)
    now_us = values[0]
    at = 1
    for operation in operations:
        granted = values[at] == 1
        at += 1
        end = at + 2 * len(operation.demands)
        operation.now_us = now_us
        operation.levels = list(zip(values[at:end:2], values[at + 1 : end : 2], strict=True))
        at = end + len(operation.leases)
        operation.used = values[end:at]
        yield operation, granted
