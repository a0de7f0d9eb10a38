"""`/health`, `/ready`, `/live`: the truth about this fleet, from the board.

Edge of the board. `/live` asks only whether this worker's own loop answers, so that nothing outside can
get a pod killed; `/ready` whether traffic should come; `/health` tells all.
"""

from typing import Any

from simulator import __version__
from simulator.server.context import House
from simulator.server.lag import lag_of
from simulator.server.play import Receive, Send
from simulator.server.respond import only_get, respond_json
from simulator.state.board import Column, Shared, SlotState, Stopping

STALE_NS = 5_000_000_000
"""A slot whose loop has not beaten for so long is told as stalled."""


_SUMMED = {
    "connections": Column.CONNECTIONS,
    "in_flight": Column.IN_FLIGHT,
    "queued": Column.QUEUED,
    "streams": Column.STREAMS,
    "requests": Column.REQUESTS,
    "refused": Column.REFUSED,
    "tokens_out": Column.TOKENS_OUT,
}
"""What a slot's worker and a predecessor that still drains have done together."""


def fleet_facts(house: House) -> dict[str, Any]:
    """What the board tells of the fleet, by slot.

    State, pid and beat are those of the worker that holds the slot; `draining` is the pid of a predecessor that has
    not left yet, or null.
    """
    board = house.slot.board
    now = house.clock()
    wanted = board.shared[Shared.WANTED] or board.slots
    slots = []
    for ordinal in range(board.slots):
        row, other = board.seats(ordinal)
        state = SlotState(row[Column.STATE])
        known = row[Column.BOOTED_NS] or other[Column.BOOTED_NS]
        if state is SlotState.EMPTY and (ordinal >= wanted or not known):
            continue
        beat = row[Column.HEARTBEAT_NS]
        home = board.row(ordinal)
        slots.append(
            {
                "ordinal": ordinal,
                "state": state.name.lower(),
                "pid": row[Column.PID],
                "draining": other[Column.PID] if other[Column.STATE] == SlotState.DRAINING else None,
                "stalled": bool(beat) and state is SlotState.READY and now * 1e9 - beat > STALE_NS,
                **{name: row[column] + other[column] for name, column in _SUMMED.items()},
                "sequence": home[Column.SEQUENCE],
                "schedule_lag_ms": round(max(lag_of(row, now), lag_of(other, now)) * 1000, 3),
                "restarts": home[Column.RESTARTS],
                "config_revision": row[Column.REVISION],
            }
        )
    return {"slots": slots}


def uptime(house: House) -> float:
    """Seconds for which the worker that serves for longest has served; 0 while nobody does."""
    board = house.slot.board
    booted = [row[Column.BOOTED_NS] for ordinal in range(board.slots) for row in board.seats(ordinal)]
    since = min([each for each in booted if each], default=0)
    return round(max(0.0, house.clock() - since / 1e9), 1) if since else 0.0


class Health:
    """`/health`: 200 while the fleet serves, 503 when it does not; the reasons by name."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer."""
        if not await only_get(scope, send):
            return
        house = self._house
        facts = fleet_facts(house)
        slots = facts["slots"]
        ready = sum(slot["state"] == "ready" and not slot["stalled"] for slot in slots)
        concurrency = house.config.simulation.concurrency
        in_flight = sum(slot["in_flight"] for slot in slots)
        lag_ms = max([slot["schedule_lag_ms"] for slot in slots], default=0.0)
        board = house.slot.board
        warnings = []
        if board.shared[Shared.STOPPING]:
            warnings.append("the fleet is stopping")
        state = house.state()
        if state is not None and state.reason:
            warnings.append(f"shared state is {state.state}: {state.reason}")
        notice = board.notice()
        if notice:
            warnings.append(f"the configuration was not reloaded: {notice}")
        if house.keeper.problem:
            warnings.append(house.keeper.problem)
        if ready < len(slots):
            warnings.append(f"{len(slots) - ready} of {len(slots)} workers are not ready")
        if lag_ms > house.config.telemetry.lag_threshold_ms:
            warnings.append(f"a worker sends {lag_ms:.1f} ms late: the machine is too busy for the planned pace")
        if in_flight > concurrency.max_concurrent_requests * concurrency.backpressure_threshold:
            warnings.append(f"{in_flight} requests in flight of {concurrency.max_concurrent_requests}")
        await respond_json(
            send,
            200 if ready else 503,
            {
                "status": ("degraded" if warnings else "healthy") if ready else "unhealthy",
                "version": __version__,
                "seed": house.engine.seeds.seed,
                "shard": f"{house.slot.pod}.{house.slot.ordinal}",
                "models": len(house.engine.models),
                "workers": {"ready": ready, "known": len(slots)},
                "uptime_secs": uptime(house),
                "scenarios": house.live.scenarios,
                "state": None if state is None else {"backend": state.backend, "state": state.state},
                "in_flight": in_flight,
                "queued": sum(slot["queued"] for slot in slots),
                "schedule_lag_ms": lag_ms,
                "warnings": warnings,
            },
        )


class Ready:
    """`/ready`: 200 while a worker of the fleet serves, and 503 from the moment that the fleet is told to stop.

    A worker that leaves while others serve answers for these: the service is ready. So does one whose fleet has
    handed its sockets over to another.
    """

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer."""
        if not await only_get(scope, send):
            return
        house = self._house
        board = house.slot.board
        stopping = board.shared[Shared.STOPPING]
        ready = stopping == Stopping.HANDED_OVER or (not stopping and board.ready() > 0)
        draining = house.row[Column.STATE] == SlotState.DRAINING
        await respond_json(send, 200 if ready else 503, {"ready": ready, "draining": draining})


class Live:
    """`/live`: 200 as long as this worker's loop turns."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer."""
        if await only_get(scope, send):
            await respond_json(send, 200, {"live": True})
