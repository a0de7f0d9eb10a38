"""What the supervisor knows of one worker process, and how its end is read. Pure but for a row of the board."""

import os
import signal
from dataclasses import dataclass

from simulator.state.board import Column, Row
from supervisor.application import Release


@dataclass(slots=True)
class Child:
    """A live worker. Times are seconds of the monotonic clock; None is "not yet".

    `holds` is whether it may take over the slot: a replacement waits for it until its predecessor has let go.
    `booted` is when it could serve, `ready` when it did. `asked` is when it was told to leave, by us or, as seen on
    the board, by somebody else. Its silence is not judged before `excused`.
    """

    pid: int
    ordinal: int
    release: Release
    spawned: float
    seat: int = 0
    holds: bool = True
    booted: float | None = None
    ready: float | None = None
    asked: float | None = None
    dumped: float | None = None
    killed: bool = False
    excused: float = 0.0


CLEARED = (
    Column.HEARTBEAT_NS,
    Column.CONNECTIONS,
    Column.IN_FLIGHT,
    Column.QUEUED,
    Column.STREAMS,
    Column.LAG_US,
    Column.ORDER,
    Column.SPENT,
)
"""What a dead worker leaves on the board that is no longer true; SEQUENCE and the totals stay."""


def clear(row: Row) -> None:
    """Take what is no longer true off a dead worker's row."""
    for column in CLEARED:
        row[column] = 0


def ended_well(child: Child, status: int) -> bool:
    """Whether a wait status is a proper end: told to leave, and left by itself or by the signal that told it.

    A worker that is still starting has no handler yet, so our own TERM or INT ends it directly.
    """
    if child.asked is None or child.killed:
        return False
    if os.WIFEXITED(status):
        return os.WEXITSTATUS(status) == 0
    return os.WTERMSIG(status) in (signal.SIGTERM, signal.SIGINT)


def how_it_ended(status: int) -> str:
    """A wait status in words."""
    if os.WIFEXITED(status):
        return f"exited with code {os.WEXITSTATUS(status)}"
    number = os.WTERMSIG(status)
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    return f"was ended by {name}"
