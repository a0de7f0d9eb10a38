"""Whatever comes in, nothing but a Refusal comes out, and the Refusal can be written; what is taken can be planned."""

import json

import pytest
from cohere_plans import BY_PATH, PROVIDER, engine
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.errors import EngineRefusal
from simulator.engine.plan import Address
from simulator.engine.seeds import digest_of
from simulator.providers.base import Refusal
from simulator.providers.cohere.classify import ClassifyBody
from simulator.providers.cohere.embed import EmbedBody
from simulator.providers.cohere.legacy_schema import LegacyBody
from simulator.providers.cohere.rerank import RerankBody
from simulator.providers.cohere.schema import ChatBody
from simulator.providers.cohere.tokens import DetokenizeBody, TokenizeBody

ENGINE = engine()
ADDRESS = Address(1, 0, 0, 0)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
WORDS = """
user assistant system tool text image_url thinking document function object string str int a command-r-08-2024 enabled
json_object embed-v4.0 rerank-v3.5 search_query CHATBOT USER TOOL float int8 https://x data:image/png;base64,AAAA FAST
"""
KEYS = """
role content type text image_url url thinking document data id tool_calls tool_call_id function name arguments
parameters properties required message parameter_definitions description call outputs mode label
"""
words, keys = st.sampled_from(WORDS.split()), st.sampled_from(KEYS.split())
near_values = st.recursive(
    words | st.integers(-2, 400) | st.none() | st.booleans() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=16,
)

CHAT = {"model": "command-r-08-2024", "messages": [{"role": "user", "content": "x"}]}
EXAMPLES = [{"text": label + number, "label": label} for label in "ab" for number in "12"]
GOOD = {
    "/v2/chat": (CHAT, ChatBody),
    "/v1/chat": ({"message": "x"}, LegacyBody),
    "/v2/embed": ({"model": "embed-v4.0", "texts": ["x"], "input_type": "clustering"}, EmbedBody),
    "/v1/embed": ({"texts": ["x"]}, EmbedBody),
    "/v2/rerank": ({"model": "rerank-v3.5", "query": "q", "documents": ["d"]}, RerankBody),
    "/v1/rerank": ({"query": "q", "documents": [{"text": "d"}]}, RerankBody),
    "/v1/tokenize": ({"model": "command-r-08-2024", "text": "x"}, TokenizeBody),
    "/v1/detokenize": ({"model": "command-r-08-2024", "tokens": [300]}, DetokenizeBody),
    "/v1/classify": ({"inputs": ["x"], "examples": EXAMPLES}, ClassifyBody),
}
texts = st.lists(st.text(max_size=5), max_size=3)
objects = st.dictionaries(keys, near_values, max_size=3)
fields_of = st.fixed_dictionaries
block = (
    fields_of({"type": st.just("text"), "text": st.text(max_size=3)})
    | fields_of({"type": st.just("thinking"), "thinking": st.text(max_size=3)})
    | fields_of({"type": st.just("image_url"), "image_url": fields_of({"url": words})})
)
document = fields_of({"data": st.text(max_size=3) | objects}, optional={"id": st.sampled_from("ab")})
called = fields_of({"name": st.sampled_from(["f", "g"])}, optional={"parameters": objects})
result = fields_of({"call": called, "outputs": st.lists(objects, max_size=2)})
entry = fields_of(
    {"role": st.sampled_from(["User", "CHATBOT", "tool", "System"])},
    optional={
        "message": st.text(max_size=4),
        "tool_calls": st.lists(called, max_size=2),
        "tool_results": st.lists(result, max_size=2),
    },
)
schema = st.builds(
    lambda more: {"type": "object", "properties": more},
    st.dictionaries(st.sampled_from("ab"), st.dictionaries(st.just("type"), words, max_size=1) | objects, max_size=2),
)
function = fields_of({"name": st.sampled_from(["f", "g", "1"])}, optional={"parameters": schema})
definition = fields_of({"type": st.text(max_size=12) | words}, optional={"required": st.booleans()})
legacy_tool = fields_of(
    {"name": st.sampled_from(["f", "g"]), "description": st.just("d")},
    optional={"parameter_definitions": st.dictionaries(st.sampled_from("ab"), definition, max_size=2)},
)
PLAUSIBLE = {
    "stream": st.just(True),
    "logprobs": st.booleans(),
    "search_queries_only": st.booleans(),
    "return_documents": st.booleans(),
    "max_tokens": st.integers(0, 9),
    "top_n": st.integers(1, 5),
    "output_dimension": st.sampled_from([256, 512, 300]),
    "stop_sequences": texts,
    "preamble": st.text(max_size=4),
    "message": st.text(max_size=4),
    "model": words,
    "citation_quality": words,
    "citation_options": fields_of({"mode": words}),
    "thinking": fields_of({"type": st.just("enabled")}, optional={"token_budget": st.integers(1, 9)}),
    "response_format": fields_of({"type": st.just("json_object")}, optional={"schema": schema}),
    "tools": st.lists(fields_of({"type": st.just("function"), "function": function}) | legacy_tool, max_size=2),
    "tool_choice": st.sampled_from(["REQUIRED", "NONE"]),
    "documents": st.lists(document, max_size=3) | st.lists(objects, max_size=3) | texts,
    "tool_results": st.lists(result, max_size=2),
    "chat_history": st.lists(entry, max_size=4),
    "texts": texts,
    "images": st.lists(words, max_size=2),
    "inputs": st.lists(fields_of({"content": st.lists(block, max_size=2)}), max_size=2) | texts,
    "input_type": st.sampled_from(["image", "clustering"]),
    "embedding_types": st.lists(st.sampled_from(["float", "int8", "ubinary"]), max_size=3),
    "rank_fields": texts,
    "relevant_spans": fields_of({"mode": st.just("enabled")}, optional={"max_spans": st.integers(1, 3)}),
    "tokens": st.lists(st.integers(0, 2**50), max_size=3),
}
near_bodies = st.sampled_from(sorted(GOOD)).flatmap(
    lambda path: st.builds(
        lambda more: (path, {**GOOD[path][0], **more}),
        st.lists(st.sampled_from(GOOD[path][1].__struct_fields__), max_size=4, unique=True).flatmap(
            lambda names: fields_of({name: PLAUSIBLE.get(name, st.none()) for name in names})
        ),
    )
)
wild_bodies = st.sampled_from(sorted(GOOD)).flatmap(
    lambda path: st.builds(
        lambda more: (path, {**GOOD[path][0], **more}),
        st.dictionaries(st.sampled_from(GOOD[path][1].__struct_fields__), near_values | json_values, max_size=2),
    )
)

