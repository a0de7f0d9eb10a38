"""What a body becomes, and how the API words what is wrong with it."""

import base64
import json

import pytest

from simulator.engine.request import Message, Operation, Part, Sampling, Tool, ToolCall
from simulator.providers.anthropic import Anthropic
from simulator.providers.anthropic.signatures import signature
from simulator.providers.anthropic.stable import stable
from simulator.providers.base import Problem, Refusal

MESSAGES, COUNT = Anthropic().endpoints
LATEST = {b"anthropic-version": b"2026-10-21"}
FIRST = {b"anthropic-version": b"2023-06-01"}
BETA = LATEST | {b"anthropic-beta": b"context-management-2025-06-27"}
TOOL = {"name": "get_weather", "description": "Weather", "input_schema": {"type": "object", "properties": {}}}
OLD, NEW = "claude-haiku-4-5", "claude-opus-5-5"


def decode(headers=LATEST, endpoint=MESSAGES, drop=(), **fields):
    body = {"model": OLD, "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}], **fields}
    for name in drop:
        del body[name]
    return endpoint.decode(json.dumps(body).encode(), headers).request


def refused(headers=LATEST, endpoint=MESSAGES, drop=(), **fields) -> str:
    with pytest.raises(Refusal) as caught:
        decode(headers, endpoint, drop, **fields)
    assert caught.value.problem is Problem.INVALID
    return caught.value.message


def turns(*pairs):
    return [{"role": role, "content": content} for role, content in pairs]


def user(*blocks):
    return turns(("user", list(blocks)))


def text(said, **more):
    return {"type": "text", "text": said, **more}


def tool_use(name="a"):
    return {"type": "tool_use", "id": name, "name": "f", "input": {"y": 1, "x": 2}}


def tool_result(name="a", content="42", **more):
    return {"type": "tool_result", "tool_use_id": name, "content": content, **more}


IMAGE = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}


# --- versions


@pytest.mark.parametrize("headers", [LATEST, FIRST])
def test_both_versions_are_served(headers) -> None:
    request = decode(headers)
    assert request.messages == (Message("user", "Hi"),)
    assert (request.operation, request.provider, request.model) == (Operation.CHAT, "anthropic", OLD)
    assert request.max_tokens == 10


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({}, "anthropic-version: header is required"),
        ({b"anthropic-version": b""}, "anthropic-version: header is required"),
        ({b"anthropic-version": b"2024-10-22"}, 'anthropic-version: "2024-10-22" is not a valid version'),
        ({b"anthropic-version": b"\xff"}, 'anthropic-version: "\xff" is not a valid version'),
    ],
)
@pytest.mark.parametrize("endpoint", [MESSAGES, COUNT])
def test_a_version_is_required(headers, message, endpoint) -> None:
    assert refused(headers, endpoint) == message


@pytest.mark.parametrize("name", ["temperature", "top_p", "top_k"])
def test_sampling_parameters_are_gone_in_the_latest_version(name) -> None:
    assert refused(**{name: 1}) == f"{name}: Extra inputs are not permitted"
    assert decode(FIRST, **{name: 1}).sampling == Sampling(**{name: 1})


def test_ranges_of_sampling_parameters() -> None:
    assert refused(FIRST, temperature=1.1) == "temperature: range: 0..1"
    assert refused(FIRST, temperature=-1) == "temperature: range: 0..1"
    assert refused(FIRST, top_p=2) == "top_p: range: 0..1"
    assert refused(FIRST, top_k=-1) == "top_k: Input should be greater than or equal to 0"
    assert refused(FIRST, temperature="hot") == "temperature: Input should be a valid number"


def test_newer_models_refuse_sampling_under_every_version() -> None:
    assert refused(FIRST, model=NEW, temperature=0.2) == "`temperature` is deprecated for this model."
    assert refused(FIRST, model=NEW, top_k=4) == "`top_k` is deprecated for this model."
    assert decode(FIRST, model=NEW, temperature=1, top_p=None).sampling.temperature == 1
    both = refused(FIRST, temperature=0.5, top_p=0.5)
    assert both == "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
    assert decode(FIRST, model="claude-3-haiku-20240307", temperature=0.5, top_p=0.5).sampling.top_p == 0.5


def test_documents_of_the_assistant() -> None:
    document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
    messages = turns(("user", "Hi"), ("assistant", [document]), ("user", "Go on"))
    assert refused(messages=messages).startswith("messages.1.content.0: ")
    assert decode(FIRST, messages=messages).messages[1].parts[0].kind == "document"


