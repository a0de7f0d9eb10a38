"""Whatever comes in, the dialect answers or refuses; nothing else may leave `decode`."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ollama_plans import ENDPOINTS, PROVIDER, REQUEST_BITS

from simulator.providers.base import Refusal
from simulator.providers.ollama import schema

NAMES = st.sampled_from(
    sorted(
        {
            field.encode_name
            for shape in vars(schema).values()
            if isinstance(shape, type) and issubclass(shape, msgspec.Struct) and shape is not msgspec.Struct
            for field in msgspec.structs.fields(shape)
        }
        | {"num_predict", "seed", "stop", "temperature", "top_k", "min_p", "mirostat"}
    )
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["user", "tool", "assistant", "json", "low", "0s", "5m", "iVBORw0KGgo=", "\ud800"])
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4)
)
MESSAGES = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["user", "tool", "assistant", "system", "", "WIZARD"])},
        optional={
            "content": st.text(max_size=5),
            "images": st.lists(st.text(max_size=6) | st.just("iVBORw0KGgo="), max_size=2),
            "tool_calls": st.just([{"function": {"name": "f", "arguments": {"a": 2**80}}}])
            | st.just([{"function": {"name": "f", "arguments": {}}}] * 3),
            "tool_name": st.sampled_from(["f", "", None]),
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
        assert reply.status == 400
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
@settings(max_examples=80)
@given(st.dictionaries(NAMES, VALUES, max_size=5), VALUES)
def test_any_object_with_known_names(label, body, options):
    held(label, json.dumps(body).encode())
    held(label, json.dumps({"model": "m", "prompt": "x", "input": "x", **body}).encode())
    held(label, json.dumps({"model": "m", "prompt": "x", "options": options}).encode())


@settings(max_examples=150)
@given(MESSAGES, st.dictionaries(NAMES, VALUES, max_size=2))
def test_any_conversation(messages, more):
    held("chat", json.dumps({**more, "model": "m", "messages": messages}).encode())
    held("chat", json.dumps({"model": "m", "messages": messages}).encode())


@EACH
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"model":' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"model":"m","prompt":"x","options":{"seed":' + b"9" * 5_000 + b"}}",
        b'{"model":"m","prompt":"x","options":{"temperature":1e400}}',
        b'{"model":"m","prompt":"x","keep_alive":"' + b"1h" * 100_000 + b'"}',
        b'{"model":"m","prompt":"x","dimensions":' + b"9" * 400 + b"}",
    ],
    ids=["brackets", "deep", "integer", "infinite", "duration", "dimensions"],
)
def test_nothing_costs_more_than_its_size(label, body):
    held(label, body)
