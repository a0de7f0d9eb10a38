"""Whatever comes in, a dialect answers or refuses; nothing else may leave `decode`."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai_plans import CHAT, COMPLETIONS, EMBEDDINGS, PROVIDER, REQUEST_BITS, answer_of, plan_of

from simulator.engine.plan import Choice, Finish
from simulator.providers.base import Refusal
from simulator.providers.openai.chat_schema import ChatBody
from simulator.providers.openai.schema import CompletionBody, EmbeddingBody, MessageBody

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["user", "tool", "assistant", "function", "auto", "required", "text", "json_schema", "data:,x"])
)
NAMES = st.sampled_from(
    [
        *{
            field.name
            for body in (ChatBody, CompletionBody, EmbeddingBody, MessageBody)
            for field in msgspec.structs.fields(body)
        },
        "type",
        "text",
        "image_url",
        "url",
        "function",
        "parameters",
        "json_schema",
        "schema",
        "id",
        "arguments",
        "custom",
        "allowed_tools",
        "mode",
        "grammar",
        "definition",
        "syntax",
        "format",
        "voice",
        "content",
        "approximate",
        "user_location",
        "policy",
        "include_obfuscation",
    ]
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=5)
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "tool", "assistant", "function", "system"])},
        optional={
            "content": VALUES
            | st.lists(
                st.sampled_from(
                    [
                        {"type": "text", "text": "x"},
                        {"type": "refusal", "refusal": "x"},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                        {"type": "input_audio", "input_audio": {"data": "é", "format": "wav"}},
                        {"type": "file", "file": {"file_data": ""}},
                    ]
                ),
                max_size=3,
            ),
            "tool_calls": st.just([{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{"}}]),
            "tool_call_id": st.sampled_from(["c", "", None]),
            "name": st.text(max_size=3),
        },
    ),
    max_size=4,
)
BODIES = st.dictionaries(NAMES, VALUES, max_size=5)
ENDPOINTS = pytest.mark.parametrize("endpoint", [CHAT, COMPLETIONS, EMBEDDINGS], ids=lambda endpoint: endpoint.label)


def held(endpoint, body):
    """Decode, and check that what comes of it can be hashed or shown."""
    refused = None
    try:
        call = endpoint.decode(body, {})
    except Refusal as refusal:
        refused = refusal
    if refused is None:
        assert msgspec.msgpack.encode(call.request)
        return
    reply = PROVIDER.refuse(refused, REQUEST_BITS)
    assert reply.status == 400
    assert len(reply.body) < 2_000
    assert json.loads(reply.body)["error"]["message"] == refused.message


@ENDPOINTS
@given(st.binary(max_size=200))
def test_any_bytes(endpoint, body):
    held(endpoint, body)


@ENDPOINTS
@settings(max_examples=300)
@given(BODIES)
def test_any_object_with_known_names(endpoint, body):
    held(endpoint, json.dumps({"model": "m", "prompt": "x", "input": "x", **body}).encode())
    held(endpoint, json.dumps(body).encode())


@settings(max_examples=300)
@given(MESSAGES, BODIES)
def test_any_conversation(messages, body):
    fields = {name: value for name, value in body.items() if name in ChatBody.__struct_fields__}
    held(CHAT, json.dumps({**fields, "model": "m", "messages": messages}).encode())
    held(CHAT, json.dumps({"model": "m", "messages": messages}).encode())


KEYWORDS = st.sampled_from(
    [
        "type",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "prefixItems",
        "anyOf",
        "allOf",
        "enum",
        "const",
        "$ref",
        "$defs",
        "format",
        "pattern",
        "minLength",
        "minimum",
        "default",
        "not",
        "uniqueItems",
    ]
)
KINDS = st.sampled_from(["object", "array", "string", "number", "null", "#", "#/$defs/a", "#/properties/a", "uri", "["])
SCHEMAS = st.recursive(
    SCALARS | KINDS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYWORDS | st.sampled_from(["a", "b"]), inner, max_size=4)
    ),
)


@settings(max_examples=300)
@given(
    st.dictionaries(st.text(max_size=4), VALUES, max_size=4) | st.dictionaries(KEYWORDS, SCHEMAS, max_size=5),
    st.booleans(),
)
def test_any_schema(schema, strict):
    function = {"name": "f", "strict": strict}
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    for given_schema in (schema, {**schema, "type": "object"}):
        tools = [{"type": "function", "function": {**function, "parameters": given_schema}}]
        held(CHAT, json.dumps({**body, "tools": tools}).encode())
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": given_schema, "strict": strict}}
        held(CHAT, json.dumps({**body, "response_format": form}).encode())


@given(st.text(max_size=20), st.sampled_from(["regex", "lark"]))
def test_any_grammar(definition, syntax):
    form = {"type": "grammar", "grammar": {"syntax": syntax, "definition": definition}}
    tools = [{"type": "custom", "custom": {"name": "c", "format": form}}]
    held(CHAT, json.dumps({"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": tools}).encode())


@ENDPOINTS
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"model":' * 50_000,
        b'{"model":"' + b"x" * 100_000 + b'","unknown":1}',
        b'{"' + b"k" * 100_000 + b'":1}',
        b'{"model":"m","messages":1' + b"0" * 100_000 + b"}",
        b'{"model":"m","temperature":1e' + b"9" * 100_000 + b"}",
        b'{"model":"m","user":"\\ud83d"}',
        b'{"model":"m","user":"\xed\xa0\x80"}',
        b'{"model":"m","user":"a\x00b"}',
        b"\x00\x01\x02",
        b"\x1f\x8b\x08\x00",
        "{}".encode("utf-16"),
    ],
    ids=range(12),
)
def test_known_attacks(endpoint, body):
    with pytest.raises(Refusal) as caught:
        endpoint.decode(body, {})
    held(endpoint, body)
    assert len(caught.value.message) < 1000


CONTENT = {"type": "content", "content": "The sea"}
RICH = st.fixed_dictionaries(
    {"model": st.sampled_from(["gpt-4o", "gpt-audio-mini", "o3", "gpt-5.6-sol", "gpt-4o-search-preview", "my-own"])},
    optional={
        "logprobs": st.booleans(),
        "top_logprobs": st.integers(0, 20),
        "modalities": st.sampled_from([["text"], ["audio"], ["text", "audio"]]),
        "audio": st.sampled_from([{"voice": "x", "format": form} for form in ("wav", "mp3", "pcm16", "opus")]),
        "prediction": st.sampled_from([CONTENT, {"type": "content", "content": ""}]),
        "moderation": st.just({"model": "m", "policy": {"input": {"mode": "block"}}}),
        "service_tier": st.sampled_from(["auto", "flex", "fast"]),
        "web_search_options": st.sampled_from([{}, {"search_context_size": "low", "user_location": None}]),
        "verbosity": st.sampled_from(["low", "medium"]),
        "reasoning_effort": st.sampled_from(["none", "minimal", "low", "max"]),
        "store": st.booleans(),
        "metadata": st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
        "n": st.integers(1, 3),
        "max_completion_tokens": st.integers(1, 40),
        "stream_options": st.fixed_dictionaries({}, optional={"include_obfuscation": st.booleans()}),
        "temperature": st.sampled_from([0, 1]),
        "stop": st.sampled_from(["x", ["a", "b"]]),
        "tools": st.just([{"type": "custom", "custom": {"name": "c"}}]),
    },
)


@settings(max_examples=150, deadline=None)
@given(RICH, st.booleans())
def test_any_combination_is_answered_or_refused(fields, stream):
    body = json.dumps({"messages": [{"role": "user", "content": "x"}], "stream": stream, **fields}).encode()
    refused = None
    try:
        call = CHAT.decode(body, {})
    except Refusal as refusal:
        refused = refusal
    if refused is not None:
        assert PROVIDER.refuse(refused, REQUEST_BITS).status == 400
        return
    choices = [Choice(("The", " sea"), finish, reasoning=("hm",)) for finish in (Finish.STOP, Finish.REFUSAL)]
    plan = plan_of(answer_of(*choices, Choice((), Finish.LENGTH)))
    assert json.loads(CHAT.reply(call, plan).body)["object"] == "chat.completion"
    shown = CHAT.stream(call, plan)
    assert shown.frames(0, shown.steps).endswith(b"data: [DONE]\n\n")
