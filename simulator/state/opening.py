"""Chooses and makes the store of a worker. Wiring."""

from simulator.config.state import State
from simulator.state.embedded.store import Embedded
from simulator.state.slot import Slot
from simulator.state.store import Store


def prepare(settings: State) -> None:
    """Load what the store needs, so that a fork does not pay for it. Opens nothing.

    Raises ValueError for an address of Redis that cannot be one.
    """
    if settings.backend == "redis":
        from simulator.state.redis.client import Dialer  # noqa: PLC0415 - see `open_store`
        from simulator.state.redis.store import RedisStore  # noqa: F401, PLC0415 - loaded for the workers
        from simulator.state.redis.url import parse  # noqa: PLC0415 - as above

        Dialer(parse(settings.url), settings.redis.connect_timeout_ms / 1000)


def open_store(settings: State, slot: Slot) -> Store:
    """The store that the configuration names, not opened yet. Called in the worker, after the fork.

    With `backend: redis` the embedded store is its local fallback.
    """
    local = Embedded(
        slot.state,
        size_bytes=settings.size_mb << 20,
        owner=slot.identity.encode(),
        fleet=slot.fleet.encode(),
        board=slot.board,
        durable=settings.path is not None,
    )
    if settings.backend == "embedded":
        return local
    # Imported here, so that a fleet without Redis does not pay for its client in time and memory.
    from simulator.state.redis.store import RedisStore  # noqa: PLC0415

    return RedisStore(settings, slot, local)
