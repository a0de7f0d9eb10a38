"""Cached contexts: made, used, given another end, forgotten."""

import asyncio
import json

import msgspec
import pytest
from desk import MemoryDesk
from gemini_plans import NEW, OLD, PROVIDER, WEATHER, decoded, turn

from simulator.engine.request import Message

ALL, ONE = "/v1beta/cachedContents", "/v1beta/cachedContents/{name}"
GENERATE = "/v1/models/{model}:generateContent"
LONG = "word " * 2_000
MADE = {"model": f"models/{NEW}", "contents": [turn(LONG)], "systemInstruction": {"parts": [{"text": "Be terse."}]}}


@pytest.fixture
def desk():
    return MemoryDesk(PROVIDER)


def asked(desk, method, path, body=None, status=200, **more):
    reply = desk.ask(method, path, b"" if body is None else json.dumps(body).encode(), **more)
    assert reply.status == status, reply.body
    return json.loads(reply.body)


def named(cache):
    return {"parameters": {"name": cache["name"].removeprefix("cachedContents/")}}


def used(desk, cache, status=200, model=NEW, **more):
    body = {"contents": [turn("Hi")], "cachedContent": cache["name"], **more}
    return asked(desk, "POST", GENERATE, body, status, parameters={"model": model})


def test_what_a_client_sees_of_a_cache(desk):
    cache = asked(desk, "POST", ALL, {**MADE, "displayName": "mine", "ttl": "300s"})
    assert cache.pop("usageMetadata")["totalTokenCount"] > 2_000
    assert len(cache["name"]) == len("cachedContents/") + 40
    assert cache == {
        "name": cache["name"],
        "model": f"models/{NEW}",
        "createTime": "2027-01-15T08:00:00.000000Z",
        "updateTime": "2027-01-15T08:00:00.000000Z",
        "expireTime": "2027-01-15T08:05:00.000000Z",
        "displayName": "mine",
    }


def test_an_hour_unless_said_otherwise(desk):
    assert asked(desk, "POST", ALL, MADE)["expireTime"] == "2027-01-15T09:00:00.000000Z"
    given = asked(desk, "POST", ALL, {**MADE, "expireTime": "2027-01-16T00:00:00Z"})
    assert given["expireTime"] == "2027-01-16T00:00:00.000000Z"


def test_a_request_goes_on_with_a_cache(desk):
    cache = asked(desk, "POST", ALL, MADE)
    cached = cache["usageMetadata"]["totalTokenCount"]
    usage = used(desk, cache)["usageMetadata"]
    assert usage["cachedContentTokenCount"] == cached
    assert usage["cacheTokensDetails"] == [{"modality": "TEXT", "tokenCount": cached}]
    assert usage["promptTokenCount"] > cached


def test_a_count_goes_on_with_a_cache_too(desk):
    cache = asked(desk, "POST", ALL, MADE)
    whole = {"model": NEW, "contents": [turn("Hi")], "cachedContent": cache["name"]}
    path = "/v1beta/models/{model}:countTokens"
    found = asked(desk, "POST", path, {"generateContentRequest": whole}, parameters={"model": NEW})
    assert found["cachedContentTokenCount"] == cache["usageMetadata"]["totalTokenCount"] < found["totalTokens"]


