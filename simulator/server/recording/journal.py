"""The journal of requests: a ring in the shared state, one for all workers. Edge of the store.

A request is noted when it is known how it is answered and before the first byte of the answer is sent: whoever has
read an answer, or has waited for one in vain, finds the request in the journal, whichever worker is asked. Where the
store cannot write, the request is answered all the same and marked as degraded.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import msgspec

from simulator.config.recording import Recording
from simulator.engine.plan import Fault, Plan, Usage
from simulator.providers.base import Reply, Stream
from simulator.server.context import House, header_map
from simulator.server.ending import billed
from simulator.server.exchange import Exchange
from simulator.server.failing.told import HEADER
from simulator.server.live import Live
from simulator.server.recording.answered import Answered, of_nothing, of_plan
from simulator.server.recording.record import Record, decode, encode, without_key, without_keys
from simulator.server.sessions import scope_of
from simulator.server.transport.wire import Ending, Wire
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
    answered: Answered | None = None,
) -> None:
    """Note a request that is about to be answered without a plan. `answered` is what is sent, where that is known."""
    await _noted(exchange, (provider, endpoint), status, reason, usage=usage, streamed=streamed, answered=answered)


async def note_plan(
    exchange: Exchange,
    who: tuple[str, str],
    plan: Plan,
    sent: Reply | Stream | Wire,
    fault: Fault | None = None,
    *,
    status: int = 200,
    detached: bool = False,
) -> None:
    """Note a request that is about to be answered as planned. `who` is the provider and the endpoint.

    `sent` is the answer, or the words of a `fault` in its place; `status` is that of a wire of which something is sent.
    `detached` is as in `of_plan`.
    """
    usage, reason = billed(plan), ""
    if fault is not None:
        usage, reason = NOTHING_USED, fault.kind.value
    elif plan.disturbances:
        reason = plan.disturbances[0].kind.value
    if isinstance(sent, Reply):
        status = sent.status
    elif isinstance(sent, Wire) and sent.ending is not Ending.COMPLETE and not any(one.data for one in sent.frames):
        # Steps that the client is not shown have no bytes: the connection ends before its head.
        status = 0
    if fault is not None and fault.hang_up and exchange.direct is not None:
        status, answered = 0, of_nothing(fault.after)
    else:
        answered = of_plan(plan, sent, fault, detached=detached)
    if exchange.live.config.simulation.deterministic is False:
        answered = msgspec.structs.replace(answered, digest="")
    streamed = sent.streamed if isinstance(sent, Wire) else not isinstance(sent, Reply)
    await _noted(
        exchange, who, status, reason, usage=usage, streamed=streamed, answered=answered, planned=True,
        struck=plan.struck,
    )  # fmt: skip


async def _noted(
    exchange: Exchange,
    who: tuple[str, str],
    status: int,
    reason: str,
    *,
    usage: Usage = NOTHING_USED,
    streamed: bool = False,
    planned: bool = False,
    struck: tuple[str, ...] = (),
    answered: Answered | None = None,
) -> None:
    house, settings, body, address = exchange.house, exchange.live.recording, exchange.body, exchange.address
    if settings is None:
        return
    record = Record(
        **_line(exchange.scope, exchange.headers),
        number=0,
        time_us=int((house.wall() - exchange.elapsed) * 1e6),
        provider=who[0],
        endpoint=who[1],
        model=exchange.model,
        status=status,
        reason=reason,
        streamed=streamed,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        address=f"{address.pod}.{address.worker}/{address.sequence}",
        size=len(body),
        body=body[: settings.max_body_bytes],
        seed=address.seed,
        key=address.key,
        retry=address.retry,
        circumstances=_told(exchange.told),
        struck=struck,
        planned=planned,
        answered=answered,
    )
    if not await _kept(house.store, exchange.live, exchange.scope, settings, record):
        exchange.degraded = True


def _told(lines: bytes) -> str:
    """The circumstances among the header lines that a response will have."""
    found = [value for name, _, value in (line.partition(b": ") for line in lines.split(b"\r\n")) if name == HEADER]
    return found[0].decode("latin-1") if found else ""


async def note_unplanned(house: House, live: Live, scope: Any, provider: str, endpoint: str, status: int) -> None:
    """Note a request whose body nobody reads. It takes no address, so that it changes nothing for those that follow."""
    settings = live.recording
    if settings is None:
        return
    record = Record(
        **_line(scope, header_map(scope)),
        number=0,
        time_us=int(house.wall() * 1e6),
        provider=provider,
        endpoint=endpoint,
        model="",
        status=status,
        reason="",
        streamed=False,
        input_tokens=0,
        output_tokens=0,
        address="",
        size=0,
        body=b"",
    )
    await _kept(house.store, live, scope, settings, record)


def _line(scope: Any, headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The request's first line and its headers."""
    path: str = scope["path"][:MOST_PATH]
    return {
        "method": scope["method"],
        "path": path.encode("utf-8", "replace").decode(),
        "query": without_key(scope["query_string"][:MOST_PATH]),
        "headers": without_keys(scope["headers"]),
        "scope": scope_of(headers),
    }


async def _kept(store: Store | None, live: Live, scope: Any, settings: Recording, record: Record) -> bool:
    """Write a record over the one that came `max_requests` before it, without its body if it is too large.

    False if the store cannot.
    """
    if store is None:
        return False
    limits, ttl_us = live.object_limits, settings.ttl_secs * 1_000_000
    try:
        number = scope.get(NUMBERED) or await store.count(COUNTER, COUNTED_US)
        scope[NUMBERED] = number
        name = f"{number % settings.max_requests:05d}"
        record = msgspec.structs.replace(record, number=number)
        try:
            await store.put(SCOPE, KIND, name, encode(record), ttl_us, limits)
        except TooLarge:
            await store.put(SCOPE, KIND, name, encode(msgspec.structs.replace(record, body=b"")), ttl_us, limits)
    except StoreUnavailable as error:
        log.warning("a request was not recorded: %s", error)
        return False
    return True


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
