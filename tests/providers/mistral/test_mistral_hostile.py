"""Whatever comes in, the dialect answers or refuses; nothing else may leave `decode`."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mistral_plans import ENDPOINTS, PROVIDER, REQUEST_BITS

from simulator.providers.base import Refusal
from simulator.providers.mistral import schema

NAMES = st.sampled_from(
    sorted(
        {
            field.encode_name
            for shape in vars(schema).values()
            if isinstance(shape, type) and issubclass(shape, msgspec.Struct) and shape is not msgspec.Struct
            for field in msgspec.structs.fields(shape)
        }
        | {"type"}
    )
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["user", "tool", "assistant", "any", "function", "json_schema", "thinking", "text", "\ud800"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4)
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "tool", "assistant", "system"])},
        optional={
            "content": VALUES | st.just([{"type": "thinking", "thinking": [{"type": "text", "text": "x"}]}]),
            "tool_calls": st.just([{"id": "abcDEF123", "function": {"name": "f", "arguments": {"a": 2**80}}}])
            | st.just([{"function": {"name": "f", "arguments": "{"}}]),
            "tool_call_id": st.sampled_from(["c", "", None]),
            "prefix": st.booleans(),
        },
    ),
    max_size=4,
)
EACH = pytest.mark.parametrize("label", sorted(ENDPOINTS))


def held(label, body):
    """Decode, and check that what comes of it can be hashed or shown."""
    try:
        call = ENDPOINTS[label].decode(body, {})
    except Refusal as refusal:
        reply = PROVIDER.refuse(refusal, REQUEST_BITS)
        assert reply.status in {400, 422}
        assert len(reply.body) < 2_000
        assert json.loads(reply.body)
    else:
        assert msgspec.msgpack.encode(call.request)


@EACH
@settings(max_examples=40)
@given(st.binary(max_size=100))
def test_any_bytes(label, body):
    held(label, body)


@EACH
@settings(max_examples=60)
@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_any_object_with_known_names(label, body):
    held(label, json.dumps(body).encode())
    held(label, json.dumps({"model": "m", "prompt": "x", "input": "x", **body}).encode())


@settings(max_examples=150)
@given(MESSAGES, st.dictionaries(NAMES, VALUES, max_size=2))
def test_any_conversation(messages, more):
    fields = {name: value for name, value in more.items() if name in schema.ChatBody.__struct_fields__}
    held("chat_completions", json.dumps({**fields, "model": "m", "messages": messages}).encode())
    held("chat_moderations", json.dumps({"model": "m", "input": messages}).encode())


@EACH
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"model":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"model":"m","metadata":{"a":' + b"9" * 5_000 + b"}}",
        b'{"model":"m","top_k":' + b"9" * 400 + b',"messages":[{"role":"user","content":"x"}]}',
    ],
    ids=["brackets", "deep", "huge", "integer"],
)
def test_nothing_costs_more_than_its_size(label, body):
    held(label, body)
