"""cachedContents: made, listed, read, given another end, deleted. Each operation is an `Action`.

What a cache costs is counted by the dialect's own counting method. It is found until it expires, by the key that
made it.
"""

import re
from typing import Any, Final

import msgspec

from simulator.providers.base import Action, Asked, Desk, Problem, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH, quote
from simulator.providers.gemini.schema import CacheBody
from simulator.providers.gemini.shelf import (
    CACHES,
    CacheRecord,
    cache_of,
    encode,
    file_names,
    no_cache,
    page_of,
    read_caches,
    stored_of,
    token_of,
)
from simulator.providers.gemini.wire import base36, seconds_of, told
from simulator.providers.gemini.wording import UNREADABLE, invalid, read, unfit

COUNTER: Final = "/v1beta/models/{model}:countTokens"
LEAST_TOKENS: Final = 1_024
LIFETIME: Final = 3_600.0
LONGEST: Final = 10 * 366 * 86_400.0
"""Seconds until a cache ends, at most; beyond that a date may have no form."""
USUAL: Final = 100
MOST: Final = 1_000
_KIND: Final = "CreateCachedContentRequest"
_NAME_LENGTH: Final = 40
_DURATION: Final = re.compile(r"(\d{1,10}(?:\.\d{1,9})?)s")


class _Cached:
    """The base of the operations under one API version."""

    label = "cached_contents"

    def __init__(self, version: str, max_depth: int = DEFAULT_DEPTH) -> None:
        self.path = f"/{version}/cachedContents{self._below}"
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(CacheBody)

    _below = ""

    def _read(self, asked: Asked) -> CacheBody:
        return read(asked.body, self._decoder, CacheBody, self._depth)


class Create(_Cached):
    """POST cachedContents."""

    method = "POST"
    body = CacheBody

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        given = self._read(asked)
        if not given.model:
            raise unfit(_KIND, ["cached_content.model: model is not specified"])
        expires = _end(given, desk.now) or desk.now + LIFETIME
        await stored_of(desk, file_names(given.contents or ()))
        whole: dict[str, Any] = {
            "model": given.model,
            "contents": given.contents,
            "systemInstruction": given.system_instruction,
            "tools": given.tools,
            "toolConfig": given.tool_config,
        }
        if not given.contents and given.system_instruction is None:
            raise unfit(_KIND, ["cached_content.contents: contents is not specified"])
        counted = desk.run(COUNTER, encode({"generateContentRequest": whole}))
        if counted.status != 200:
            return counted
        tokens = int(msgspec.json.decode(counted.body)["totalTokens"])
        if tokens < LEAST_TOKENS:
            raise invalid(
                f"Cached content is too small. total_token_count={tokens}, min_total_token_count={LEAST_TOKENS}"
            )
        record = CacheRecord(
            base36(desk.request_bits + b"cache", _NAME_LENGTH),
            given.model.removeprefix("models/"),
            desk.now,
            desk.now,
            expires,
            tokens,
            given.display_name or "",
            given.contents,
            given.system_instruction,
            given.tools,
            given.tool_config,
        )
        await _keep(record, desk)
        return told(record.shown())


class List(_Cached):
    """GET cachedContents."""

    method = "GET"
    query = ("pageSize", "pageToken")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        size, after = page_of(asked.target, USUAL, MOST)
        page = await desk.shelf.page(CACHES, after=after, most=size + 1)
        records = read_caches(page[:size])
        found: dict[str, Any] = {}
        alive = [record.shown() for record in records if record.expires > desk.now]
        if alive:
            found["cachedContents"] = alive
        if len(page) > size:
            found["nextPageToken"] = token_of(page[size - 1][0])
        return told(found)


class Get(_Cached):
    """GET cachedContents/{name}."""

    method = "GET"
    _below = "/{name}"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        return told((await cache_of(desk, asked.target.parameters["name"])).shown())


class Update(_Cached):
    """PATCH cachedContents/{name}: only its end can be changed."""

    method = "PATCH"
    body = CacheBody
    query = ("updateMask",)
    _below = "/{name}"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        given = self._read(asked)
        expires = _end(given, desk.now)
        if expires is None or given.contents or given.system_instruction or given.tools or given.tool_config:
            raise invalid("Only the expiration (`ttl` or `expire_time`) of a CachedContent can be updated.")
        record = await cache_of(desk, asked.target.parameters["name"])
        record = msgspec.structs.replace(record, updated=desk.now, expires=expires)
        await _keep(record, desk)
        return told(record.shown())


class Delete(_Cached):
    """DELETE cachedContents/{name}."""

    method = "DELETE"
    _below = "/{name}"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        if not await desk.shelf.drop(CACHES, asked.target.parameters["name"]):
            raise no_cache()
        return told({})


def actions(version: str, max_depth: int = DEFAULT_DEPTH) -> tuple[Action, ...]:
    """All operations under an API version."""
    return tuple([kind(version, max_depth) for kind in (Create, List, Get, Update, Delete)])


async def _keep(record: CacheRecord, desk: Desk) -> None:
    await desk.shelf.put(CACHES, record.name, encode(record), record.expires - desk.now)


def _end(given: CacheBody, now: float) -> float | None:
    """When a cache ends, None where the client does not say. Raises `Refusal`."""
    if given.ttl is not None and given.expire_time is not None:
        told_twice = "oneof field 'expiration' is already set. Cannot set 'ttl'"
        raise Refusal(Problem.INVALID, f"Invalid value (oneof), {told_twice}", param="ttl", code=UNREADABLE)
    if given.ttl is not None:
        match = _DURATION.fullmatch(given.ttl)
        if match is None:
            said = f"Invalid value at 'ttl' (type.googleapis.com/google.protobuf.Duration), \"{quote(given.ttl)}\""
            raise Refusal(Problem.INVALID, said, param="ttl", code=UNREADABLE)
        end = now + float(match[1])
    elif given.expire_time is not None:
        found = seconds_of(given.expire_time)
        if found is None:
            said = (
                "Invalid value at 'expire_time' (type.googleapis.com/google.protobuf.Timestamp), "
                f'"{quote(given.expire_time)}"'
            )
            raise Refusal(Problem.INVALID, said, param="expire_time", code=UNREADABLE)
        end = found
    else:
        return None
    if not now < end <= now + LONGEST:
        raise invalid("CachedContent expiration must be in the future, and at most ten years ahead.", "ttl")
    return end
