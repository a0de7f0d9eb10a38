"""The ids of responses, of their items and of conversations. Pure.

An id is a prefix and 50 hexadecimal digits, as the service's. Those of a stored response and of what it was given come
from the arrival, so that two identical requests leave two objects; those of what it answers come from the plan, so that
the same request names its answer the same.
"""

from hashlib import blake2b

from simulator.engine.plan import Answer

_SHARED = 16
"""Digits that all items of one answer have in common."""
_ARRIVAL = 32
"""Digits that tell the arrival."""
_DIGITS = frozenset("0123456789abcdef")


def new_id(prefix: str, bits: bytes, index: int = 0) -> str:
    """The id of an object made by an arrival with these 16 bits; each `index` below 65,536 gives another."""
    tail = blake2b(bits + index.to_bytes(4, "little"), digest_size=7).hexdigest()
    return f"{prefix}_{bits.hex()}{index:04x}{tail}"


def answer_id(prefix: str, answer: Answer, index: int = 0) -> str:
    """The id of item `index` of an answer; the response's own where nothing is stored has the prefix `resp`."""
    tail = blake2b(answer.id_bits + prefix.encode() + index.to_bytes(4, "little"), digest_size=17).hexdigest()
    return f"{prefix}_{answer.id_bits.hex()[:_SHARED]}{tail}"


def index_of(answer: Answer) -> str:
    """The digits that all items of an answer have in common."""
    return answer.id_bits.hex()[:_SHARED]


def homes_of(name: str) -> tuple[str, str] | None:
    """Where an item may be found by its id: the response that was given it, and the digits that its answer shares.

    None for an id that no item has.
    """
    digits = name.rpartition("_")[2]
    if len(digits) != 50 or not _DIGITS.issuperset(digits):
        return None
    return new_id("resp", bytes.fromhex(digits[:_ARRIVAL])), digits[:_SHARED]
