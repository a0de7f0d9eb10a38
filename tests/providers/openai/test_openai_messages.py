import pytest
from openai_plans import chat_call, chat_refusal

from simulator.engine.request import Message, Part, ToolCall

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
OTHER = {"id": "call_2", "type": "custom", "custom": {"name": "g", "input": "go"}}


def turns(*messages):
    return chat_call(messages=list(messages)).request.messages


def refused(*messages):
    refusal = chat_refusal(messages=list(messages))
    return refusal.message, refusal.param, refusal.code


def assistant(*calls, **fields):
    return {"role": "assistant", "content": None, "tool_calls": list(calls), **fields}


def result(call_id, content="done"):
    return {"role": "tool", "tool_call_id": call_id, "content": content}


@pytest.mark.parametrize("role", ["system", "developer", "user", "assistant"])
def test_plain_text(role):
    assert turns({"role": role, "content": "Hi", "name": "Ann"}) == (Message(role, "Hi", "Ann"),)
    assert turns({"role": role, "content": ""}) == (Message(role),)


def test_text_parts_are_joined_with_newlines():
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert turns({"role": "user", "content": parts}) == (Message("user", "a\nb"),)
    refusal = {"type": "refusal", "refusal": "no"}
    assert turns({"role": "assistant", "content": [*parts, refusal]}) == (Message("assistant", "a\nb\nno"),)
    assert turns({"role": "assistant", "refusal": "no"}) == (Message("assistant", "no"),)


def test_other_parts_keep_their_source_and_price():
    content = [
        {"type": "text", "text": "look"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "image_url", "image_url": {"url": "https://example.com/b.png", "detail": "low"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "mp3"}},
        {"type": "file", "file": {"file_data": "data:application/pdf;base64,QUJDREVGR0g="}},
        {"type": "file", "file": {"file_id": "file-1"}},
    ]
    (message,) = turns({"role": "user", "content": content})
    assert message.text == "look"
    assert message.parts == (
        Part("image", "https://example.com/a.png", 765),
        Part("image", "https://example.com/b.png", 85),
        Part("audio", "AAAA", 1),
        Part("file", "data:application/pdf;base64,QUJDREVGR0g=", 2),
        Part("file", "file-1", 1000),
    )


def test_calls_and_their_results():
    messages = turns(
        {"role": "user", "content": "go"},
        assistant(CALL, OTHER),
        result("call_2"),
        result("call_1", [{"type": "text", "text": "ok"}]),
        {"role": "user", "content": "thanks"},
    )
    assert messages[1].calls == (ToolCall("call_1", "f", "{}"), ToolCall("call_2", "g", "go"))
    assert [(message.answers, message.text) for message in messages[2:4]] == [("call_2", "done"), ("call_1", "ok")]


def test_the_deprecated_function_messages():
    messages = turns(
        {"role": "assistant", "content": None, "function_call": {"name": "f", "arguments": "{}"}},
        {"role": "function", "name": "f", "content": None},
    )
    assert messages == (Message("assistant", calls=(ToolCall("", "f", "{}"),)), Message("function", "", "f"))


def test_an_answer_sent_back_as_it_came_is_taken():
    back = {"role": "assistant", "content": "Hi", "refusal": None, "annotations": [], "audio": None}
    assert turns({**back, "function_call": None}) == (Message("assistant", "Hi"),)


