"""Reading the configuration's sources again while the fleet runs. Edge: files, and all workers of this host.

What is read is tried first, in whole: either every worker takes it up, or none.
"""

import asyncio
import contextlib
import logging

import msgspec

from simulator.config.load import reload
from simulator.config.runtime import taken_up
from simulator.server.context import House
from simulator.server.control.change import touch

log = logging.getLogger("simulator.control")


class Reloaded(msgspec.Struct, frozen=True):
    """What a reload did. `revision` is that of workers which have taken it up; None where the store is away.

    The keys are dotted: with other values than before, and those that wait for HUP or a restart.
    """

    revision: int | None
    changed: tuple[str, ...]
    needs_hup: tuple[str, ...]
    needs_restart: tuple[str, ...]


async def reload_sources(house: House) -> Reloaded:
    """Read file, environment and flags again and have all workers of this host take them up.

    Raises `ConfigError` or ValueError for what is wrong in them, OSError where the state folder cannot be written;
    then nothing has changed.
    """
    keeper = house.keeper
    # Off the loop: a file on a network may take its time.
    fresh = await asyncio.to_thread(reload, keeper.base)
    taken = taken_up(keeper.base, fresh)
    base = taken.loaded
    keeper.rehearse(base, keeper.document, house.wall())
    await asyncio.to_thread(keeper.shared.publish, fresh)
    with contextlib.suppress(OSError):  # the words of an earlier failure stay, which is no failure of this one
        await asyncio.to_thread(keeper.shared.complain, "")
    keeper.adopt(base)
    house.turn()
    revision = await touch(house)
    for warning in base.warnings:
        log.warning("%s", warning)
    for keys, what in ((taken.needs_hup, "HUP"), (taken.needs_restart, "a restart")):
        if keys:
            log.warning("changed in the configuration, but only taken up with %s: %s", what, ", ".join(keys))
    log.info("the configuration was read again: %s", ", ".join(taken.changed) or "nothing has changed")
    return Reloaded(revision, taken.changed, taken.needs_hup, taken.needs_restart)
