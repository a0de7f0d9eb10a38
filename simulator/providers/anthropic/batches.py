"""The Message Batches API. Pure but for the shelf, and for letting other requests have their turn.

A batch's requests are planned when it is made, to know which of them fail, and again when the results are read: they
are a function of the requests, and need no room in the store.
"""

import re
import types
from collections.abc import AsyncIterator, Generator, Sequence
from typing import Annotated, Any, Final

import msgspec
import orjson
from msgspec import Meta

from simulator.providers.anthropic.batch import ENDED, Batch
from simulator.providers.anthropic.blocks import Strict
from simulator.providers.anthropic.paging import limit_of
from simulator.providers.anthropic.request import version_of
from simulator.providers.anthropic.wire import ORGANIZATION, base58, json_headers, request_id
from simulator.providers.anthropic.wording import invalid, worder
from simulator.providers.base import Asked, Desk, Problem, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH, decode, quote

MOST_REQUESTS: Final = 100_000
ID_PATTERN: Final = "^[a-zA-Z0-9_-]{1,64}$"
KEPT: Final = 29 * 86_400.0
"""Seconds for which results can be had."""
CHUNK: Final = 256 * 1024
"""Bytes of requests that are stored in one object, where a single one is no larger."""
AT_A_TIME: Final = 16
"""Requests that are planned before others have their turn."""
_KIND: Final = "batch"
_MESSAGES: Final = "/v1/messages"
_PATH: Final = "/v1/messages/batches"
_ONE: Final = "/v1/messages/batches/{message_batch_id}"
_ID = re.compile(ID_PATTERN)
_HOST = re.compile(rb"[A-Za-z0-9.:_\[\]-]{1,255}\Z")
_JSONL: Final = (b"content-type", b"application/x-jsonl")
_STREAMED: Final = "stream: requests of a batch cannot be streamed"


class Line(Strict, frozen=True):
    """One request of a batch."""

    custom_id: str
    params: msgspec.Raw


class _Body(Strict, frozen=True):
    requests: Annotated[list[Line], Meta(min_length=1)]


class _Streams(msgspec.Struct, frozen=True):
    """As much of a request as tells whether it asks for a stream."""

    stream: Any = None


_bodies = msgspec.json.Decoder(_Body)
_batches = msgspec.json.Decoder(Batch)
_chunks = msgspec.json.Decoder(list[Line])
_streams = msgspec.json.Decoder(_Streams)
_encode = msgspec.json.Encoder().encode


class CreateBatch:
    """`POST /v1/messages/batches`."""

    method, path, label = "POST", _PATH, "batches"
    body = _Body

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """Store a batch; it is in progress from now on."""
        version_of(asked.headers)
        lines = decode(asked.body, _bodies, DEFAULT_DEPTH, worder(asked.body)).requests
        _check(lines)
        name = "msgbatch_01" + base58(desk.request_bits).decode()
        chunks = 0
        for chunk in _packed(lines):
            await desk.shelf.put(f"{_KIND}.{name}", f"{chunks}", _encode(chunk), KEPT)
            chunks += 1
        said = [asked.headers.get(name, b"").decode("latin-1") for name in (b"anthropic-version", b"anthropic-beta")]
        batch = Batch(name, desk.now, max(desk.batch_rate, 1e-6), len(lines), chunks, (), None, *said)
        errored = [place async for place, reply in _answers(lines, desk, batch) if reply.status != 200]
        batch = msgspec.structs.replace(batch, errored=tuple(errored))
        await desk.shelf.put(_KIND, name, _encode(batch), KEPT)
        return _told(batch, asked, desk)


