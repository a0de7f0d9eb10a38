"""Who holds the places of a limit on requests at the same time. Pure: bytes in, bytes out.

A record is a row of entries, one for each worker that holds something: the fleet, the worker, its process and how
many. Entries of another fleet hold nothing: a fleet's places end with it, also where its file outlives it.
"""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

_ENTRY = struct.Struct("<8s8sII")


def digest(name: bytes) -> bytes:
    """Eight bytes that stand for a fleet or a worker in an entry."""
    return hashlib.blake2b(name, digest_size=8).digest()


@dataclass(frozen=True, slots=True)
class Holder:
    """A worker, as entries name it: the digests of its fleet and of itself, and its process."""

    fleet: bytes
    owner: bytes
    pid: int


def held(record: bytes, fleet: bytes) -> int:
    """How many places the fleet holds."""
    return sum([count for entry_fleet, _, _, count in _ENTRY.iter_unpack(record) if entry_fleet == fleet])


def added(record: bytes, holder: Holder, change: int) -> bytes:
    """The record after the holder took (1) or gave back (-1) so many; it never holds fewer than none.

    Entries of other fleets are dropped.
    """
    mine = max(0, change)
    others = []
    for fleet, owner, pid, count in _ENTRY.iter_unpack(record):
        if fleet != holder.fleet:
            continue
        if owner == holder.owner:
            mine = max(0, count + change)
        else:
            others.append(_ENTRY.pack(fleet, owner, pid, count))
    if mine:
        others.append(_ENTRY.pack(holder.fleet, holder.owner, holder.pid, mine))
    return b"".join(others)


def without(record: bytes, holder: Holder) -> bytes:
    """The record without what the holder, or an earlier process in its place, and other fleets hold."""
    kept = [entry for entry in _ENTRY.iter_unpack(record) if entry[0] == holder.fleet and entry[1] != holder.owner]
    return b"".join([_ENTRY.pack(*entry) for entry in kept])


def living(record: bytes, alive: Callable[[int], bool]) -> bytes:
    """The record without the entries of processes that are gone."""
    return b"".join([_ENTRY.pack(*entry) for entry in _ENTRY.iter_unpack(record) if alive(entry[2])])
