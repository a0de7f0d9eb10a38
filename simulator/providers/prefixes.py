"""The beginnings of a prompt that a provider's automatic prompt cache may hold. Pure.

Real caches hold a prompt in blocks of tokens from its start. Here the blocks' ends are at fixed places, a ninth further
each time, so that two prompts that begin alike meet at the last place before they part; besides, a prompt may be
cached up to the end of each of its latest messages, where the next turn of the same conversation goes on.
"""

from collections.abc import Callable, Iterator
from hashlib import blake2b
from itertools import pairwise
from typing import Final

import msgspec

from simulator.engine.request import Request
from simulator.providers.base import Cacheable, Prefix

FIRST: Final = 2_048
"""Bytes of the shortest beginning: no tokenizer makes 1,024 tokens of less."""
GROWTH: Final = 1.125
LATEST: Final = 16
"""How many of the latest messages' ends are places too."""
MOST: Final = 64

_encode: Callable[[object], bytes] = msgspec.msgpack.Encoder().encode


def _places() -> Iterator[int]:
    place = float(FIRST)
    while True:
        yield int(place)
        place *= GROWTH


def automatic(request: Request, *, least: int, unit: int, ttl_secs: float) -> Cacheable | None:
    """What an automatic cache may hold of a conversation; None for one that is too short. See `Cacheable`."""
    parts = [_encode((request.tools, request.format)), *map(_encode, request.messages)]
    whole = b"".join(parts)
    if len(whole) < FIRST:
        return None
    ends: list[int] = []
    end = 0
    for part in parts:
        end += len(part)
        ends.append(end)
    cuts = {place for place in ends[-LATEST:] if place >= FIRST}
    for place in _places():
        if place >= len(whole):
            break
        cuts.add(place)
    # Of a prompt of more than a megabyte the longest beginnings count: they save the most.
    kept = sorted(cuts)[-MOST:]
    hashed = blake2b(whole[: kept[0]], digest_size=16)
    prefixes = [Prefix(hashed.digest(), kept[0] / len(whole), ttl_secs)]
    for start, stop in pairwise(kept):
        hashed.update(whole[start:stop])
        prefixes.append(Prefix(hashed.digest(), stop / len(whole), ttl_secs))
    return Cacheable(prefixes, least, unit)
