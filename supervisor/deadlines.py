"""How long a worker may stay in each state of its life. Pure: the clock is handed in, in seconds.

The supervisor never waits for a worker; it compares these deadlines on every turn. They nest: what a worker
grants its streams is shorter than what the supervisor grants the worker.
"""

import enum
import random
from dataclasses import dataclass

from simulator.config import schema
from simulator.state.board import SlotState

BOOT_SECONDS = 30.0
"""From the fork to the end of the application's start."""
IDLE_GRACE_SECONDS = 2.0
"""How long a worker that retires, while others serve, keeps a connection whose client may be sending at this moment."""
DRAIN_MARGIN_SECONDS = 5.0
"""Beyond the time that a worker grants its streams: for ending them in band, cancelling them, and the application's
own end."""
QUICK_SECONDS = 2.0
"""For a quick stop."""
EXCUSE_SECONDS = 1.0
"""How long silence is not judged after a stopped process was met, for whose lock the silent may wait."""
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


def grace_of(server: schema.Server) -> float:
    """Seconds for which a worker that retires, while others serve, keeps idle connections."""
    return max(IDLE_GRACE_SECONDS, server.lame_duck_secs)


def limits_of(server: schema.Server, *, quick: bool) -> Limits:
    """The limits that a configuration sets; `quick` while the fleet stops quickly."""
    drain = QUICK_SECONDS if quick else grace_of(server) + server.shutdown_timeout_secs + DRAIN_MARGIN_SECONDS
    return Limits(server.heartbeat_timeout_secs, drain)


def lifetime(server: schema.Server, shard: str, sequence: int) -> int:
    """How many requests a worker answers before it is replaced; 0 means no limit.

    The jitter is drawn from the worker's shard and the sequence at which it begins, so it is the same on every run
    and another for every worker.
    """
    if not server.max_requests:
        return 0
    return server.max_requests + random.Random(f"{shard}/{sequence}").randint(0, server.max_requests_jitter)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a worker: its state on the board and times; None is "not yet".

    `frozen`: the process is stopped (SIGSTOP), so it can tell no stack.
    """

    state: SlotState
    spawned: float
    beat: float
    draining_since: float | None = None
    dumped: float | None = None
    killed: bool = False
    excused: float = 0.0
    frozen: bool = False


def silent(facts: Facts, limits: Limits, now: float) -> bool:
    """Whether the worker's loop should have beaten, and no verdict has been given yet."""
    if facts.killed or facts.dumped is not None or facts.state is SlotState.BOOTING:
        return False
    return now - facts.beat > limits.beat


def judge(facts: Facts, limits: Limits, now: float) -> tuple[Verdict, str]:
    """What is due, and why in a few words (empty for KEEP)."""
    if facts.killed:
        return Verdict.KEEP, ""
    if facts.dumped is not None:
        return (Verdict.KILL, "its time is over") if now - facts.dumped >= DUMP_SECONDS else (Verdict.KEEP, "")
    verdict, why = Verdict.KEEP, ""
    if facts.draining_since is not None and now - facts.draining_since > limits.drain:
        verdict, why = Verdict.DUMP, f"it did not finish within {limits.drain:g} s"
    elif facts.state is SlotState.BOOTING and now - facts.spawned > BOOT_SECONDS:
        verdict, why = Verdict.DUMP, f"it was not ready within {BOOT_SECONDS:g} s"
    elif silent(facts, limits, now) and (facts.frozen or now >= facts.excused):
        verdict, why = Verdict.DUMP, f"its event loop has not run for {limits.beat:g} s"
    if verdict is Verdict.DUMP and facts.frozen:
        # A stopped process can tell no stack.
        return Verdict.KILL, "the process is stopped"
    return verdict, why
