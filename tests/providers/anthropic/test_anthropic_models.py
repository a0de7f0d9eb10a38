"""The listing of models, judged by the SDK's types."""

import json
from datetime import UTC, datetime

import msgspec
import pytest
from anthropic.types import ModelInfo
from pydantic import BaseModel

from simulator.providers.anthropic import Anthropic
from simulator.providers.anthropic.generation import Generation, before, generation, since
from simulator.providers.base import ModelEntry, Problem, Refusal

PROVIDER = Anthropic()
BITS = bytes(range(16))
IDS = [
    "claude-opus-5-5",
    "claude-opus-4-8",
    "claude-sonnet-4-6",
    "claude-haiku-4-5-20251001",
    "claude-opus-4-20250514",
    "claude-3-7-sonnet-20250219",
    "claude-3-haiku-20240307",
    "claude-mythos-preview",
    "house-model",
]


def entry(name="claude-haiku-4-5", created=1_760_000_000) -> ModelEntry:
    return ModelEntry(name, "anthropic", name.title(), created, 200_000, 64_000, "chat")


ENTRIES = [entry(f"m{number:02}", 1_700_000_000 + number * 86_400) for number in range(25)]
NEWEST_FIRST = [each.id for each in reversed(ENTRIES)]


def page(**query) -> dict:
    return json.loads(PROVIDER.models(ENTRIES, query, BITS).body)


def ids(listing: dict) -> list[str]:
    return [each["id"] for each in listing["data"]]


def unknown_fields(model: BaseModel) -> list[str]:
    found = list(model.model_extra or ())
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            found += unknown_fields(value)
    return found


@pytest.mark.parametrize("name", IDS)
def test_the_sdk_takes_a_model_strictly(name) -> None:
    reply = PROVIDER.model(entry(name), BITS)
    info = ModelInfo.model_validate_json(reply.body, strict=True)
    assert unknown_fields(info) == []
    assert (info.id, info.type, info.display_name) == (name, "model", name.title())
    assert (info.lifecycle == "active") == (info.deprecated_at is None) == (info.retires_at is None)
    assert (info.max_input_tokens, info.max_tokens) == (200_000, 64_000)
    assert info.created_at == datetime.fromtimestamp(1_760_000_000, UTC)
    assert info.capabilities.batch.supported
    assert reply.status == 200


def test_every_known_capability_is_told() -> None:
    def keys(model: type[BaseModel]) -> dict:
        fields = {}
        for name, field in model.model_fields.items():
            inner = [
                each for each in (field.annotation, *getattr(field.annotation, "__args__", ())) if each is not None
            ]
            nested = [each for each in inner if isinstance(each, type) and issubclass(each, BaseModel)]
            fields[name] = keys(nested[0]) if nested else {}
        return fields

    def shape(value) -> dict:
        return {name: shape(inner) for name, inner in value.items()} if isinstance(value, dict) else {}

    told = json.loads(PROVIDER.model(entry(), BITS).body)
    assert shape(told) == keys(ModelInfo)


def test_capabilities_follow_the_generation() -> None:
    def told(name):
        return json.loads(PROVIDER.model(entry(name), BITS).body)["capabilities"]

    old, middle, new = told("claude-3-haiku-20240307"), told("claude-opus-4-6"), told("claude-opus-5-5")
    assert [each["thinking"]["supported"] for each in (old, middle, new)] == [False, True, True]
    assert [each["thinking"]["types"]["enabled"]["supported"] for each in (old, middle, new)] == [False, True, False]
    assert [each["effort"]["xhigh"]["supported"] for each in (old, middle, new)] == [False, False, True]
    assert not told("claude-fable-5")["thinking"]["types"]["disabled"]["supported"]


def test_lifecycles() -> None:
    names = ["claude-opus-5-5", "claude-sonnet-4-5-20250929", "claude-3-opus-20240229"]
    entries = [entry(name) for name in names]

    def listed(**query):
        return {
            each["id"]: each["lifecycle"] for each in json.loads(PROVIDER.models(entries, query, BITS).body)["data"]
        }

    stages = dict(zip(names, ("active", "deprecated", "retired"), strict=True))
    assert listed() == {name: stages[name] for name in names[:2]}
    for name, stage in stages.items():
        assert listed(lifecycle=stage) == {name: stage}
    assert listed(lifecycle="active,deprecated,retired") == stages
    told = json.loads(PROVIDER.model(entries[1], BITS).body)
    assert told["retires_at"] == "2026-11-30T00:00:00Z"
    assert told["deprecated_at"] < told["retires_at"]
    alias = msgspec.structs.replace(entries[1], id="claude-sonnet-4-5", alias_of=names[1])
    assert json.loads(PROVIDER.model(alias, BITS).body)["lifecycle"] == "deprecated"


