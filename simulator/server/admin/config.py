"""`/admin/config`: what holds, and changing it while the fleet runs. Edge; secrets are never shown.

GET shows the configuration that holds at this moment. POST merges a patch into the present one (null takes a key of the
patch away), PUT or `?replace=true` puts another in its place, DELETE takes it away. `/admin/config/reload` reads the
configuration's sources again.
"""

import asyncio
import logging
from typing import Any

import msgspec

from simulator.config.secrets import masked
from simulator.server.admin.resource import Answer, Asked, Resource
from simulator.server.context import House
from simulator.server.control import document as documents
from simulator.server.control.again import reload_sources
from simulator.server.control.change import Applied, applied, change
from simulator.server.control.pulse import BEAT_SECONDS

log = logging.getLogger("simulator.admin")


class ConfigEndpoint(Resource):
    """`/admin/config`."""

    def __init__(self, house: House) -> None:
        super().__init__(GET=self._show, POST=self._merge, PUT=self._replace, DELETE=self._clear)
        self._house = house

    async def _show(self, _asked: Asked) -> Answer:
        live, keeper = self._house.live, self._house.keeper
        loaded = live.loaded
        origins = {key: origin for key, origin in loaded.origins.items() if origin != "default"}
        return 200, {
            "revision": live.revision,
            "config": masked(msgspec.to_builtins(live.config)),
            "origins": origins,
            "file": str(loaded.path) if loaded.path else None,
            "patch": keeper.document.patch,
            "scenarios": live.scenarios,
            "problem": keeper.problem,
        }

    async def _merge(self, asked: Asked) -> Answer:
        return await self._patch(await asked.body(), replace=asked.flag("replace"))

    async def _replace(self, asked: Asked) -> Answer:
        return await self._patch(await asked.body(), replace=True)

    async def _clear(self, _asked: Asked) -> Answer:
        return await self._patch({}, replace=True)

    async def _patch(self, patch: dict[str, Any], *, replace: bool) -> Answer:
        house = self._house
        now = house.wall()
        revision, document = await change(
            house, lambda present: documents.patched(present, patch, replace=replace, now=now)
        )
        log.info("the configuration was changed while the fleet runs (revision %d)", revision)
        workers = await applied(house, revision)
        return 200, {"status": "applied", "revision": revision, "patch": document.patch, "workers": shown(workers)}


class ReloadEndpoint(Resource):
    """`/admin/config/reload`."""

    def __init__(self, house: House) -> None:
        super().__init__(POST=self._reload)
        self._house = house

    async def _reload(self, asked: Asked) -> Answer:
        await asked.body()
        house = self._house
        done = await reload_sources(house)
        if done.revision is None:
            # Nobody can say which workers have looked; each does so with its next beat, and with its next request.
            await asyncio.sleep(2 * BEAT_SECONDS)
        revision = house.live.revision if done.revision is None else done.revision
        return 200, {
            "status": "reloaded",
            "revision": revision,
            "file": str(house.keeper.base.path) if house.keeper.base.path else None,
            "changed": done.changed,
            "needs_hup": done.needs_hup,
            "needs_restart": done.needs_restart,
            "workers": shown(await applied(house, revision)),
        }


def shown(workers: Applied) -> dict[str, Any]:
    """How far a change has come, as a value."""
    return {"ready": workers.ready, "applied": workers.applied, "behind": workers.behind}
