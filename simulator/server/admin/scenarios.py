"""`/admin/scenarios`: which there are, which are at work, switching them on and off. Edge."""

import datetime as dt
import logging
import math
from typing import Any

from simulator.config.activation import FOREVER
from simulator.config.faults import ConfigError, Fault, Place, did_you_mean, excerpt, listed
from simulator.config.library import Known, activated, find, known
from simulator.server.admin.config import shown
from simulator.server.admin.resource import Answer, Asked, Resource
from simulator.server.context import House
from simulator.server.control import document as documents
from simulator.server.control.agenda import Act
from simulator.server.control.change import applied, change

log = logging.getLogger("simulator.admin")

REQUEST = "the request"
"""What faults of a request are told of."""
_FIELDS = ("duration_seconds", "parameters")


class ScenarioList(Resource):
    """`/admin/scenarios`."""

    def __init__(self, house: House) -> None:
        super().__init__(GET=self._list)
        self._house = house

    async def _list(self, _asked: Asked) -> Answer:
        live = self._house.live
        now = self._house.wall()
        return 200, {
            "revision": live.revision,
            "active": [at_work(act, now) for act in self._house.keeper.agenda.acts if act.timeline.ends > now],
            "scenarios": [described(one) for one in known(live.config).values()],
        }


class OneScenario(Resource):
    """`/admin/scenarios/{name}`."""

    def __init__(self, house: House) -> None:
        super().__init__(GET=self._show)
        self._house = house

    async def _show(self, asked: Asked) -> Answer:
        house = self._house
        chosen = find(house.live.config, asked.name, REQUEST)
        now = house.wall()
        acts = [
            at_work(act, now)
            for act in house.keeper.agenda.acts
            if act.activation.name == chosen.name and act.timeline.ends > now
        ]
        return 200, {**described(chosen), "active": acts[0] if acts else None}


class Activate(Resource):
    """`/admin/scenarios/{name}/activate`."""

    def __init__(self, house: House) -> None:
        super().__init__(POST=self._activate)
        self._house = house

    async def _activate(self, asked: Asked) -> Answer:
        house = self._house
        chosen = find(house.live.config, asked.name, REQUEST)
        seconds, parameters = options(await asked.body())
        activation = activated(chosen, parameters, started=house.wall(), seconds=seconds, source=REQUEST)
        revision, _ = await change(house, lambda present: documents.activated(present, activation))
        ends = Act(activation).timeline.ends
        log.info("scenario %s is activated until %s (revision %d)", chosen.name, moment(ends) or "ended", revision)
        return 200, {
            "status": "activated",
            "scenario": chosen.name,
            "revision": revision,
            "parameters": activation.parameters,
            "started_at": moment(activation.started),
            "expires_at": moment(ends),
            "workers": shown(await applied(house, revision)),
        }


class Deactivate(Resource):
    """`/admin/scenarios/{name}/deactivate`."""

    def __init__(self, house: House) -> None:
        super().__init__(POST=self._deactivate)
        self._house = house

    async def _deactivate(self, asked: Asked) -> Answer:
        house = self._house
        await asked.body()
        name = self._named(asked.name)
        was_active = False

        def edit(present: documents.Document) -> documents.Document:
            nonlocal was_active
            was_active = any(one.name == name for one in documents.playing(present, house.keeper.base.activations))
            return documents.deactivated(present, name, house.wall()) if was_active else present

        revision, _ = await change(house, edit)
        if was_active:
            log.info("scenario %s is deactivated (revision %d)", name, revision)
        return 200, {
            "status": "deactivated" if was_active else "not active",
            "scenario": name,
            "revision": revision,
            "workers": shown(await applied(house, revision)),
        }

    def _named(self, name: str) -> str:
        """The name as it was activated, be it that of a scenario which is no longer configured."""
        folded = name.replace("-", "_").lower()
        for act in self._house.keeper.agenda.acts:
            if act.activation.name.replace("-", "_").lower() == folded:
                return act.activation.name
        return find(self._house.live.config, name, REQUEST).name


def options(body: dict[str, Any]) -> tuple[float | None, dict[str, Any]]:
    """Duration and parameters of an activation. Raises `ConfigError`."""
    faults = [
        Fault(Place(REQUEST), key, "unknown key", listed(_FIELDS), did_you_mean(key, _FIELDS))
        for key in body
        if key not in _FIELDS
    ]
    seconds, parameters = body.get("duration_seconds"), body.get("parameters")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | None):
        found = excerpt(seconds) if isinstance(seconds, bool | str) else "a list or mapping"
        faults.append(Fault(Place(REQUEST), "duration_seconds", f"found {found}", "a number of seconds, or null"))
    if not isinstance(parameters, dict | None):
        faults.append(Fault(Place(REQUEST), "parameters", "not a mapping", "names of parameters with their values"))
    if faults:
        raise ConfigError(faults)
    return seconds, parameters or {}


def described(one: Known) -> dict[str, Any]:
    """A scenario as listings show it."""
    scenario = one.scenario
    return {
        "name": one.name,
        "description": scenario.description,
        "source": one.source,
        "parameters": scenario.parameters,
        "repeat": scenario.repeat,
        "phases": [
            {
                "name": phase.name or str(place),
                "duration_seconds": phase.duration_secs,
                "set": phase.set,
                **({"to": phase.to, "steps": phase.steps} if phase.to else {}),
            }
            for place, phase in enumerate(scenario.phases, 1)
        ],
    }


def at_work(act: Act, now: float) -> dict[str, Any]:
    """A scenario that is switched on, as listings show it. `phase` is null before it begins."""
    phase, until = act.timeline.state_at(now)
    ends = act.timeline.ends
    return {
        "name": act.activation.name,
        "phase": None if phase is None else act.timeline.parts[phase].name,
        "phase_ends_at": moment(until),
        "started": act.activation.started,
        "started_at": moment(act.activation.started),
        "ends": None if ends == FOREVER else ends,
        "expires_at": moment(ends),
        "remaining_seconds": None if ends == FOREVER else round(max(0.0, ends - now), 3),
        "parameters": act.activation.parameters,
    }


def moment(seconds: float) -> str | None:
    """Unix seconds as RFC 3339 in UTC, to the microsecond; None for ever, or for what no calendar has."""
    if not math.isfinite(seconds):
        return None
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError, OSError):
        return None
