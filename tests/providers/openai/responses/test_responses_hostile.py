"""Whatever comes in, the Responses and conversations endpoints answer or refuse; and what they stored they can read."""

import json
import string

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types.responses import Response
from responses_plans import BY_PATH, CALLS_OF_ACTIONS, FUNCTION, Desk

from simulator.providers.openai.responses import items, schema, toolset

WORDS = (
    "user", "assistant", "system", "auto", "required", "function", "custom", "message", "input_text", "output_text",
    "item_reference", "resp_1", "conv_1", "call_1", "msg_1", "gpt-4o", "o3", "data:,x", "low", "json_schema", "text",
)  # fmt: skip
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(WORDS)
)
STRUCTS = [
    kind
    for room in (items, schema, toolset)
    for kind in vars(room).values()
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__struct_fields__
]
NAMES = st.sampled_from(
    sorted({"type", *(field.encode_name for kind in STRUCTS for field in msgspec.structs.fields(kind))})
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)
TYPES = st.sampled_from([*items._ITEM_TYPES, None, "robot"])
ITEM = st.builds(
    lambda kind, usual, more: {**({} if kind is None else {"type": kind}), **usual, **more},
    TYPES,
    st.fixed_dictionaries(
        {},
        optional={
            "role": st.sampled_from(["user", "assistant", "developer"]),
            "content": st.just("Hello") | st.just([{"type": "input_text", "text": "x"}]) | VALUES,
            "call_id": st.sampled_from(["call_1", "call_2", "", None]),
            "name": st.just("get_weather"),
            "arguments": st.sampled_from(["{}", "{", "[" * 200]),
            "input": st.just("x"),
            "output": st.sampled_from(["x", [], {"type": "computer_screenshot"}, None]),
            "id": st.sampled_from(["msg_1", "fc_1", "rs_1", "x", "é", "", "rs_" + "a" * 50]),
            "summary": st.just([]),
            "encrypted_content": st.sampled_from(["gAAAA", "é"]),
        },
    ),
    st.dictionaries(NAMES, VALUES, max_size=2),
)
BODY = st.builds(
    lambda usual, more: {"model": "gpt-4o", **usual, **more},
    st.fixed_dictionaries(
        {},
        optional={
            "input": st.just("Hi") | st.lists(ITEM, max_size=4) | VALUES,
            "tools": st.lists(st.just(FUNCTION) | VALUES, max_size=2),
            "store": st.booleans(),
            "stream": st.booleans(),
            "background": st.booleans(),
        },
    ),
    st.dictionaries(NAMES, VALUES, max_size=3),
)
USUAL = st.fixed_dictionaries(
    {},
    optional={
        "instructions": st.text(max_size=5),
        "metadata": st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
        "max_output_tokens": st.sampled_from([16, 2**62, 500]),
        "tools": st.lists(
            st.sampled_from(
                [
                    FUNCTION,
                    {
                        "type": "custom",
                        "name": "f",
                        "format": {"type": "grammar", "syntax": "regex", "definition": "("},
                    },
                    {"type": "custom", "name": "g", "format": {"type": "text"}},
                    {"type": "shell", "environment": {"type": "local"}},
                    {"type": "local_shell"},
                    {"type": "web_search", "filters": {"allowed_domains": ["a"]}},
                    {"type": "mcp", "server_label": "w", "allowed_tools": {"tool_names": [1, "a"]}},
                    {"type": "tool_search", "parameters": {"a": 2**70}},
                ]
            ),
            max_size=3,
        ),
        "tool_choice": st.sampled_from(["auto", "required", "none", {"type": "shell"}, {"type": "web_search"}])
        | st.builds(
            lambda tools: {"type": "allowed_tools", "mode": "required", "tools": tools}, st.lists(VALUES, max_size=2)
        ),
        "text": st.sampled_from(
            [
                {"format": {"type": "json_object"}},
                {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}, "strict": False}},
                {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object", "minProperties": 2**70}}},
            ]
        ),
        "previous_response_id": st.sampled_from(["resp_1", "resp_é", "resp_" + "a" * 300]),
        "conversation": st.sampled_from(["conv_1", {"id": "conv_\0"}]),
        "prompt": st.builds(lambda values: {"id": "pmpt_1", "variables": {"a": values}}, VALUES),
        "truncation": st.sampled_from(["auto", "disabled"]),
        "context_management": st.just([{"type": "compaction"}]),
        "moderation": st.just({"model": "omni"}),
    },
)
SAID = st.lists(
    st.sampled_from(
        [
            {"role": "user", "content": "json"},
            {
                "type": "message",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "a", "logprobs": [1]}],
            },
            {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{", "caller": {"type": "direct"}},
            {"type": "function_call_output", "call_id": "c", "output": "x"},
            {"type": "custom_tool_call", "call_id": "d", "name": "é", "input": "", "async": True},
            {"type": "custom_tool_call_output", "call_id": "d", "output": [{"type": "input_text", "text": ""}]},
            {"type": "reasoning", "encrypted_content": "é", "content": [{"type": "reasoning_text", "text": "t"}]},
            {"type": "local_shell_call", "id": "l", "call_id": "e", "action": {"a": None}},
            {"type": "local_shell_call_output", "id": "l", "output": "x"},
            {"type": "mcp_list_tools", "id": "m", "server_label": "s", "tools": []},
            {"type": "configuration_update", "reasoning": {"effort": "low"}},
            {"type": "additional_tools", "role": "developer", "tools": []},
            {"type": "compaction", "encrypted_content": ""},
            {"type": "compaction_trigger"},
        ]
    ),
    min_size=1,
    max_size=5,
    unique_by=str,
)
POSTS = ["/v1/responses", "/v1/responses/input_tokens", "/v1/responses/compact"]


