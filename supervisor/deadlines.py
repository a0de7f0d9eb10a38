"""How long a worker may stay in each state of its life. Pure: the clock is handed in, in seconds.

The supervisor never waits for a worker; it compares these deadlines on every turn. They nest: what a worker
grants its streams is shorter than what the supervisor grants the worker.
"""

import enum
from dataclasses import dataclass

from simulator.config import schema
from simulator.state.board import SlotState

BOOT_SECONDS = 30.0
"""From the fork to READY."""
DRAIN_MARGIN_SECONDS = 5.0
"""Beyond the time that a worker grants its streams: for cancelling them and for the application's own end."""
QUICK_SECONDS = 2.0
"""For a quick stop."""
DUMP_SECONDS = 0.25
"""Between asking for the stack and the kill."""


class Verdict(enum.Enum):
    """What is due for a worker."""

    KEEP = "keep"
    DUMP = "dump"
    """Ask for its stack, then kill."""
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds that a worker may go without a beat and that it may drain."""

    beat: float
    drain: float


def limits_of(server: schema.Server, *, quick: bool) -> Limits:
    """The limits that a configuration sets; `quick` while the fleet stops quickly."""
    drain = QUICK_SECONDS if quick else server.shutdown_timeout_secs + DRAIN_MARGIN_SECONDS
    return Limits(server.heartbeat_timeout_secs, drain)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a worker: its state on the board and times; None is "not yet"."""

    state: SlotState
    spawned: float
    beat: float
    draining_since: float | None = None
    dumped: float | None = None
    killed: bool = False


def judge(facts: Facts, limits: Limits, now: float) -> tuple[Verdict, str]:
    """What is due, and why in a few words (empty for KEEP)."""
    if facts.killed:
        return Verdict.KEEP, ""
    if facts.dumped is not None:
        return (Verdict.KILL, "its time is over") if now - facts.dumped >= DUMP_SECONDS else (Verdict.KEEP, "")
    if facts.draining_since is not None and now - facts.draining_since > limits.drain:
        return Verdict.DUMP, f"it did not finish within {limits.drain:g} s"
    if facts.state is SlotState.BOOTING:
        if now - facts.spawned > BOOT_SECONDS:
            return Verdict.DUMP, f"it was not ready within {BOOT_SECONDS:g} s"
    elif now - facts.beat > limits.beat:
        return Verdict.DUMP, f"its event loop has not run for {limits.beat:g} s"
    return Verdict.KEEP, ""