class ListBatches:
    """`GET /v1/messages/batches`."""

    method, path, label = "GET", _PATH, "batches"
    query = ("after_id", "before_id", "limit")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """A page of the batches, the latest first."""
        version_of(asked.headers)
        target = asked.target
        limit = limit_of(target.first("limit"))
        after, before = target.first("after_id") or "", target.first("before_id") or ""
        if after and before:
            raise invalid("after_id", "Only one of `before_id` and `after_id` may be given")
        if before:
            # The page that ends before a batch has those that are next to it.
            found = list(await desk.shelf.page(_KIND, after=before, most=limit + 1, oldest_first=True))
            page = found[:limit][::-1]
        else:
            found = list(await desk.shelf.page(_KIND, after=after, most=limit + 1))
            page = found[:limit]
        data = [_described(_batches.decode(stored), asked, desk) for _, stored in page]
        body = {
            "data": data,
            "has_more": len(found) > limit,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
        }
        return Reply(200, json_headers(desk.request_bits), orjson.dumps(body))


class LookAtBatch:
    """`GET /v1/messages/batches/{message_batch_id}`."""

    method, path, label = "GET", _ONE, "batches"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """How far a batch is."""
        return _told((await _find(asked, desk))[0], asked, desk)


class CancelBatch:
    """`POST /v1/messages/batches/{message_batch_id}/cancel`."""

    method, path, label = "POST", _ONE + "/cancel", "batches"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """Cancel a batch. One that is being cancelled stays as it is."""
        while True:
            batch, stored = await _find(asked, desk)
            if batch.stage(desk.now) == ENDED:
                raise invalid("", f"Batch {batch.id} cannot be canceled: its processing has ended.")
            if batch.cancelled is not None:
                return _told(batch, asked, desk)
            cancelled = msgspec.structs.replace(batch, cancelled=desk.now)
            if await desk.shelf.swap(_KIND, batch.id, stored, _encode(cancelled)):
                return _told(cancelled, asked, desk)


class DeleteBatch:
    """`DELETE /v1/messages/batches/{message_batch_id}`."""

    method, path, label = "DELETE", _ONE, "batches"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """Forget a batch that has ended, and its results."""
        batch, _ = await _find(asked, desk)
        if batch.stage(desk.now) != ENDED:
            raise invalid("", f"Batch {batch.id} is still processing. Cancel it before you delete it.")
        await desk.shelf.drop(_KIND, batch.id)
        for chunk in range(batch.chunks):
            await desk.shelf.drop(f"{_KIND}.{batch.id}", f"{chunk}")
        body = orjson.dumps({"id": batch.id, "type": "message_batch_deleted"})
        return Reply(200, json_headers(desk.request_bits), body)


class ReadResults:
    """`GET /v1/messages/batches/{message_batch_id}/results`."""

    method, path, label = "GET", _ONE + "/results", "batches_results"
    answers = "application/x-jsonl"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """The outcome of every request, a line each, in the order of the requests."""
        batch, _ = await _find(asked, desk)
        if batch.stage(desk.now) != ENDED:
            raise Refusal(Problem.NOT_FOUND, f"Batch {batch.id} has no available results.")
        lines: list[Line] = []
        for number in range(batch.chunks):
            stored = await desk.shelf.get(f"{_KIND}.{batch.id}", f"{number}")
            if stored is None:
                raise Refusal(Problem.NOT_FOUND, f"The results of batch {batch.id} are no longer available.")
            lines += _chunks.decode(stored)
        done = batch.done
        parts = [
            b'{"custom_id":"%b","result":%b}\n' % (lines[place].custom_id.encode(), _outcome(reply, batch, place))
            async for place, reply in _answers(lines[:done], desk, batch)
        ]
        rest = b'{"type":"%b"}' % batch.rest.encode()
        parts += [b'{"custom_id":"%b","result":%b}\n' % (line.custom_id.encode(), rest) for line in lines[done:]]
        headers = (_JSONL, (b"request-id", request_id(desk.request_bits)), ORGANIZATION)
        return Reply(200, headers, b"".join(parts))


ACTIONS: Final = (CreateBatch(), ListBatches(), LookAtBatch(), CancelBatch(), DeleteBatch(), ReadResults())