def refused_or_answered(reply):
    assert reply.status in {200, 400, 404, 413}, reply.body
    told = json.loads(reply.body)
    if reply.status != 200:
        assert set(told["error"]) == {"message", "type", "param", "code"}
        assert told["error"]["message"]
        assert len(told["error"]["message"]) < 2_000
    return told


@settings(max_examples=150)
@given(st.sampled_from(POSTS), BODY)
def test_no_body_is_an_accident(path, body):
    desk = Desk()
    told = refused_or_answered(desk.ask("POST", path, json.dumps(body).encode()))
    if path == POSTS[0] and told.get("status") == "completed" and body.get("store") is not False:
        again = desk.create(previous_response_id=told["id"])
        assert again["usage"]["input_tokens"] > told["usage"]["input_tokens"] - 200


@settings(max_examples=100)
@given(USUAL, SAID | st.text(max_size=3), st.booleans())
def test_a_body_that_is_nearly_right(fields, said, background):
    desk = Desk()
    told = desk.ask("POST", POSTS[0], json.dumps({"model": "gpt-4o", "input": said, **fields}).encode())
    told = refused_or_answered(told)
    if "output" in told:
        Response.model_validate(told)
        asked = {"order": ["asc"]}
        items = desk.tell("GET", POSTS[0] + "/{response_id}/input_items", query=asked, response_id=told["id"])["data"]
        assert len(items) == (1 if isinstance(said, str) else len(said))
        calls = [item for item in told["output"] if "call_id" in item]
        again = desk.create(400 if calls else 200, previous_response_id=told["id"], background=background)
        assert "error" in again or again["previous_response_id"] == told["id"]


@settings(max_examples=60)
@given(st.lists(ITEM, min_size=1, max_size=4) | SAID)
def test_no_item_of_a_conversation_is_an_accident(given_items):
    desk = Desk()
    body = json.dumps({"items": given_items}).encode()
    told = refused_or_answered(desk.ask("POST", "/v1/conversations", body))
    if "id" in told:
        path = "/v1/conversations/{conversation_id}/items"
        listed = desk.tell("GET", path, query={"order": ["asc"]}, conversation_id=told["id"])["data"]
        assert len(listed) == len(given_items)
        asked = json.dumps({"model": "gpt-4o", "input": "Hi", "conversation": told["id"]}).encode()
        refused_or_answered(desk.ask("POST", "/v1/responses", asked))


@settings(max_examples=60)
@given(
    st.sampled_from(sorted(CALLS_OF_ACTIONS)),
    st.text(string.printable, max_size=8) | st.sampled_from(["resp_é", "conv_" + "x" * 300, "resp_\0", "conv_.."]),
    st.dictionaries(
        st.sampled_from(["limit", "after", "order", "stream", "starting_after", "include[]"]),
        st.lists(st.text(max_size=6), min_size=1, max_size=2),
        max_size=3,
    ),
    st.sampled_from([b"", b"{}", b"[]", b"\xff", b'{"metadata":null}', b'{"items":[]}', b'{"items":[1]}']),
)
def test_no_path_or_query_is_an_accident(action, name, query, body):
    method, path = action
    desk = Desk()
    parameters = {"response_id": name, "conversation_id": name, "item_id": name}
    reply = desk.ask(method, path, body, parameters=parameters, query=query)
    refused_or_answered(reply)


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b'{"model":"gpt-4o","input":"\\ud800"}',
        b'{"model":"gpt-4o","input":[{"role":"user","content":"\\ud800"}]}',
        b'{"model":"gpt-4o","input":[{"role":"user","content":"\xff"}]}',
        b'{"model":"gpt-4o","input":[' + b"[" * 200_000,
        b'{"model":"gpt-4o","input":' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"model":"gpt-4o","input":[{"type":"web_search_call","id":"ws_1","action":1e999}]}',
        b'{"model":"gpt-4o","input":[{"type":"web_search_call","id":"ws_1","action":' + b"9" * 400 + b"}]}",
        b'{"model":"gpt-4o","input":[{"type":"web_search_call","id":"ws_1","action":' + b"[" * 99 + b"]" * 99 + b"}]}",
        b'{"model":"gpt-4o","input":' + json.dumps([{"role": "user", "content": "x"}] * 10_001).encode() + b"}",
    ],
    ids=range(11),
)
def test_known_attacks(path, body):
    desk = Desk()
    reply = desk.ask("POST", path, body)
    told = refused_or_answered(reply)
    assert reply.status == (200 if b"[" * 99 in body and b"web_search" in body else 400), told


def test_every_endpoint_is_tried():
    assert {path for path in BY_PATH if path.startswith("/v1/responses")} == set(POSTS)