def test_citations_of_the_user() -> None:
    cited = text("x", citations=[{"type": "char_location"}])
    found = {"type": "search_result", "source": "s", "title": "t", "content": [cited]}
    assert refused(messages=user(cited)).startswith("messages.0.content.0.text.citations: ")
    assert refused(messages=user(found)).startswith("messages.0.content.0.search_result.content.0.text.citations: ")
    assert decode(FIRST, messages=user(cited, found)).messages[0].text == "x"
    assert decode(messages=user(text("x", citations=[]))).messages[0].text == "x"


def test_beta_fields_need_a_beta_header() -> None:
    assert refused(context_management={"edits": []}) == "context_management: Extra inputs are not permitted"
    edited, other = decode(BETA, context_management={"edits": []}), decode(BETA, context_management={"edits": [1]})
    assert edited.extra != other.extra
    assert decode(BETA, COUNT, drop=["max_tokens"], mcp_servers=[]).extra == ("mcp_servers=[]",)


# --- wording

WORDS = [
    ({"drop": ["max_tokens"]}, "max_tokens: Field required"),
    ({"drop": ["model"]}, "model: Field required"),
    ({"drop": ["messages"]}, "messages: Field required"),
    ({"foo": 1}, "foo: Extra inputs are not permitted"),
    ({"model": ""}, "model: String should have at least 1 character"),
    ({"model": 4}, "model: Input should be a valid string"),
    ({"max_tokens": "many"}, "max_tokens: Input should be a valid integer"),
    ({"max_tokens": -1}, "max_tokens: Input should be greater than or equal to 0"),
    ({"stream": "yes"}, "stream: Input should be a valid boolean"),
    ({"messages": []}, "messages: at least one message is required"),
    ({"messages": {}}, "messages: Input should be a valid list"),
    ({"messages": ["x"]}, "messages.0: Input should be a valid dictionary or object to extract fields from"),
    ({"messages": [{"content": "x"}]}, "messages.0.role: Field required"),
    ({"messages": turns(("bot", "x"))}, "messages.0.role: Input should be 'user', 'assistant' or 'system'"),
    ({"messages": turns(("user", 5))}, "messages.0.content: Input should be a valid string"),
    (
        {"messages": turns(("user", ""))},
        "messages.0: all messages must have non-empty content except for the optional final assistant message",
    ),
    (
        {"messages": turns(("user", []))},
        "messages.0: all messages must have non-empty content except for the optional final assistant message",
    ),
    ({"messages": turns(("user", " \n"))}, "messages: text content blocks must contain non-whitespace text"),
    ({"messages": user(text(" "))}, "messages: text content blocks must contain non-whitespace text"),
    ({"messages": user(text(""))}, "messages: text content blocks must be non-empty"),
    ({"messages": user({"type": "text"})}, "messages.0.content.0.text.text: Field required"),
    ({"messages": user(text("a"), text(3))}, "messages.0.content.1.text.text: Input should be a valid string"),
    ({"messages": user(text("a", foo=1))}, "messages.0.content.0.text.foo: Extra inputs are not permitted"),
    ({"messages": user({"text": "a"})}, "messages.0.content.0.type: Field required"),
    ({"messages": user({"type": 7})}, "messages.0.content.0.type: Input should be a valid string"),
    (
        {"messages": user({"type": "image", "source": {"type": "base64", "media_type": "image/bmp", "data": ""}})},
        (
            "messages.0.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', "
            "'image/gif' or 'image/webp'"
        ),
    ),
    (
        {"messages": user({"type": "image", "source": {"type": "disk"}})},
        (
            "messages.0.content.0.image.source: Input tag 'disk' found using 'type' does not match any of the expected "
            "tags: 'base64', 'file', 'url'"
        ),
    ),
    (
        {"messages": user(tool_result(content=[text(4)]))},
        "messages.0.content.0.tool_result.content.0.text.text: Input should be a valid string",
    ),
    (
        {"messages": user(text("a", cache_control={"type": "disk"}))},
        "messages.0.content.0.text.cache_control.type: Input should be 'ephemeral'",
    ),
    ({"system": 4}, "system: Input should be a valid string"),
    ({"system": [IMAGE]}, "system.0.type: Input should be 'text'"),
    ({"system": [text("")]}, "system.0: text content blocks must be non-empty"),
    ({"stop_sequences": ["\n"]}, "stop_sequences: each stop sequence must contain non-whitespace"),
    ({"service_tier": "gold"}, "service_tier: Input should be 'auto' or 'standard_only'"),
    (
        {"output_config": {"effort": "huge"}},
        "output_config.effort: Input should be 'low', 'medium', 'high', 'xhigh' or 'max'",
    ),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 1}},
        "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024",
    ),
    (
        {"thinking": {"type": "deep"}},
        (
            "thinking: Input tag 'deep' found using 'type' does not match any of the expected tags: 'adaptive', "
            "'between_tools', 'disabled', 'enabled'"
        ),
    ),
    (
        {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        (
            "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at "
            "https://docs.claude.com/en/docs/build-with-claude/extended-thinking#max-tokens-and-context-window-size"
        ),
    ),
    ({"messages": user(tool_use())}, "messages.0: `tool_use` blocks can only be in `assistant` messages"),
    (
        {"messages": turns(("user", "a"), ("assistant", [IMAGE]))},
        "messages.1: `image` blocks can only be in `user` messages",
    ),
]