def _check(lines: Sequence[Line]) -> None:
    if len(lines) > MOST_REQUESTS:
        raise invalid("requests", f"List should have at most {MOST_REQUESTS} items, not {len(lines)}")
    seen: set[str] = set()
    for number, line in enumerate(lines):
        if not _ID.fullmatch(line.custom_id):
            raise invalid(f"requests.{number}.custom_id", f"String should match pattern '{ID_PATTERN}'")
        if not bytes(line.params).startswith(b"{"):
            raise invalid(f"requests.{number}.params", "Input should be a valid dictionary")
        if line.custom_id in seen:
            raise invalid(f"requests.{number}.custom_id", f"'{line.custom_id}' is not unique within the batch")
        seen.add(line.custom_id)


def _packed(lines: Sequence[Line]) -> list[list[Line]]:
    """The requests in portions for the store."""
    portions: list[list[Line]] = []
    size = CHUNK
    for line in lines:
        weight = len(bytes(line.params))
        if size + weight > CHUNK:
            portions.append([])
            size = 0
        portions[-1].append(line)
        size += weight
    return portions


@types.coroutine
def _others_turn() -> Generator[None, None, None]:
    """Let what else waits for this process go first, as an event loop does at a bare `yield`."""
    yield


async def _answers(lines: Sequence[Line], desk: Desk, batch: Batch) -> AsyncIterator[tuple[int, Reply]]:
    """The place of each request and what it is answered; other work of the process has its turn between."""
    for place, line in enumerate(lines):
        if place % AT_A_TIME == AT_A_TIME - 1:
            await _others_turn()
        yield place, _answered(bytes(line.params), desk, batch, place)


def _answered(params: bytes, desk: Desk, batch: Batch, place: int) -> Reply:
    try:
        streamed = _streams.decode(params).stream is True
    except (msgspec.MsgspecError, ValueError, RecursionError):
        streamed = False
    if streamed:
        error = {"type": "error", "error": {"type": "invalid_request_error", "message": _STREAMED}}
        return Reply(400, (), orjson.dumps(error))
    return desk.run(_MESSAGES, params, place, batch.headers)


def _outcome(reply: Reply, batch: Batch, place: int) -> bytes:
    """A `result` as JSON. The error's request id is the request's own, whoever reads it."""
    if reply.status == 200:
        head, _, tail = reply.body.rpartition(b'"service_tier":"standard"')
        return b'{"type":"succeeded","message":%b"service_tier":"batch"%b}' % (head, tail)
    error = orjson.loads(reply.body)
    name = f"req_01{batch.id.removeprefix('msgbatch_01')[:18]}{place % 10_000:04}"
    return b'{"type":"errored","error":%b}' % orjson.dumps({**error, "request_id": name})


async def _find(asked: Asked, desk: Desk) -> tuple[Batch, bytes]:
    """A batch, and the bytes that it is stored as. Raises Refusal (NOT_FOUND)."""
    version_of(asked.headers)
    name = asked.target.parameters["message_batch_id"]
    stored = await desk.shelf.get(_KIND, name)
    if stored is None:
        raise Refusal(Problem.NOT_FOUND, f"Message batch not found: {quote(name)}", param="message_batch_id")
    return _batches.decode(stored), stored


def _told(batch: Batch, asked: Asked, desk: Desk) -> Reply:
    return Reply(200, json_headers(desk.request_bits), orjson.dumps(_described(batch, asked, desk)))


def _described(batch: Batch, asked: Asked, desk: Desk) -> dict[str, Any]:
    return batch.described(desk.now, f"{_origin(asked)}{_PATH}/{batch.id}/results")


def _origin(asked: Asked) -> str:
    """Where the client reached this server, as far as it says so; without it a URL is relative."""
    host = asked.headers.get(b"host", b"")
    if not _HOST.match(host):
        return ""
    secure = asked.headers.get(b"x-forwarded-proto", b"").split(b",")[0].strip() == b"https"
    return f"{'https' if secure else 'http'}://{host.decode('ascii')}"
