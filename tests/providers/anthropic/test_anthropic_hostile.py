"""Whatever comes in, nothing but a Refusal comes out, and the Refusal can be written."""

import json

import msgspec
import pytest
from anthropic_desk import AnthropicDesk
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.providers.anthropic import Anthropic
from simulator.providers.base import Refusal

PROVIDER = Anthropic()
VERSIONS = st.sampled_from([b"2026-10-21", b"2023-06-01"])
BETAS = st.sampled_from([{}, {b"anthropic-beta": b"x"}])
encode_request = msgspec.json.Encoder(order="sorted").encode

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)

WORDS = """
text image document tool_use tool_result thinking search_result server_tool_use base64 url content user assistant
system enabled adaptive auto tool claude-opus-5 ephemeral application/pdf image/png text/plain object a file summarized
redacted_thinking claude-haiku-4-5 true high
"""
KEYS = """
type text source content data media_type url id tool_use_id name input role cache_control citations thinking
signature budget_tokens title input_schema format effort enabled file_id display cache_control
"""
words, keys = st.sampled_from(WORDS.split()), st.sampled_from(KEYS.split())
near_values = st.recursive(
    words | st.integers(-2, 4096) | st.none() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)
near_bodies = st.fixed_dictionaries(
    {
        "model": words,
        "max_tokens": st.integers(0, 9),
        "messages": st.lists(
            st.fixed_dictionaries({"role": words, "content": near_values | st.lists(near_values, max_size=3)}),
            max_size=4,
        ),
    },
    optional=dict.fromkeys(
        [
            "system",
            "tools",
            "tool_choice",
            "thinking",
            "output_config",
            "metadata",
            "temperature",
            "top_k",
            "cache_control",
            "speed",
            "container",
            "diagnostics",
        ],
        near_values,
    ),
)
documents = st.fixed_dictionaries(
    {
        "type": st.sampled_from(["document", "search_result", "image"]),
        "source": st.fixed_dictionaries(
            {"type": st.sampled_from(["text", "base64", "content", "file"])},
            optional={
                "media_type": words,
                "data": st.text(max_size=9),
                "content": near_values,
                "file_id": st.text(max_size=9),
            },
        )
        | words,
    },
    optional={
        "citations": st.fixed_dictionaries({"enabled": st.booleans() | st.none()}) | near_values,
        "content": near_values,
        "title": words | st.none(),
    },
)
near_conversations = st.fixed_dictionaries(
    {
        "model": st.sampled_from(["claude-haiku-4-5", "claude-opus-5-5", "claude-none"]),
        "max_tokens": st.integers(0, 99),
        "messages": st.lists(
            st.fixed_dictionaries(
                {
                    "role": st.sampled_from(["user", "assistant"]),
                    "content": st.text(max_size=4) | st.lists(documents | near_values, max_size=3),
                }
            ),
            min_size=1,
            max_size=3,
        ),
    },
    optional={"thinking": near_values, "cache_control": near_values, "system": near_values},
)


SCHEMA_KEYS = """
type properties required items anyOf oneOf allOf enum const $ref $defs additionalProperties minItems minimum pattern not
minLength prefixItems default a
"""
SCHEMA_WORDS = "object array string integer number null date #/$defs/a # ^a+$ a"
schema_values = st.recursive(
    st.sampled_from(SCHEMA_WORDS.split()) | st.integers(-1, 3) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(SCHEMA_KEYS.split()), inner, max_size=5)
    ),
    max_leaves=20,
)
schemas = st.builds(
    lambda given, more: {"type": "object", "additionalProperties": False, **given, "properties": more},
    st.dictionaries(st.sampled_from(SCHEMA_KEYS.split()), schema_values, max_size=4),
    st.dictionaries(st.sampled_from("abc"), schema_values, max_size=3) | schema_values,
)


def check(body: bytes, version: bytes, beta: dict[bytes, bytes]) -> None:
    for endpoint in PROVIDER.endpoints:
        try:
            request = endpoint.decode(body, {b"anthropic-version": version, **beta}).request
        except Refusal as refusal:
            reply = PROVIDER.refuse(refusal, bytes(16))
            assert reply.status == 400
            assert json.loads(reply.body)["error"]["message"]
        else:
            assert encode_request(request)


@given(st.binary(max_size=200), VERSIONS, BETAS)
def test_any_bytes(body, version, beta) -> None:
    check(body, version, beta)


@given(json_values, VERSIONS, BETAS)
def test_any_json(value, version, beta) -> None:
    check(json.dumps(value).encode("utf-8", "replace"), version, beta)


@settings(max_examples=300)
@given(near_bodies, VERSIONS, BETAS)
def test_almost_a_request(body, version, beta) -> None:
    check(json.dumps(body).encode(), version, beta)


@settings(max_examples=150)
@given(near_conversations | near_bodies, VERSIONS)
def test_almost_a_conversation_gets_an_answer_or_a_refusal(body, version) -> None:
    desk = AnthropicDesk()
    for path in ("/v1/messages", "/v1/messages/count_tokens"):
        given = {key: value for key, value in body.items() if key != "max_tokens" or path == "/v1/messages"}
        reply = desk.ask("POST", path, json.dumps(given).encode(), headers={b"anthropic-version": version})
        assert reply.status in (200, 400, 404)
        json.loads(reply.body)


names = st.text(max_size=8) | st.sampled_from(["file_01", "msgbatch_01", "a" * 500, "\x00", "\ud800", "é"])


@settings(max_examples=60)
@given(
    st.binary(max_size=40),
    names,
    st.dictionaries(st.sampled_from(["limit", "page", "after_id", "ids", "before_id"]), names),
)
def test_any_request_of_an_action(body, name, query) -> None:
    desk = AnthropicDesk()
    parameters = {"file_id": name, "message_batch_id": name}
    for action in PROVIDER.actions:
        target = {"parameters": parameters, "query": {key: [value] for key, value in query.items()}}
        reply = desk.ask(action.method, action.path, body, **target)
        assert reply.status in (200, 400, 404)
        json.loads(reply.body)


@settings(max_examples=300)
@given(schemas, schemas, st.booleans(), VERSIONS)
def test_any_schema(tool, form, strict, version) -> None:
    body = {
        "model": "claude-opus-5",
        "max_tokens": 9,
        "messages": [{"role": "user", "content": "x"}],
        "tools": [{"name": "f", "input_schema": tool, "strict": strict}],
    }
    check(json.dumps(body).encode(), version, {})
    del body["tools"]
    config = {"format": {"type": "json_schema", "schema": form}}
    check(json.dumps(body | {"output_config": config}).encode(), version, {})
    check(json.dumps(body | {"output_format": config["format"]}).encode(), version, {b"anthropic-beta": b"x"})


@given(st.binary(max_size=64).filter(lambda version: version not in (b"2026-10-21", b"2023-06-01")))
def test_any_version(version) -> None:
    with pytest.raises(Refusal, match="anthropic-version"):
        PROVIDER.endpoints[0].decode(b"{}", {b"anthropic-version": version})


@pytest.mark.parametrize("value", ["[" * 100_000, '{"a":' * 100_000, '"' + "\\u0000" * 1000, "9" * 10_000])
def test_endless_bodies(value) -> None:
    body = b'{"model":"m","max_tokens":1,"messages":%b'
    check(body % value.encode(), b"2026-10-21", {})
    turn = b'[{"role":"user","content":[{"type":"server_tool_use","input":%b}]}]}'
    check(body % (turn % value.encode()), b"2026-10-21", {})