@pytest.mark.parametrize(("fields", "message"), WORDS, ids=[message[:60] for _, message in WORDS])
def test_wording(fields, message) -> None:
    assert refused(**fields) == message


def test_an_unknown_block_names_the_known_ones() -> None:
    message = refused(messages=user({"type": "video"}))
    start = "messages.0.content.0: Input tag 'video' found using 'type' does not match any of the expected tags: "
    assert message.startswith(start)
    assert {"'text'", "'tool_result'", "'web_search_tool_result'"} <= set(message.removeprefix(start).split(", "))


@pytest.mark.parametrize("body", [b"", b"{", b"nul", b'{"model":"\xff"}', b"\xef\xbb\xbf{}", b'{"model":NaN}'])
def test_a_body_that_is_no_json(body) -> None:
    with pytest.raises(Refusal, match=r"^The request body is not valid JSON: "):
        MESSAGES.decode(body, LATEST)


def test_nesting_is_limited() -> None:
    deep = b'{"model":"m","max_tokens":1,"messages":[],"tools":[{"a":' + b"[" * 200 + b"]" * 200 + b"}]}"
    with pytest.raises(Refusal, match="nested too deeply"):
        MESSAGES.decode(deep, LATEST)


def test_a_number_that_no_double_holds() -> None:
    body = b'{"model":"m","max_tokens":1e999,"messages":[]}'
    with pytest.raises(Refusal, match=r"^max_tokens: ") as caught:
        MESSAGES.decode(body, LATEST)
    assert caught.value.problem is Problem.INVALID


# --- settings


def test_max_tokens_of_zero_only_warms_the_cache() -> None:
    assert decode(max_tokens=0).max_tokens == 0
    assert refused(max_tokens=0, stream=True).startswith("max_tokens: ")


def test_what_changes_an_answer_and_what_does_not() -> None:
    plain = decode()
    same = [
        {"stream": True},
        {"metadata": {"user_id": "u"}},
        {"service_tier": "auto"},
        {"cache_control": {"type": "ephemeral"}},
        {"messages": user(text("Hi", cache_control={"type": "ephemeral", "ttl": "1h"}))},
        {"temperature": None, "headers": FIRST},
    ]
    for fields in same:
        assert decode(**fields) == plain
    other = [
        {"system": "Be brief."},
        {"stop_sequences": ["END"]},
        {"thinking": {"type": "disabled"}},
        {"tools": [TOOL]},
        {"max_tokens": 11},
    ]
    seen = [decode(**fields) for fields in other]
    assert plain not in seen
    assert len({str(request) for request in seen}) == len(seen)


# --- conversations


def test_a_system_prompt_comes_first() -> None:
    assert decode(system="Be brief.").messages[0] == Message("system", "Be brief.")
    assert decode(system=[text("Be"), text("brief.")]).messages[0] == Message("system", "Be\nbrief.")
    assert len(decode(system="").messages) == 1


def test_blocks_become_text_parts_and_calls() -> None:
    thought = {"type": "thinking", "thinking": "hm", "signature": signature("hm", bytes(12))}
    request = decode(
        messages=turns(
            ("user", [text("Look:"), IMAGE, text("well?")]),
            ("assistant", [thought, text("I call."), tool_use()]),
            ("user", [tool_result(content=[text("42"), IMAGE]), text("Thanks")]),
        )
    )
    image = Part("image", "https://example.com/a.png", 37 * 37)
    assert request.messages == (
        Message("user", "Look:\nwell?", parts=(image,)),
        Message(
            "assistant",
            "I call.",
            parts=(Part("thinking", "hm"),),
            calls=(ToolCall("a", "f", '{"x":2,"y":1}'),),
        ),
        Message("tool", "42", parts=(image,), answers="a"),
        Message("user", "Thanks"),
    )


