"""Sends the requests of a log at their distances in time, and collects what came of each. Edge of the clock."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from simulator.replay.again import Keys, asked_again, left_out, uncompared
from simulator.replay.client import Target, Unreachable, ask
from simulator.replay.compare import Difference, differences
from simulator.replay.log import Recorded


class Settings(msgspec.Struct, frozen=True):
    """How a log is sent again.

    `speed` divides the distances between requests; None sends each as soon as fewer than `concurrency` are under way.
    `patience` are the seconds that an answer may take beyond its planned end, `tolerance` those that it may be late.
    """

    speed: float | None = 1.0
    concurrency: int = 64
    tolerance: float = 0.25
    patience: float = 30.0
    fresh: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """What came of one request: its differences, or why there is nothing to compare.

    `late` is by how many seconds it was sent later than the log has it.
    """

    record: Recorded
    sent: bool
    why: str = ""
    differences: Sequence[Difference] = ()
    late: float = 0.0


async def replayed(
    records: Sequence[Recorded],
    target: Target,
    keys: Keys,
    settings: Settings,
    told: Callable[[int], None] = lambda _: None,
) -> list[Outcome]:
    """Send every request; the outcomes in the log's order. `told` hears how many are done.

    Raises `Unreachable` where nobody answers; what is under way is then given up.
    """
    loop = asyncio.get_running_loop()
    room = asyncio.Semaphore(settings.concurrency)
    outcomes: list[Outcome | None] = [None] * len(records)
    began, first, done = loop.time(), records[0].time if records else 0.0, 0

    async def one(place: int, record: Recorded, late: float) -> None:
        nonlocal done
        try:
            request = asked_again(record, target.url, keys.of(record), fresh=settings.fresh)
            planned = record.answer.last if record.answer is not None else 0.0
            got = await ask(target, request, planned + settings.patience)
        finally:
            room.release()
        why = uncompared(record, fresh=settings.fresh)
        found = () if why else differences(record, got, settings.tolerance, fresh=settings.fresh)
        outcomes[place] = Outcome(record, sent=True, why=why, differences=found, late=late)
        done += 1
        told(done)

    try:
        async with asyncio.TaskGroup() as tasks:
            for place, record in enumerate(records):
                why = left_out(record)
                if why:
                    outcomes[place] = Outcome(record, sent=False, why=why)
                    continue
                due = began
                if settings.speed is not None:
                    due += (record.time - first) / settings.speed
                    await asyncio.sleep(max(0.0, due - loop.time()))
                await room.acquire()
                late = max(0.0, loop.time() - due) if settings.speed is not None else 0.0
                tasks.create_task(one(place, record, late))
    except ExceptionGroup as failed:
        away = failed.subgroup(Unreachable)
        if away is None:
            raise
        raise _first(away) from None
    return [outcome for outcome in outcomes if outcome is not None]


def _first(group: BaseException) -> BaseException:
    while isinstance(group, BaseExceptionGroup):
        group = group.exceptions[0]
    return group
