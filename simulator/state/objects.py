"""What a stored object may be: its words, its size, its life. Pure; the same for both stores."""

import re

from simulator.state.store import ObjectLimits, TooLarge

TTL_MOST_US = 10**15
"""Thirty-one years; who names a longer life gets this one."""

_NAME = re.compile(r"[ -~]{1,150}\Z")


def possible(name: str) -> bool:
    """Whether an object may have this name."""
    return _NAME.match(name) is not None


def check(scope: str, kind: str, name: str = "name") -> None:
    """Raise ValueError for words that no object can have."""
    for what, text in (("scope", scope), ("kind", kind), ("name", name)):
        if not possible(text):
            raise ValueError(f"an object's {what} has 1 to 150 printable ASCII characters")


def check_put(size: int, ttl_us: int, limits: ObjectLimits) -> None:
    """Raise `TooLarge` for an object that the limits have no room for, ValueError for limits that mean nothing."""
    if limits.max_objects < 1 or limits.max_bytes < 0:
        raise ValueError(f"no object can be kept: {limits}")
    if size > limits.max_bytes:
        raise TooLarge(size, limits.max_bytes, "all together may have")
    if ttl_us < 1:
        raise ValueError(f"an object is kept for 1 µs or longer, not {ttl_us}")