NULL = "Invalid value for 'content': expected a string, got null."


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([{"role": "user", "content": None}], (NULL, "messages.[0].content", None)),
        ([{"role": "assistant"}], (NULL, "messages.[0].content", None)),
        ([assistant(CALL), result("call_1", None)], (NULL, "messages.[1].content", None)),
        (
            [{"role": "system"}],
            (
                "Missing required parameter: 'messages[0].content'.",
                "messages[0].content",
                "missing_required_parameter",
            ),
        ),
        (
            [{"role": "function", "content": "x"}],
            (
                "Missing parameter 'name': messages with role 'function' must have a 'name'.",
                "messages.[0].name",
                None,
            ),
        ),
        (
            [{"role": "tool", "content": "x"}],
            (
                "Missing required parameter: 'messages[0].tool_call_id'.",
                "messages[0].tool_call_id",
                "missing_required_parameter",
            ),
        ),
        (
            [{"role": "user", "content": {}}],
            (
                (
                    "Invalid type for 'messages[0].content': expected one of a string or array of objects, "
                    "but got an object instead."
                ),
                "messages[0].content",
                "invalid_type",
            ),
        ),
        (
            [{"role": "user", "content": []}],
            (
                (
                    "Invalid 'messages[0].content': empty array. Expected an array with minimum length 1, "
                    "but got an empty array instead."
                ),
                "messages[0].content",
                "empty_array",
            ),
        ),
        (
            [{"role": "boss", "content": "x"}],
            (
                (
                    "Invalid value: 'boss'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', "
                    "and 'developer'."
                ),
                "messages[0].role",
                "invalid_value",
            ),
        ),
        (
            [{"role": "user", "content": [{"text": "x"}]}],
            (
                "Missing required parameter: 'messages[0].content[0].type'.",
                "messages[0].content[0].type",
                "missing_required_parameter",
            ),
        ),
        (
            [{"role": "user", "content": [{"type": "file", "file": {}}]}],
            (
                "Missing required parameter: 'messages[0].content[0].file.file_id'.",
                "messages[0].content[0].file.file_id",
                "missing_required_parameter",
            ),
        ),
        (
            [{"role": "system", "content": [{"type": "image_url", "image_url": {"url": "https://x/y"}}]}],
            (
                (
                    "Invalid 'messages[0]'. Image URLs are only allowed for messages with role 'user', but this "
                    "message with role 'system' contains an image URL."
                ),
                "messages[0]",
                "invalid_value",
            ),
        ),
        (
            [{"role": "user", "content": [{"type": "refusal", "refusal": "no"}]}],
            (
                "Invalid value: 'refusal'. Supported values are: 'text', 'image_url', 'input_audio', and 'file'.",
                "messages[0].content[0].type",
                "invalid_value",
            ),
        ),
        (
            [{"role": "assistant", "content": [{"type": "file", "file": {"file_id": "f"}}]}],
            (
                "Invalid value: 'file'. Supported values are: 'text' and 'refusal'.",
                "messages[0].content[0].type",
                "invalid_value",
            ),
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "cat.png"}}]}],
            (
                (
                    "Invalid 'messages[0].content[0].image_url.url'. Expected a valid URL, but got a value with an "
                    "invalid format."
                ),
                "messages[0].content[0].image_url.url",
                "invalid_value",
            ),
        ),
        (
            [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}]}],
            (
                (
                    "You uploaded an unsupported image. Please make sure your image has of one the following formats: "
                    "['png', 'jpeg', 'gif', 'webp']."
                ),
                "messages[0].content[0].image_url.url",
                "invalid_image_format",
            ),
        ),
        (
            [{"role": "assistant", "content": "x", "tool_calls": None}],
            (
                "Invalid type for 'messages[0].tool_calls': expected an array of objects, but got null instead.",
                "messages[0].tool_calls",
                "invalid_type",
            ),
        ),
    ],
)
def test_refusals(messages, expected):
    assert refused(*messages) == expected


@pytest.mark.parametrize("fields", [{"tool_calls": [CALL]}, {"function_call": {"name": "f", "arguments": "{}"}}])
@pytest.mark.parametrize("content", ["x", [{"type": "text", "text": "x"}]])
def test_only_an_assistant_calls(fields, content):
    assert refused({"role": "user", "content": content, **fields}) == (
        "Invalid parameter: only messages with role 'assistant' can have a function call.",
        "messages.[0].role",
        None,
    )


ORPHAN = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
UNANSWERED = (
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. "
    "The following tool_call_ids did not have response messages: "
)


def test_a_result_needs_its_call():
    assert refused({"role": "user", "content": "x"}, result("call_1")) == (ORPHAN, "messages.[1].role", None)
    far = [assistant(CALL), result("call_1"), {"role": "user", "content": "x"}, result("call_1")]
    assert refused(*far) == (ORPHAN, "messages.[3].role", None)
    message, param, _ = refused(assistant(CALL), result("call_9"))
    assert message == "Invalid parameter: 'tool_call_id' of 'call_9' not found in 'tool_calls' of previous message."
    assert param == "messages.[1].tool_call_id"


def test_a_call_needs_its_result():
    assert refused(assistant(CALL, OTHER), result("call_2")) == (UNANSWERED + "call_1", "messages", None)
    early = [assistant(OTHER, CALL), {"role": "user", "content": "x"}]
    assert refused(*early) == (UNANSWERED + "call_1, call_2", "messages.[1].role", None)
    twice = [assistant(CALL), assistant(OTHER)]
    assert refused(*twice) == (UNANSWERED + "call_1", "messages.[1].role", None)


def test_a_result_may_come_twice():
    assert len(turns(assistant(CALL), result("call_1"), result("call_1", "again"))) == 3
