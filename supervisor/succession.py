"""Who sits where, who is replaced next, and when a successor takes over. Pure: children and facts in, decisions out.

A slot has two seats, so its worker and the one that replaces it live side by side:

1. The successor boots in the free seat, up to where it would accept, and says STANDBY.
2. Its predecessor is told to retire. It says DRAINING: from there on it leaves the slot's sequence alone.
3. The successor is let go, says READY, and accepts. If it does not get so far, the predecessor stays.

Where both seats are taken, by a worker and a predecessor that still drains, a replacement waits.
"""

from collections.abc import Callable, Collection, Iterable

from simulator.state.board import SEATS, SlotState
from supervisor.application import Release
from supervisor.child import Child

HANDOVER_SECONDS = 1.0
"""How long a successor waits for a predecessor that was told to retire and does not say so: its loop is blocked, and
whatever it does next it will find on the board that the sequence is another's."""


def of_slot(children: Iterable[Child], ordinal: int) -> list[Child]:
    """The live workers of a slot."""
    return [child for child in children if child.ordinal == ordinal]


def staying(children: Iterable[Child], ordinal: int) -> list[Child]:
    """The workers of a slot that were not told to leave: its holder, and perhaps a successor."""
    return [child for child in of_slot(children, ordinal) if child.asked is None]


def free_seat(children: Iterable[Child], ordinal: int) -> int | None:
    """A seat of the slot in which nobody sits, the lower first, or None."""
    taken = {child.seat for child in of_slot(children, ordinal)}
    return next((seat for seat in range(SEATS) if seat not in taken), None)


def served(children: Collection[Child], wanted: int) -> bool:
    """Whether each of the `wanted` slots has one worker, which is ready."""
    slots = [staying(children, ordinal) for ordinal in range(wanted)]
    return all(len(slot) == 1 and slot[0].ready is not None for slot in slots)


def outdated(children: Iterable[Child], current: Release) -> list[Child]:
    """Successors that boot with a release that is no longer wanted."""
    return [child for child in children if not child.holds and child.asked is None and child.release is not current]


def in_need(children: Collection[Child], wanted: int, current: Release, spent: Callable[[Child], bool]) -> list[Child]:
    """The workers that are to be replaced, by ordinal: of another release, or spent."""
    slots = [staying(children, ordinal) for ordinal in range(wanted)]
    return [child for slot in slots for child in slot if child.release is not current or spent(child)]


def next_to_replace(children: Collection[Child], wanted: int, needy: Iterable[Child]) -> Child | None:
    """The worker whose turn it is to get a successor.

    One at a time: None while any of the `wanted` slots is not served by one ready worker. A slot without a free seat
    waits and does not hold up the others.
    """
    if not served(children, wanted):
        return None
    return next((child for child in needy if free_seat(children, child.ordinal) is not None), None)


def has_let_go(child: Child, state: SlotState, now: float) -> bool:
    """Whether a predecessor leaves the slot's sequence to a successor: it says so, or had its time."""
    if child.asked is None:
        return False
    return state is not SlotState.READY or now - child.asked > HANDOVER_SECONDS
