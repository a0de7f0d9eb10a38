"""Wrong types and values, missing and unknown fields: each refusal names the field at fault."""

import json

import pytest
from hostile_wire import CHAT, COMPLETION, COUNT, EMBEDDING, ENDPOINTS, MESSAGE, check_refusal, headers_of

CHAT_PATH, COMPLETION_PATH, EMBEDDING_PATH, MESSAGE_PATH, COUNT_PATH = ENDPOINTS
TOOL = {"type": "function", "function": {"name": "f"}}
OPENAI_CHAT = [
    ({"model": 1}, "model"),
    ({"model": None}, "model"),
    ({"messages": None}, "messages"),
    ({"messages": "hi"}, "messages"),
    ({"messages": {}}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": [1]}, "messages[0]"),
    ({"messages": [None]}, "messages[0]"),
    ({"messages": [{}]}, "messages[0].role"),
    ({"messages": [{"role": None, "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": ["user"], "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "nobody", "content": "x"}]}, "messages[0].role"),
    ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": {}}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": []}]}, "messages[0].content"),
    ({"messages": [{"role": "user", "content": "x", "mood": 1}]}, "messages[0].mood"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages[0].content[0].text"),
    ({"messages": [{"role": "user", "content": [{"type": "smell"}]}]}, "messages[0].content[0].type"),
    ({"messages": [{"role": "user", "content": [{"text": "x"}]}]}, "messages[0].content[0].type"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id"),
    ({"n": "2"}, "n"),
    ({"n": 1.5}, "n"),
    ({"n": -1}, "n"),
    ({"n": 10**30}, "n"),
    ({"n": True}, "n"),
    ({"max_tokens": -5}, "max_tokens"),
    ({"max_tokens": "8"}, "max_tokens"),
    ({"max_tokens": 2**63}, "max_tokens"),
    ({"max_tokens": 10**400}, "max_tokens"),
    ({"temperature": "hot"}, "temperature"),
    ({"temperature": -0.1}, "temperature"),
    ({"top_p": 2}, "top_p"),
    ({"presence_penalty": -2.5}, "presence_penalty"),
    ({"seed": 2**70}, "seed"),
    ({"seed": 0.5}, "seed"),
    ({"stop": 1}, "stop"),
    ({"stop": [1]}, "stop[0]"),
    ({"stream": "yes"}, "stream"),
    ({"stream": 1}, "stream"),
    ({"stream": True, "stream_options": True}, "stream_options"),
    ({"stream": True, "stream_options": {"include_usage": 1}}, "stream_options.include_usage"),
    ({"logit_bias": []}, "logit_bias"),
    ({"metadata": {"a": 1}}, "metadata"),
    ({"tools": {}}, "tools"),
    ({"tools": []}, "tools"),
    ({"tools": [{}]}, "tools[0].type"),
    ({"tools": [{"type": "function"}]}, "tools[0].function"),
    ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "tools[0].function.name"),
    ({"tools": [TOOL], "tool_choice": "perhaps"}, "tool_choice"),
    ({"tools": [TOOL], "tool_choice": 1}, "tool_choice"),
    ({"tool_choice": "auto"}, "tool_choice"),
    ({"response_format": "json"}, "response_format"),
    ({"response_format": {"type": "xml"}}, "response_format.type"),
    ({"colour": "red"}, "colour"),
]
OPENAI_OTHERS = [
    (COMPLETION_PATH, {"prompt": 1}, "prompt"),
    (COMPLETION_PATH, {"prompt": []}, "prompt"),
    (COMPLETION_PATH, {"prompt": [{}]}, "prompt[0]"),
    (COMPLETION_PATH, {"prompt": ["x", 1]}, "prompt"),
    (COMPLETION_PATH, {"prompt": [-1]}, "prompt[0]"),
    (COMPLETION_PATH, {"best_of": 0}, "best_of"),
    (COMPLETION_PATH, {"best_of": 1, "n": 2}, "best_of"),
    (COMPLETION_PATH, {"echo": 1}, "echo"),
    (COMPLETION_PATH, {"prompt": ["x"] * 2048, "n": 128}, "n"),
    (COMPLETION_PATH, {"messages": []}, "messages"),
    (EMBEDDING_PATH, {"input": 1}, "input"),
    (EMBEDDING_PATH, {"input": ""}, "input"),
    (EMBEDDING_PATH, {"input": []}, "input"),
    (EMBEDDING_PATH, {"input": [""]}, "input[0]"),
    (EMBEDDING_PATH, {"input": [[]]}, "input[0]"),
    (EMBEDDING_PATH, {"input": [[1], "x"]}, "input"),
    (EMBEDDING_PATH, {"input": ["x"] * 2049}, "input"),
    (EMBEDDING_PATH, {"dimensions": 0}, "dimensions"),
    (EMBEDDING_PATH, {"dimensions": 10**6}, "dimensions"),
    (EMBEDDING_PATH, {"dimensions": "256"}, "dimensions"),
    (EMBEDDING_PATH, {"encoding_format": "hex"}, "encoding_format"),
    (EMBEDDING_PATH, {"stream": True}, "stream"),
]
ANTHROPIC = [
    ({"model": 1}, "model"),
    ({"model": ""}, "model"),
    ({"model": None}, "model"),
    ({"messages": None}, "messages"),
    ({"messages": "hi"}, "messages"),
    ({"messages": []}, "messages"),
    ({"messages": [1]}, "messages.0"),
    ({"messages": [{}]}, "messages.0.role"),
    ({"messages": [{"role": "user"}]}, "messages.0.content"),
    ({"messages": [{"role": "nobody", "content": "x"}]}, "messages.0.role"),
    ({"messages": [{"role": "user", "content": 1}]}, "messages.0.content"),
    ({"messages": [{"role": "user", "content": "x", "mood": 1}]}, "messages.0.mood"),
    ({"messages": [{"role": "user", "content": [{"type": "text"}]}]}, "messages.0.content.0.text.text"),
    ({"messages": [{"role": "user", "content": [{"type": "smell"}]}]}, "messages.0.content.0"),
    ({"system": 1}, "system"),
    ({"system": [{"type": "image"}]}, "system.0"),
    ({"tools": {}}, "tools"),
    ({"tools": [1]}, "tools.0"),
    ({"tools": [{"name": "a b", "input_schema": {"type": "object"}}]}, "tools.0"),
    ({"tool_choice": "auto"}, "tool_choice"),
    ({"tool_choice": {"type": "perhaps"}}, "tool_choice"),
    ({"thinking": {"type": "enabled", "budget_tokens": 1}}, "thinking"),
    ({"colour": "red"}, "colour"),
]
ANTHROPIC_ONLY_MESSAGES = [
    ({"max_tokens": None}, "max_tokens"),
    ({"max_tokens": "8"}, "max_tokens"),
    ({"max_tokens": -1}, "max_tokens"),
    ({"max_tokens": 1.5}, "max_tokens"),
    ({"max_tokens": 2**70}, "max_tokens"),
    ({"stop_sequences": "x"}, "stop_sequences"),
    ({"stop_sequences": [1]}, "stop_sequences.0"),
    ({"stream": "yes"}, "stream"),
    ({"metadata": {"user_id": 1}}, "metadata.user_id"),
    ({"temperature": 0.5}, "temperature"),
]


def changed(case):
    return json.dumps(case)[:60] if isinstance(case, dict) else None


@pytest.mark.parametrize(("changes", "field"), OPENAI_CHAT, ids=changed)
def test_chat(fleet, changes, field):
    _, param = check_refusal(fleet.ask(CHAT_PATH, {**CHAT, **changes}), CHAT_PATH)
    assert param == field


@pytest.mark.parametrize(("path", "changes", "field"), OPENAI_OTHERS, ids=changed)
def test_completions_and_embeddings(fleet, path, changes, field):
    _, param = check_refusal(fleet.ask(path, {**ENDPOINTS[path], **changes}), path)
    assert param == field


@pytest.mark.parametrize("path", [MESSAGE_PATH, COUNT_PATH])
@pytest.mark.parametrize(("changes", "field"), ANTHROPIC, ids=changed)
def test_messages_and_counts(fleet, path, changes, field):
    message, _ = check_refusal(fleet.ask(path, {**ENDPOINTS[path], **changes}, headers_of(path)), path)
    assert message.startswith(field)


@pytest.mark.parametrize(("changes", "field"), ANTHROPIC_ONLY_MESSAGES, ids=changed)
def test_messages(fleet, changes, field):
    message, _ = check_refusal(fleet.ask(MESSAGE_PATH, {**MESSAGE, **changes}, headers_of(MESSAGE_PATH)), MESSAGE_PATH)
    assert message.startswith(field)


@pytest.mark.parametrize(
    ("path", "name"),
    [(path, name) for path, body in ENDPOINTS.items() for name in body if (path, name) != (CHAT_PATH, "max_tokens")],
)
def test_a_missing_field_is_named(fleet, path, name):
    body = {key: value for key, value in ENDPOINTS[path].items() if key != name}
    answer = fleet.ask(path, body, headers_of(path))
    if name == "max_tokens" and path == COMPLETION_PATH:
        assert answer.status == 200
        return
    message, param = check_refusal(answer, path)
    assert name in message
    assert param in (None, name)


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "model", ["nobody", "gpt-4o ", "GPT-4O", "../../etc/passwd", "x" * 100_000, "\u0000", "{0}%s\r\n"]
)
def test_an_unknown_model(fleet, path, model):
    answer = fleet.ask(path, {**ENDPOINTS[path], "model": model}, headers_of(path))
    message, _ = check_refusal(answer, path, 404 if len(model) < 256 or "messages" not in path else answer.status)
    assert answer.status in (400, 404)
    assert "model" in message


@pytest.mark.parametrize(
    ("path", "model"),
    [
        (CHAT_PATH, EMBEDDING["model"]),
        (EMBEDDING_PATH, CHAT["model"]),
        (COMPLETION_PATH, CHAT["model"]),
        (CHAT_PATH, COMPLETION["model"]),
        (CHAT_PATH, MESSAGE["model"]),
        (MESSAGE_PATH, CHAT["model"]),
        (COUNT_PATH, EMBEDDING["model"]),
    ],
)
def test_a_model_of_another_kind(fleet, path, model):
    message, _ = check_refusal(fleet.ask(path, {**ENDPOINTS[path], "model": model}, headers_of(path)), path, 404)
    assert model in message


def test_max_tokens_of_zero(fleet):
    """As each provider does (spec 15)."""
    assert check_refusal(fleet.ask(CHAT_PATH, {**CHAT, "max_tokens": 0}), CHAT_PATH)[1] == "max_tokens"
    empty = fleet.ask(COMPLETION_PATH, {**COMPLETION, "max_tokens": 0})
    assert (empty.status, empty.json()["choices"][0]["text"]) == (200, "")
    warmed = fleet.ask(MESSAGE_PATH, {**MESSAGE, "max_tokens": 0}, headers_of(MESSAGE_PATH))
    assert (warmed.status, warmed.json()["content"]) == (200, [])


def test_counts_take_no_max_tokens(fleet):
    message, _ = check_refusal(fleet.ask(COUNT_PATH, {**COUNT, "max_tokens": 8}, headers_of(COUNT_PATH)), COUNT_PATH)
    assert message.startswith("max_tokens")