def test_an_empty_turn_alone() -> None:
    assert decode(messages=turns(("assistant", []))).messages == ()


def test_a_failed_tool_is_told_from_one_that_worked() -> None:
    def asked(**more):
        return decode(messages=turns(("user", "a"), ("assistant", [tool_use()]), ("user", [tool_result(**more)])))

    assert asked(is_error=True) != asked(is_error=False) == asked()
    assert asked(content=None).messages[-1].text == ""


def test_documents_and_what_the_provider_made_are_priced() -> None:
    kinds = [
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "word " * 8}},
        {"type": "document", "source": {"type": "content", "content": "word " * 8}, "title": "Four"},
        {"type": "document", "source": {"type": "content", "content": [text("word " * 8), IMAGE]}},
        {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": ""}},
        {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
        {"type": "search_result", "source": "abcd", "title": "efg", "content": [text("word " * 8)]},
        {"type": "container_upload", "file_id": "file_2"},
    ]
    parts = decode(messages=user(*kinds)).messages[0].parts
    assert [part.tokens for part in parts] == [10, 11, 10 + 37 * 37, 2250, 2250, 12, 0]
    assert [part.kind for part in parts] == [kind["type"] for kind in kinds]
    served = [
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}},
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [{"b": 1, "a": 2}]},
        text("Found."),
    ]
    swapped = [*served[:1], {"tool_use_id": "s1", "content": [{"a": 2, "b": 1}], "type": served[1]["type"]}, served[2]]
    ask = turns(("user", "a"), ("assistant", served), ("user", "b"))
    again = turns(("user", "a"), ("assistant", swapped), ("user", "b"))
    assert decode(messages=ask) == decode(messages=again)
    assert [part.kind for part in decode(messages=ask).messages[1].parts] == [block["type"] for block in served[:2]]


def test_images_cost_by_their_size_and_the_models_resolution() -> None:
    header = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (1920).to_bytes(4) + (1080).to_bytes(4)
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(header).decode()}
    messages = user({"type": "image", "source": source})
    assert decode(messages=messages).messages[0].parts[0].tokens == 1560
    assert decode(messages=messages, model=NEW).messages[0].parts[0].tokens == 2691


def test_rare_blocks_are_taken() -> None:
    result = tool_result(content=[{"type": "tool_reference", "tool_name": "f"}, {"type": "browser_state", "tabs": []}])
    request = decode(
        messages=turns(
            ("user", "a"),
            ("assistant", [{"type": "redacted_thinking", "data": signature("", bytes(12))}, tool_use()]),
            ("user", [result]),
        )
    )
    assert [part.kind for part in request.messages[1].parts] == ["redacted_thinking"]
    assert [part.kind for part in request.messages[2].parts] == ["tool_reference", "browser_state"]


def test_too_many_messages() -> None:
    many = refused(messages=turns(("user", "a")) * 100_001)
    assert many == "messages: List should have at most 100000 items, not 100001"


def test_what_cannot_be_written_again_is_refused() -> None:
    with pytest.raises(Refusal, match="input: ") as caught:
        stable({"a": "\ud800"}, "input")
    assert caught.value.param == "input"


def test_calls_and_results_pair_up() -> None:
    alone = refused(messages=turns(("user", "a"), ("assistant", [tool_use()]), ("user", "b")))
    assert alone == (
        "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: a. Each `tool_use` "
        "block must have a corresponding `tool_result` block in the next message."
    )
    assert refused(messages=turns(("user", "a"), ("assistant", [tool_use()]))) == alone
    orphan = refused(messages=user(text("x"), tool_result("z")))
    assert orphan.startswith("messages.0.content.1: unexpected `tool_use_id` found in `tool_result` blocks: z. Each")
    double = turns(("user", "a"), ("assistant", [tool_use(), tool_use()]))
    assert refused(messages=double) == "messages.1.content.1: `tool_use` ids must be unique"


def test_consecutive_turns_of_one_role_count_as_one() -> None:
    messages = turns(
        ("user", "a"),
        ("assistant", [tool_use("a")]),
        ("assistant", [tool_use("b")]),
        ("user", [tool_result("b")]),
        ("user", [tool_result("a")]),
    )
    assert [message.answers for message in decode(messages=messages).messages[-2:]] == ["b", "a"]


