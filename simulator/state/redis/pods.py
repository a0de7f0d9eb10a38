"""How many pods share the limits. Pure: the values of one heartbeat; `beat.lua` keeps the register."""

from typing import Any

import msgspec

BEAT_S = 1.0
"""Between two heartbeats of a worker."""
EXPIRY_US = 10_000_000
"""A pod that was not heard of for so long shares no limit any more."""
TOLD_MOST = 1_000
"""Buckets that a heartbeat tells of, at the most: about a millisecond's work."""
KEEP_MS = 7 * 86_400_000
"""How long what outlives its users is kept: every heartbeat of any worker begins it anew."""


class Beat(msgspec.Struct, frozen=True):
    """What a heartbeat told.

    Redis's clock, the pods alive, the revision of the control document, and the buckets that changed of late, as
    they are stored.
    """

    now_us: int
    pods: int
    revision: int
    names: list[bytes]
    values: list[bytes]


def beat_arguments(now_us: int, pod: str) -> tuple[Any, ...]:
    """What `beat.lua` takes after the tag."""
    return now_us, pod, EXPIRY_US, TOLD_MOST, KEEP_MS


def read_beat(reply: list[Any]) -> Beat:
    """The reply of `beat.lua`."""
    now_us, pods, revision, names, values = reply
    return Beat(now_us, pods, revision, names, values)


def share_of(pods: int) -> float:
    """The part of each limit that a pod may grant on its own."""
    return 1 / max(1, pods)