def test_the_tools_of_a_cache_are_offered(desk):
    tools = {
        "tools": [{"functionDeclarations": [WEATHER]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY"}},
    }
    cache = asked(desk, "POST", ALL, {**MADE, **tools})
    (part,) = used(desk, cache)["candidates"][0]["content"]["parts"]
    assert part["functionCall"]["name"] == "get_weather"


def test_what_a_cache_brings_is_not_said_again(desk):
    cache = asked(desk, "POST", ALL, MADE)
    error = used(desk, cache, 400, systemInstruction={"parts": [{"text": "x"}]})["error"]
    assert error["message"].startswith("CachedContent can not be used with GenerateContent request setting")


def test_a_cache_is_for_its_model(desk):
    cache = asked(desk, "POST", ALL, MADE)
    message = used(desk, cache, 400, OLD)["error"]["message"]
    assert message == (
        f"Model used by GenerateContent request (models/{OLD}) and CachedContent (models/{NEW}) has to be the same."
    )


def test_caches_are_listed_in_pages(desk):
    assert asked(desk, "GET", ALL) == {}
    names = [asked(desk, "POST", ALL, MADE)["name"] for _ in range(3)]
    first = asked(desk, "GET", ALL, query={"pageSize": ["2"]})
    rest = asked(desk, "GET", ALL, query={"pageSize": ["2"], "pageToken": [first["nextPageToken"]]})
    assert "nextPageToken" not in rest
    found = first["cachedContents"] + rest["cachedContents"]
    assert [cache["name"] for cache in found] == names[::-1]


def test_only_the_end_of_a_cache_can_be_changed(desk):
    cache = asked(desk, "POST", ALL, MADE)
    desk.now += 60
    changed = asked(desk, "PATCH", ONE, {"ttl": "7200s"}, **named(cache))
    assert changed["expireTime"] == "2027-01-15T10:01:00.000000Z"
    assert changed["updateTime"] == "2027-01-15T08:01:00.000000Z"
    assert asked(desk, "GET", ONE, **named(cache)) == changed
    for body in ({}, {"displayName": "x"}, {"ttl": "5s", "contents": [turn("a")]}):
        assert "can be updated" in asked(desk, "PATCH", ONE, body, 400, **named(cache))["error"]["message"]


def test_a_cache_that_is_gone_looks_like_anothers(desk):
    cache = asked(desk, "POST", ALL, MADE)
    assert asked(desk, "DELETE", ONE, **named(cache)) == {}
    for answer in (
        asked(desk, "GET", ONE, status=403, **named(cache)),
        asked(desk, "DELETE", ONE, status=403, **named(cache)),
        asked(desk, "PATCH", ONE, {"ttl": "5s"}, 403, **named(cache)),
        used(desk, cache, 403),
    ):
        assert answer["error"]["message"] == "CachedContent not found (or permission denied)"
        assert answer["error"]["status"] == "PERMISSION_DENIED"


def test_a_cache_ends(desk):
    cache = asked(desk, "POST", ALL, {**MADE, "ttl": "2.5s"})
    desk.now += 2
    used(desk, cache)
    desk.now += 1
    used(desk, cache, 403)
    assert asked(desk, "GET", ALL) == {}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contents": [turn("short")]}, "Cached content is too small. total_token_count="),
        ({"contents": None, "systemInstruction": None}, "contents is not specified"),
        ({"model": None}, "cached_content.model: model is not specified"),
        ({"ttl": "5m"}, "Invalid value at 'ttl'"),
        ({"ttl": "0s"}, "expiration must be in the future"),
        ({"ttl": "9999999999s"}, "at most ten years"),
        ({"expireTime": "tomorrow"}, "Invalid value at 'expire_time'"),
        ({"expireTime": "2027-01-15T08:00:00"}, "Invalid value at 'expire_time'"),
        ({"expireTime": "2026-01-15T08:00:00Z"}, "expiration must be in the future"),
        ({"ttl": "5s", "expireTime": "2027-01-16T00:00:00Z"}, "is already set"),
        ({"nonsense": 1}, 'Unknown name "nonsense"'),
        ({"contents": [turn("a", "nobody")]}, "Please use a valid role"),
    ],
)
def test_caches_that_are_refused(desk, changes, message):
    assert message in asked(desk, "POST", ALL, {**MADE, **changes}, 400)["error"]["message"]


def test_a_cache_of_an_unknown_model(desk):
    assert "models/nope is not found" in asked(desk, "POST", ALL, {**MADE, "model": "nope"}, 404)["error"]["message"]


def test_a_name_that_is_none(desk):
    assert "Invalid CachedContent name" in used(desk, {"name": "projects/x"}, 400)["error"]["message"]


def test_a_cache_of_instructions_alone(desk):
    body = {"model": NEW, "systemInstruction": {"parts": [{"text": LONG}]}}
    cache = asked(desk, "POST", ALL, body)
    assert used(desk, cache)["usageMetadata"]["cachedContentTokenCount"] > 2_000


def test_what_a_session_put_before_a_request_stays(desk):
    """The server puts a session's messages into the decoded call before the dialect completes it."""
    cache = asked(desk, "POST", ALL, MADE)
    call = decoded(cachedContent=cache["name"])
    history = (Message("user", "Earlier"), Message("assistant", "Indeed"))
    resumed = msgspec.structs.replace(
        call, request=msgspec.structs.replace(call.request, messages=(*history, *call.request.messages))
    )
    messages = asyncio.run(PROVIDER.endpoints[0].recall(resumed, desk)).request.messages
    assert [message.role for message in messages] == ["system", "user", "user", "assistant", "user"]
    assert messages[2:4] == history