def test_a_model_without_a_name_shows_its_id() -> None:
    nameless = ModelEntry("x", "anthropic", "", 0, 1, 1, "chat")
    info = json.loads(PROVIDER.model(nameless, BITS).body)
    assert info["display_name"] == "x"
    assert info["created_at"] == "1970-01-01T00:00:00Z"
    assert info["line"] is None


def test_the_first_page_is_the_newest() -> None:
    listing = page()
    assert ids(listing) == NEWEST_FIRST[:20]
    assert (listing["first_id"], listing["last_id"], listing["has_more"]) == ("m24", "m05", True)
    assert ids(page(limit="1000")) == NEWEST_FIRST
    assert page(limit="25")["has_more"] is False


@pytest.mark.parametrize("limit", [1, 3, 7, 24, 25])
def test_following_the_cursor_shows_all_once(limit) -> None:
    seen, listing = [], page(limit=str(limit))
    seen += ids(listing)
    while listing["has_more"]:
        listing = page(limit=str(limit), after_id=listing["last_id"])
        seen += ids(listing)
    assert seen == NEWEST_FIRST


@pytest.mark.parametrize("limit", [1, 3, 7])
def test_following_the_cursor_backwards(limit) -> None:
    seen, listing = ["m00"], page(limit=str(limit), before_id="m00")
    seen = ids(listing) + seen
    while listing["has_more"]:
        listing = page(limit=str(limit), before_id=listing["first_id"])
        seen = ids(listing) + seen
    assert seen == NEWEST_FIRST


def test_an_empty_page() -> None:
    nothing = {"data": [], "has_more": False, "first_id": None, "last_id": None}
    assert page(after_id="m00") == nothing
    assert page(**{"lifecycle[]": "retired"}) == nothing
    assert json.loads(PROVIDER.models([], {}, BITS).body) == nothing


def test_stages() -> None:
    assert ids(page(lifecycle="active")) == NEWEST_FIRST[:20]
    assert ids(page(**{"lifecycle[]": "active,retired"})) == NEWEST_FIRST[:20]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": "0"}, "limit: Input should be greater than or equal to 1"),
        ({"limit": "1001"}, "limit: Input should be less than or equal to 1000"),
        ({"limit": "x"}, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ({"limit": "-1"}, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ({"limit": "\u0663"}, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ({"limit": "9" * 5000}, "limit: Input should be a valid integer, unable to parse string as an integer"),
        ({"after_id": "nobody"}, "after_id: no model 'nobody' in this list"),
        ({"before_id": "nobody"}, "before_id: no model 'nobody' in this list"),
        ({"after_id": "m00", "before_id": "m01"}, "after_id: Only one of `before_id` and `after_id` may be given"),
        ({"lifecycle": "gone"}, "lifecycle: Input should be 'active', 'deprecated' or 'retired', not 'gone'"),
    ],
)
def test_wrong_parameters(query, message) -> None:
    with pytest.raises(Refusal) as caught:
        PROVIDER.models(ENTRIES, query, BITS)
    assert caught.value.message == message
    assert caught.value.problem is Problem.INVALID


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("claude-opus-4-8", Generation("opus", (4, 8))),
        ("claude-opus-5", Generation("opus", (5, 0))),
        ("claude-haiku-4-5-20251001", Generation("haiku", (4, 5))),
        ("claude-opus-4-20250514", Generation("opus", (4, 0))),
        ("claude-3-5-sonnet-latest", Generation("sonnet", (3, 5))),
        ("claude-3-haiku-20240307", Generation("haiku", (3, 0))),
        ("claude-mythos-preview", Generation("mythos", (4, 6))),
        ("claude-2.1", None),
        ("gpt-4o", None),
    ],
)
def test_generations(name, known) -> None:
    assert generation(name) == known


def test_a_nameless_generation_is_neither_before_nor_since() -> None:
    assert since("claude-opus-4-8", (4, 8))
    assert before("claude-opus-4-7", (4, 8))
    assert not before("claude-opus-4-8", (4, 8))
    assert not since("x", (0, 0))
    assert not before("x", (99, 0))


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({b"anthropic-version": b"2023-06-01"}, True),
        ({b"anthropic-version": b"2026-10-21", b"authorization": b"Bearer k"}, True),
        ({b"x-api-key": b"k"}, True),
        ({b"x-api-key": b"k", b"authorization": b"Bearer k"}, False),
        ({b"authorization": b"Bearer k"}, False),
        ({}, False),
    ],
)
def test_claims(headers, ours) -> None:
    assert PROVIDER.claims(headers) is ours


def test_the_provider_tells_its_paths() -> None:
    assert PROVIDER.name == "anthropic"
    assert PROVIDER.models_paths == ("/v1/models",)
    assert [each.path for each in PROVIDER.endpoints] == ["/v1/messages", "/v1/messages/count_tokens"]
    assert [each.label for each in PROVIDER.endpoints] == ["messages", "count_tokens"]
