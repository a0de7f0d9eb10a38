import json

import pytest
from mistral_plans import CHAT, FIM, chat_body, chat_call, chat_refused, refused

from simulator.engine.request import Format, Message, Operation, Sampling, ToolCall

USER = {"role": "user", "content": "Hi"}
CALL = {"id": "abcDEF123", "type": "function", "function": {"name": "f", "arguments": "{}"}}
CALLING = {"role": "assistant", "content": "", "tool_calls": [CALL]}
RESULT = {"role": "tool", "tool_call_id": "abcDEF123", "name": "f", "content": "1"}
TOOL = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}


def test_what_changes_an_answer_is_in_the_request():
    request = chat_call(
        temperature=0.5,
        top_p=0.9,
        max_tokens=7,
        stop=["a", ""],
        random_seed=3,
        n=2,
        presence_penalty=1,
        frequency_penalty=-1,
        parallel_tool_calls=False,
        response_format={"type": "json_object"},
    ).request
    assert (request.operation, request.provider, request.model) == (Operation.CHAT, "mistral", "mistral-small-latest")
    assert request.messages == (Message("user", "Hi"),)
    assert request.sampling == Sampling(0.5, 0.9, None, -1, 1, 3)
    assert (request.max_tokens, request.stop, request.choices, request.parallel) == (7, ("a",), 2, False)
    assert request.format == Format("json_object")
    assert request.reasoning is None


def test_what_is_transport_alone_is_not():
    plain = chat_call().request
    more = chat_call(stream=True, metadata={"a": 1}, service_tier="auto", prompt_cache_key="k", prediction=None)
    assert more.stream
    assert more.request == plain
    assert chat_call(safe_prompt=True).request.messages[0].role == "system"


def test_content_in_chunks():
    content = [
        {"type": "text", "text": "What"},
        {"type": "image_url", "image_url": "data:image/png;base64,AA=="},
        {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": "AA=="}},
        {"type": "document_url", "document_url": "https://x/y.pdf", "document_name": "y"},
        {"type": "file", "file_id": "f"},
        {"type": "reference", "reference_ids": [1, "a"]},
        {"type": "text", "text": "is it?"},
    ]
    (message,) = chat_call(messages=[{"role": "user", "content": content}]).request.messages
    assert message.text == "What\nis it?"
    assert [part.kind for part in message.parts] == ["image", "image", "audio", "document", "file"]
    assert all(part.tokens > 0 for part in message.parts)


def test_a_conversation_with_tools():
    messages = [USER, CALLING, RESULT, {"role": "assistant", "content": "one"}, USER]
    request = chat_call(messages=messages, tools=[TOOL], tool_choice="any").request
    assert request.messages[1].calls == (ToolCall("abcDEF123", "f", "{}"),)
    assert request.messages[2] == Message("tool", "1", "f", (), (), "abcDEF123")
    assert request.tools[0].name == "f"
    assert request.tool_choice == "required"
    as_object = {**CALL, "function": {"name": "f", "arguments": {"a": [1]}}}
    again = chat_call(messages=[USER, {**CALLING, "tool_calls": [as_object]}, RESULT]).request
    assert again.messages[1].calls[0].arguments == '{"a":[1]}'


@pytest.mark.parametrize(
    ("choice", "word"),
    [
        ("auto", "auto"),
        ("none", "none"),
        ("required", "required"),
        ({"type": "function", "function": {"name": "f"}}, "tool:f"),
    ],
)
def test_how_free_the_model_is(choice, word):
    assert chat_call(tools=[TOOL], tool_choice=choice).request.tool_choice == word


def test_thinking():
    assert chat_call(reasoning_effort="none").request.reasoning == 0
    assert chat_call(reasoning_effort="high").request.reasoning > 100
    assert chat_call(model="magistral-medium-latest", prompt_mode="reasoning").request.reasoning > 100
    assert chat_call(model="magistral-medium-latest", prompt_mode=None).request.reasoning is None
    thought = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}], "closed": True}]
    messages = [USER, {"role": "assistant", "content": thought}, USER]
    assert chat_call(messages=messages).request.messages[1].text == "hm"
    status, body = chat_refused(model="ministral-3b-latest", messages=messages)
    assert (status, body["message"]) == (400, "Reasoning input is not enabled for this model")


