"""The journal of requests: a ring in the shared state, one for all workers. Edge of the store.

A request is noted when it is known how it is answered and before the first byte of the answer is sent: whoever has
read an answer, or has waited for one in vain, finds the request in the journal, whichever worker is asked. Where the
store cannot write, the request is answered all the same and marked as degraded.
"""

import asyncio
import logging

import msgspec

from simulator.config.recording import Recording
from simulator.engine.plan import Usage
from simulator.server.exchange import Exchange
from simulator.server.recording.record import Record, decode, encode, without_key, without_keys
from simulator.server.sessions import scope_of
from simulator.state.store import Store, StoreUnavailable, TooLarge

log = logging.getLogger("simulator.recording")
SCOPE = "journal"
KIND = "requests"
COUNTER = b"journal"
NUMBERED = "recorded"
"""Under this name a request's number stands in its ASGI scope once it is noted; noted again it is replaced."""
COUNTED_US = 10_000 * 86_400_000_000
"""How long the numbers go on; after that they begin anew."""
PAGE = 100
MOST_PATH = 2_000
NOTHING_USED = Usage(0, 0)


async def note(
    exchange: Exchange,
    provider: str,
    endpoint: str,
    status: int,
    *,
    reason: str = "",
    usage: Usage = NOTHING_USED,
    streamed: bool = False,
) -> None:
    """Note a request that is about to be answered. `status` 0: its connection will be closed instead."""
    house, settings = exchange.house, exchange.live.recording
    store = house.store
    if store is None or settings is None:
        return
    scope, body = exchange.scope, exchange.body
    path = scope["path"]
    try:
        number = scope.get(NUMBERED) or await store.count(COUNTER, COUNTED_US)
        scope[NUMBERED] = number
        record = Record(
            number=number,
            time_us=int((house.wall() - exchange.elapsed) * 1e6),
            provider=provider,
            endpoint=endpoint,
            model=exchange.model,
            method=scope["method"],
            path=path[:MOST_PATH].encode("utf-8", "replace").decode(),
            query=without_key(scope["query_string"][:MOST_PATH]),
            headers=without_keys(scope["headers"]),
            scope=scope_of(exchange.headers),
            status=status,
            reason=reason,
            streamed=streamed,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            address=f"{exchange.address.pod}.{exchange.address.worker}/{exchange.address.sequence}",
            size=len(body),
            body=body[: settings.max_body_bytes],
        )
        await _put(exchange, store, settings, record)
    except StoreUnavailable as error:
        log.warning("a request was not recorded: %s", error)
        exchange.degraded = True


async def _put(exchange: Exchange, store: Store, settings: Recording, record: Record) -> None:
    """Write a record over the one that was written `max_requests` before it; without its body if it is too large."""
    name = f"{record.number % settings.max_requests:05d}"
    limits, ttl_us = exchange.live.object_limits, settings.ttl_secs * 1_000_000
    try:
        await store.put(SCOPE, KIND, name, encode(record), ttl_us, limits)
    except TooLarge:
        await store.put(SCOPE, KIND, name, encode(msgspec.structs.replace(record, body=b"")), ttl_us, limits)


async def recorded(store: Store) -> list[Record]:
    """What the journal has, in the order of arrival. Raises `StoreUnavailable`."""
    found: list[Record] = []
    after = ""
    while page := await store.objects(SCOPE, KIND, after=after, most=PAGE, oldest_first=True):
        after = page[-1][0]
        for name, body in page:
            try:
                found.append(decode(body))
            except msgspec.DecodeError as error:
                log.warning("record %s cannot be read and is left out: %s", name, error)
        await asyncio.sleep(0)  # requests go between the pages
    return sorted(found, key=lambda record: (record.time_us, record.number))


async def clear(store: Store) -> int:
    """Empty the journal; how many requests it had. Raises `StoreUnavailable`."""
    dropped = 0
    while page := await store.objects(SCOPE, KIND, most=PAGE, oldest_first=True):
        for name, _ in page:
            dropped += await store.drop(SCOPE, KIND, name)
        await asyncio.sleep(0)
    return dropped
