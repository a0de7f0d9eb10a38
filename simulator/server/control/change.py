"""Changing the control document, and waiting until the workers of this host have seen it. Edge of the store and board.

What is asked for is tried on the whole document before it is written; a document that somebody else has changed
meanwhile is read again.
"""

import asyncio
from collections.abc import Callable

import msgspec

from simulator.server.context import House
from simulator.server.control.document import EMPTY, LARGEST, Document, Unreadable, decode, encode, pruned
from simulator.state.board import ROW_CELLS, Column, SlotState
from simulator.state.store import Conflict, Control, StoreUnavailable

ATTEMPTS = 8
WAIT_SECONDS = 2.0
"""How long an answer waits for workers; one that takes longer is busy, and sees the change with its next request."""
LOOK_SECONDS = 0.005


class Busy(Exception):  # noqa: N818 - it is answered, not a crash
    """Others change the document faster than this change can be made."""


class TooLarge(Exception):  # noqa: N818 - as above
    """The document would be larger than stores take."""


class Applied(msgspec.Struct, frozen=True):
    """How many workers serve, how many of them are at a revision, and the process ids of the others."""

    ready: int
    applied: int
    behind: tuple[int, ...]


async def change(house: House, edit: Callable[[Document], Document]) -> tuple[int, Document]:
    """Make another document of the present one; returns its revision and itself. Nothing is written that is the same.

    Raises `ConfigError` or ValueError, and whatever `edit` raises, where the new document does not fit, and then
    changes nothing; `Busy`, `TooLarge`, `StoreUnavailable`.
    """
    store = house.store
    if store is None:
        raise StoreUnavailable("the shared state is not open")
    for _ in range(ATTEMPTS):
        control = await store.control()
        present = _readable(control)
        document = edit(pruned(present or EMPTY, house.wall()))
        if document == present:
            return control.revision, document
        body = encode(document)
        if len(body) > LARGEST:
            raise TooLarge(f"the control document would have {len(body)} bytes; {LARGEST} are allowed")
        house.keeper.rehearse(house.keeper.base, document, house.wall())
        try:
            return await store.change(control.revision, body), document
        except Conflict:
            continue
    raise Busy("others are changing the configuration at this moment; try again")


async def touch(house: House) -> int | None:
    """Have every worker of this host look again: a new revision of the same document.

    Returns the revision that a worker has which has looked; None where the store cannot be written.
    """
    if house.store is None:
        return None
    try:
        control = await house.store.control()
        return await house.store.change(control.revision, control.body or encode(EMPTY))
    except Conflict as conflict:
        return conflict.revision  # whoever was faster has done the same
    except StoreUnavailable:
        return None


async def applied(house: House, revision: int) -> Applied:
    """Wait, for a bounded time, until every serving worker of this host is at a revision."""
    deadline = house.clock() + WAIT_SECONDS
    while True:
        _ = house.live
        found = standing(house, revision)
        if not found.behind or house.clock() >= deadline:
            return found
        await asyncio.sleep(LOOK_SECONDS)


def standing(house: House, revision: int) -> Applied:
    """Which serving workers of this host are at a revision, or a later one."""
    ready, behind = 0, []
    for state, applied_revision, pid in zip(*(cells(house, column) for column in _STANDING), strict=True):
        if state == SlotState.READY:
            ready += 1
            if applied_revision < revision:
                behind.append(pid)
    return Applied(ready, ready - len(behind), tuple(behind))


def cells(house: House, column: Column) -> list[int]:
    """A column of the board, a value for each worker there may be."""
    return house.slot.board.cells[column::ROW_CELLS].tolist()


def _readable(control: Control) -> Document | None:
    """The document; None if it cannot be read: no worker applies it either, so whoever changes it begins anew."""
    try:
        return decode(control.body)
    except Unreadable:
        return None


_STANDING = (Column.STATE, Column.REVISION, Column.PID)