CALLING = {
    "role": "assistant",
    "tool_calls": [
        {"id": name, "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}} for name in "ab"
    ],
}
found = block | fields_of({"type": st.just("document"), "document": document})
conversations = st.lists(
    fields_of({"role": st.just("user"), "content": st.text(max_size=4) | st.lists(block, max_size=3)})
    | fields_of({"role": st.just("assistant")}, optional={"content": st.text(max_size=4), "tool_plan": st.text()})
    | fields_of({
        "role": st.just("tool"),
        "tool_call_id": st.sampled_from("ab"),
        "content": st.text(max_size=4) | st.lists(found, max_size=3),
    }),
    max_size=4,
)  # fmt: skip


def check(body, path=None):
    for endpoint in PROVIDER.endpoints if path is None else [BY_PATH[path]]:
        try:
            call = endpoint.decode(body, {})
        except Refusal as refusal:
            reply = PROVIDER.refuse(refusal, bytes(16))
            assert reply.status in {400, 404, 422}
            assert json.loads(reply.body)["message"]
            continue
        assert digest_of(call.request)
        try:
            plan = ENGINE.plan(call.request, ADDRESS)
        except EngineRefusal:
            continue
        assert json.loads(endpoint.reply(call, plan).body)
        if call.stream:
            stream = endpoint.stream(call, plan)
            assert stream.frames(0, stream.steps)


@given(st.binary(max_size=200))
def test_any_bytes(body):
    check(body)


@given(json_values)
def test_any_json(value):
    check(json.dumps(value).encode("utf-8", "replace"))


@settings(max_examples=200)
@given(near_bodies)
def test_almost_a_request(near):
    path, body = near
    check(json.dumps(body).encode(), path)


@settings(max_examples=150)
@given(wild_bodies)
def test_any_value_of_a_field(wild):
    path, body = wild
    check(json.dumps(body).encode(), path)


@settings(max_examples=100)
@given(conversations, st.lists(document | st.text(max_size=3), max_size=2), st.booleans())
def test_almost_a_conversation(turns, documents, logprobs):
    messages = [*CHAT["messages"], CALLING, *turns]
    body = {**CHAT, "messages": messages, "documents": documents, "logprobs": logprobs, "stream": True}
    check(json.dumps(body).encode(), "/v2/chat")


@pytest.mark.parametrize("value", ["[" * 100_000, '{"a":' * 100_000, '"' + "\\u0000" * 1000, "9" * 10_000, '"\\ud800"'])
@pytest.mark.parametrize("name", ["messages", "message", "documents", "texts", "tokens", "tools", "seed"])
def test_endless_values(name, value):
    check(b'{"model":"m","%b":%b}' % (name.encode(), value.encode()))
    check(b'{"model":"m","message":"x","%b":%b}' % (name.encode(), value.encode()))


@pytest.mark.parametrize(
    "text",
    ["a " * 200_000, "." * 400_000, "[" * 400_000, "\U0001f389" * 100_000, "|" * 100_000],
    ids=lambda text: text[:2],
)
def test_long_texts_everywhere(text):
    for fields in (
        {"model": "command-a-03-2025", "messages": [{"role": "user", "content": text}]},
        {"model": "command-a-03-2025", "messages": [{"role": "user", "content": "x"}], "documents": [text]},
        {"message": "x", "documents": [{"text": text}], "tools": [
            {"name": "f", "description": text, "parameter_definitions": {"a": {"type": text}}}
        ]},
        {"model": "rerank-v3.5", "query": text, "documents": [text], "relevant_spans": {"mode": "enabled"}},
        {"model": "embed-v4.0", "texts": [text], "input_type": "clustering"},
        {"inputs": [text], "examples": [{"text": text, "label": label} for label in "aabb"]},
    ):  # fmt: skip
        check(json.dumps(fields).encode())
