"""Whatever comes in, nothing but a Refusal comes out, and the Refusal can be written."""

import json

import msgspec
import pytest
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
system enabled adaptive auto tool claude-opus-5 ephemeral application/pdf image/png text/plain object a
"""
KEYS = """
type text source content data media_type url id tool_use_id name input role cache_control citations thinking
signature budget_tokens title input_schema format effort
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
        ["system", "tools", "tool_choice", "thinking", "output_config", "metadata", "temperature", "top_k"], near_values
    ),
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


@given(st.binary(max_size=64))
def test_any_version(version) -> None:
    with pytest.raises(Refusal, match="anthropic-version"):
        PROVIDER.endpoints[0].decode(b"{}", {b"anthropic-version": version})


@pytest.mark.parametrize("value", ["[" * 100_000, '{"a":' * 100_000, '"' + "\\u0000" * 1000, "9" * 10_000])
def test_endless_bodies(value) -> None:
    body = b'{"model":"m","max_tokens":1,"messages":%b'
    check(body % value.encode(), b"2026-10-21", {})
    turn = b'[{"role":"user","content":[{"type":"server_tool_use","input":%b}]}]}'
    check(body % (turn % value.encode()), b"2026-10-21", {})
