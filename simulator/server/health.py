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
from simulator.state.board import Column, SlotState

STALE_NS = 5_000_000_000
"""A slot whose loop has not beaten for so long is told as stalled."""


def fleet_facts(house: House) -> dict[str, Any]:
    """What the board tells of the fleet, by slot."""
    board = house.slot.board
    now = house.clock()
    slots = []
    for ordinal in range(board.slots):
        row = board.row(ordinal)
        state = SlotState(row[Column.STATE])
        if state is SlotState.EMPTY and not row[Column.BOOTED_NS]:
            continue
        beat = row[Column.HEARTBEAT_NS]
        slots.append(
            {
                "ordinal": ordinal,
                "state": state.name.lower(),
                "pid": row[Column.PID],
                "stalled": bool(beat) and state is SlotState.READY and now * 1e9 - beat > STALE_NS,
                "connections": row[Column.CONNECTIONS],
                "in_flight": row[Column.IN_FLIGHT],
                "queued": row[Column.QUEUED],
                "streams": row[Column.STREAMS],
                "sequence": row[Column.SEQUENCE],
                "requests": row[Column.REQUESTS],
                "refused": row[Column.REFUSED],
                "tokens_out": row[Column.TOKENS_OUT],
                "schedule_lag_ms": round(lag_of(row, now) * 1000, 3),
                "restarts": row[Column.RESTARTS],
                "config_revision": row[Column.REVISION],
            }
        )
    return {"slots": slots}


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
        warnings = []
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
                "in_flight": in_flight,
                "queued": sum(slot["queued"] for slot in slots),
                "schedule_lag_ms": lag_ms,
                "warnings": warnings,
            },
        )


class Ready:
    """`/ready`: 200 unless this worker drains or the fleet has no ready worker."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer."""
        if not await only_get(scope, send):
            return
        states = self._house.slot.board.column(Column.STATE)
        draining = self._house.row[Column.STATE] == SlotState.DRAINING
        ready = SlotState.READY in states and not draining
        await respond_json(send, 200 if ready else 503, {"ready": ready, "draining": draining})


class Live:
    """`/live`: 200 as long as this worker's loop turns."""

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer."""
        if await only_get(scope, send):
            await respond_json(send, 200, {"live": True})