@pytest.mark.parametrize(
    ("messages", "sentence"),
    [
        ([], "Conversation must have at least one message"),
        ([RESULT], "Unexpected role 'tool' after role 'none'"),
        ([USER, RESULT], "Unexpected role 'tool' after role 'user'"),
        ([USER, CALLING, RESULT, USER], "Unexpected role 'user' after role 'tool'"),
        ([USER, CALLING, USER], "Not the same number of function calls and responses"),
        ([USER, CALLING], "Not the same number of function calls and responses"),
        ([USER, CALLING, RESULT, RESULT], "Not the same number of function calls and responses"),
        (
            [USER, {"role": "assistant", "content": "x"}],
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant",
        ),
    ],
)
def test_messages_out_of_order(messages, sentence):
    status, body = chat_refused(messages=messages)
    assert (status, body["message"], body["type"]) == (400, sentence, "invalid_request_message_order")
    assert (body["object"], body["code"], body["raw_status_code"]) == ("error", "3230", 400)


@pytest.mark.parametrize(
    ("fields", "kind", "code"),
    [
        ({"messages": [USER, {"role": "assistant"}, USER]}, "invalid_assistant_message", "3240"),
        (
            {"messages": [USER, {**CALLING, "tool_calls": [{**CALL, "id": "call_1"}]}, RESULT]},
            "invalid_function_call",
            "3280",
        ),
        ({"logprobs": True}, "invalid_request_invalid_args", "3051"),
        ({"top_logprobs": 2}, "invalid_request_invalid_args", "3051"),
        ({"reasoning_effort": "low"}, "invalid_request_invalid_args", "3051"),
        ({"model": "ministral-3b-latest", "reasoning_effort": "high"}, "invalid_request_invalid_args", "3051"),
        ({"model": "codestral-latest", "prompt_mode": "reasoning"}, "invalid_request_invalid_args", "3051"),
        (
            {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "g"}}},
            "invalid_request_invalid_args",
            "3051",
        ),
    ],
)
def test_what_the_model_does_not_take(fields, kind, code):
    status, body = chat_refused(**fields)
    assert (status, body["object"], body["type"], body["code"]) == (400, "error", kind, code)


@pytest.mark.parametrize(
    ("fields", "kind", "loc"),
    [
        ({"max_completion_tokens": 5}, "extra_forbidden", ["max_completion_tokens"]),
        ({"messages": [{**USER, "reasoning_content": "x"}]}, "extra_forbidden", ["messages", 0, "reasoning_content"]),
        ({"messages": [{"content": "x"}]}, "missing", ["messages", 0, "role"]),
        ({"messages": "x"}, "list_type", ["messages"]),
        ({"model": 5}, "string_type", ["model"]),
        ({"temperature": 1.6}, "less_than_equal", ["temperature"]),
        ({"max_tokens": -1}, "greater_than_equal", ["max_tokens"]),
        ({"n": 0}, "greater_than_equal", ["n"]),
        ({"stream": "yes"}, "bool_type", ["stream"]),
        ({"tool_choice": "sometimes"}, "enum", ["tool_choice"]),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "enum", ["messages", 0, "role"]),
        ({"response_format": {"type": "json_schema"}}, "missing", ["response_format", "json_schema"]),
        ({"messages": [{"role": "system"}, USER]}, "string_type", ["messages", 0, "content"]),
        ({"messages": [{**USER, "tool_calls": [CALL]}]}, "extra_forbidden", ["messages", 0, "tool_calls"]),
    ],
)
def test_what_does_not_fit_the_schema(fields, kind, loc):
    status, body = chat_refused(**fields)
    assert status == 422
    (detail,) = body["detail"]
    assert (detail["type"], detail["loc"]) == (kind, ["body", *loc])
    assert detail["msg"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff", b'"\\ud800"', chat_body() + b"}"])
def test_what_is_no_body(body):
    status, told = refused(CHAT, body)
    assert status == 422
    assert told["detail"][0]["loc"] == ["body"]


def test_values_are_quoted_where_they_are_short():
    assert chat_refused(temperature=9)[1]["detail"][0]["input"] == 9
    assert "input" not in chat_refused(temperature="x" * 500)[1]["detail"][0]


def test_fill_in_the_middle():
    body = {"model": "codestral-latest", "prompt": "def f(", "suffix": "return 1", "stop": "x", "max_tokens": 0}
    request = FIM.decode(json.dumps(body).encode(), {}).request
    assert [message.text for message in request.messages] == ["def f(", "return 1"]
    assert (request.stop, request.max_tokens, request.reasoning) == (("x",), None, 0)
    status, told = refused(FIM, {**body, "model": "mistral-large-latest"})
    assert (status, told["message"]) == (400, "Fim is not enabled for this model")
    assert refused(FIM, {"model": "codestral-latest"})[1]["detail"][0]["loc"] == ["body", "prompt"]