def test_prefill() -> None:
    prefilled = turns(("user", "a"), ("assistant", "The answer is ("))
    assert decode(messages=prefilled).messages[-1] == Message("assistant", "The answer is (")
    assert refused(messages=prefilled, model=NEW) == (
        "This model does not support assistant message prefill. The conversation must end with a user message."
    )
    trailing = turns(("user", "a"), ("assistant", [text("So ")]))
    assert refused(messages=trailing) == "messages: final assistant content cannot end with trailing whitespace"
    assert len(decode(messages=turns(("user", "a"), ("assistant", ""))).messages) == 2
    paused = turns(("user", "a"), ("assistant", [{"type": "server_tool_use", "id": "s", "name": "n", "input": {}}]))
    assert decode(messages=paused, model=NEW).messages[-1].role == "assistant"


def test_system_turns() -> None:
    later = turns(("user", "a"), ("system", "Now in French."))
    assert decode(messages=later, model=NEW).messages[-1] == Message("system", "Now in French.")
    assert refused(messages=later).startswith(
        'messages: Unexpected role "system". The Messages API accepts a top-level'
    )
    first = refused(messages=turns(("system", "s"), ("user", "a")), model=NEW)
    assert first == "messages.0: use the top-level 'system' parameter for the initial system prompt"
    twice = turns(("user", "a"), ("system", "s"), ("system", "t"))
    assert refused(messages=twice, model=NEW) == "messages.2: consecutive `system` messages are not allowed"
    images = turns(("user", "a"), ("system", [IMAGE]))
    assert refused(messages=images, model=NEW) == "messages.1: `image` blocks cannot be in `system` messages"


def test_cache_breakpoints_are_counted() -> None:
    control = {"cache_control": {"type": "ephemeral"}}
    blocks = [text("x", **control) for _ in range(3)]
    assert decode(system=blocks, tools=[TOOL | control])
    too_many = refused(system=blocks, tools=[TOOL | control], messages=user(text("x", **control)))
    assert too_many == "A maximum of 4 blocks with cache_control may be provided. Found 5."


# --- tools

BAD_TOOLS = [
    ([{"input_schema": {"type": "object"}}], "tools.0.custom.name: Field required"),
    ([{"name": "f"}], "tools.0.custom.input_schema: Field required"),
    ([TOOL | {"name": "a b"}], "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"),
    ([TOOL | {"name": 4}], "tools.0.custom.name: Input should be a valid string"),
    ([TOOL | {"description": 4}], "tools.0.custom.description: Input should be a valid string"),
    ([TOOL | {"input_schema": 4}], "tools.0.custom.input_schema: Input should be a valid dictionary"),
    ([TOOL | {"input_schema": {}}], "tools.0.custom.input_schema.type: Field required"),
    ([TOOL | {"input_schema": {"type": "array"}}], "tools.0.custom.input_schema.type: Input should be 'object'"),
    ([TOOL | {"parameters": {}}], "tools.0.custom.parameters: Extra inputs are not permitted"),
    ([TOOL, TOOL], "tools: Tool names must be unique."),
]


@pytest.mark.parametrize(("tools", "message"), BAD_TOOLS, ids=[message[:60] for _, message in BAD_TOOLS])
def test_wrong_tools(tools, message) -> None:
    assert refused(tools=tools) == message


def test_tools() -> None:
    request = decode(tools=[TOOL | {"type": "custom"}], tool_choice={"type": "auto"})
    assert request.tools == (Tool("get_weather", "Weather", TOOL["input_schema"]),)
    assert request.tool_choice == "auto"


def test_tools_of_the_provider_change_the_answer_only() -> None:
    search = {"type": "web_search_20250305", "name": "web_search", "max_uses": 3}
    request = decode(tools=[search, {"type": "mcp_toolset", "mcp_server_name": "m"}])
    assert request.tools == ()
    assert [json.loads(extra)["type"] for extra in request.extra] == ["web_search_20250305", "mcp_toolset"]
    assert refused(tools=[{"type": "web_search", "name": "x"}]).startswith("tools.0: Input tag 'web_search' found")
    assert refused(tools=[{"type": 7}]).startswith("tools.0: Input tag '7' found")


# --- counting


def test_counting_takes_a_conversation_without_limits() -> None:
    request = decode(endpoint=COUNT, drop=["max_tokens"], tools=[TOOL], system="Be brief.")
    assert request.operation is Operation.COUNT
    assert request.max_tokens is None
    assert [message.role for message in request.messages] == ["system", "user"]
    assert refused(endpoint=COUNT) == "max_tokens: Extra inputs are not permitted"
    assert not COUNT.decode(b'{"model":"m","messages":[{"role":"user","content":"a"}]}', LATEST).stream
