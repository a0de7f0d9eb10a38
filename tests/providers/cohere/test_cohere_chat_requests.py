"""Bodies of `POST /v2/chat`: what the engine is asked, and what is refused in which words."""

import pytest
from cohere_plans import HELLO, body_of, call_of, chat_call, chat_refusal, refusal_of

from simulator.engine.request import NO_SAMPLING, Format, Message, Part, Request, Sampling, Tool, ToolCall
from simulator.providers.base import Problem
from simulator.providers.cohere.schema import ChatBody

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "Weather of a city", "parameters": CITY}}
CALLED = {
    "role": "assistant",
    "tool_plan": "I will look.",
    "tool_calls": [
        {"id": "get_weather_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Rome"}'}}
    ],
}
RESULT = {"role": "tool", "tool_call_id": "get_weather_1", "content": '{"sky":"clear"}'}
PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def asked(**fields):
    return chat_call(**fields).request


def test_the_least_request():
    call = chat_call()
    assert call.request == Request("chat", "cohere", "command-a-03-2025", (Message("user", "Hi"),))
    assert not call.stream
    assert chat_call(stream=True).stream


def test_sampling_and_limits():
    request = asked(
        temperature=0.5, p=0.9, k=40, seed=7, frequency_penalty=0.1, presence_penalty=0.2, max_tokens=9,
        stop_sequences=["a", "b"],
    )  # fmt: skip
    assert request.sampling == Sampling(0.5, 0.9, 40, 0.1, 0.2, 7)
    assert (request.max_tokens, request.stop) == (9, ("a", "b"))
    assert asked().sampling is NO_SAMPLING


def test_what_only_changes_transport_changes_no_answer():
    assert asked(stream=True, priority=3, logprobs=True) == asked()
    assert asked(safety_mode="CONTEXTUAL", citation_options={"mode": "enabled"}) == asked()


def test_what_changes_an_answer_is_asked():
    assert asked(safety_mode="STRICT").extra == ("safety_mode=STRICT",)
    assert asked(tools=[TOOL], strict_tools=True).extra == ("strict_tools",)
    assert asked(citation_options={"mode": "fast"}).extra == ("citations=FAST",)


def test_a_conversation_with_tools():
    system = {"role": "system", "content": [{"type": "text", "text": "Be"}, {"type": "text", "text": "brief"}]}
    request = asked(messages=[system, *HELLO, CALLED, RESULT], tools=[TOOL], tool_choice="REQUIRED")
    assert request.messages == (
        Message("system", "Be\nbrief"),
        Message("user", "Hi"),
        Message("assistant", "I will look.", calls=(ToolCall("get_weather_1", "get_weather", '{"city":"Rome"}'),)),
        Message("tool", '{"sky":"clear"}', answers="get_weather_1"),
    )
    assert request.tools == (Tool("get_weather", "Weather of a city", CITY),)
    assert request.tool_choice == "required"
    assert asked(tools=[TOOL], tool_choice="NONE").tool_choice == "none"
    assert asked(tools=[TOOL]).tool_choice == ""


def test_a_result_of_blocks_and_documents():
    blocks = [
        {"type": "text", "text": "sunny"},
        {"type": "document", "document": {"id": "d", "data": {"title": "Sky", "body": {"a": 1}}}},
        {"type": "document", "document": {"data": "plain"}},
    ]
    messages = asked(messages=[*HELLO, CALLED, {**RESULT, "content": blocks}]).messages
    assert messages[-1].text == 'sunny\ntitle: Sky\nbody: {"a": 1}\nplain'


def test_thoughts_are_not_said_again():
    turn = {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Yes"}]}
    assert asked(messages=[*HELLO, turn, *HELLO]).messages[1] == Message("assistant", "Yes")


def test_documents_stand_before_the_conversation():
    request = asked(documents=["green", {"id": "x", "data": {"title": "t", "snippet": "s"}}, {"data": "blue"}])
    assert request.messages[0] == Message(
        "system", "Document doc:0\ntext: green\n\nDocument x\ntitle: t\nsnippet: s\n\nDocument doc:2\ntext: blue"
    )


def test_pictures_are_priced():
    url = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
    data = {"type": "image_url", "image_url": {"url": PIXEL}}
    turn = {"role": "user", "content": [{"type": "text", "text": "See"}, url, data]}
    (message,) = asked(messages=[turn]).messages
    assert message.text == "See"
    assert message.parts[0] == Part("image", "https://example.com/a.png", 256)
    assert message.parts[1].tokens == 256
    assert PIXEL not in message.parts[1].source


@pytest.mark.parametrize("name", ["json_schema", "schema"])
def test_formats(name):
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert asked(response_format={"type": "json_object", name: schema}).format == Format("json_schema", schema)
    assert asked(response_format={"type": "json_object"}).format == Format("json_object")
    assert asked(response_format={"type": "text"}).format == Format()


def test_python_s_names_of_types_are_taken_in_a_schema():
    properties = {"n": {"type": "int"}, "words": {"type": "list", "items": {"type": "str"}}, "e": {"enum": ["str"]}}
    tool = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": properties}}}
    assert asked(tools=[tool]).tools[0].schema["properties"] == {
        "n": {"type": "integer"},
        "words": {"type": "array", "items": {"type": "string"}},
        "e": {"enum": ["str"]},
    }


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        (None, None),
        ({"type": "enabled"}, None),
        ({"type": "disabled"}, 0),
        ({"type": "enabled", "token_budget": 90}, 60),
        ({"type": "enabled", "token_budget": 1}, 1),
        ({"type": "enabled", "token_budget": 31_000}, 300),
    ],
)
def test_thinking(thinking, reasoning):
    assert asked(thinking=thinking).reasoning == reasoning


def test_null_is_absent_everywhere():
    nothing = dict.fromkeys(name for name in ChatBody.__struct_fields__ if name not in {"model", "messages"})
    assert len(nothing) > 15
    assert asked(**nothing) == asked()


WRONG = [
    ({"temperature": 1.5}, "invalid request: temperature must be between 0 and 1.0 inclusive."),
    ({"p": -0.1}, "invalid request: p must be between 0 and 1.0 inclusive."),
    ({"k": 501}, "invalid request: k must be between 0 and 500 inclusive."),
    ({"frequency_penalty": 2}, "invalid request: frequency_penalty must be between 0 and 1 inclusive."),
    ({"presence_penalty": 2}, "invalid request: presence_penalty must be between 0 and 1 inclusive."),
    ({"max_tokens": -1}, "invalid request: max_tokens cannot be less than 0."),
    (
        {"stop_sequences": list("abcdef")},
        "invalid request: too many stop sequences provided, maximum is 5, received 6.",
    ),
    ({"safety_mode": "LOOSE"}, "unrecognized safety mode 'LOOSE'. For proper usage, please refer to https://docs."),
    ({"citation_options": {"mode": "x"}}, "invalid request: citation_options.mode must be one of the following: EN"),
    ({"thinking": {"type": "maybe"}}, "invalid request: thinking.type must be one of the following: enabled, disab"),
    ({"thinking": {"type": "enabled", "token_budget": 0}}, "invalid request: thinking.token_budget must be a posit"),
    ({"tool_choice": "AUTO"}, "invalid request: tool_choice must be one of the following: REQUIRED, NONE."),
    ({"tool_choice": "REQUIRED"}, "invalid request: tool_choice REQUIRED is only allowed when tools are provided."),
    ({"response_format": {"type": "xml"}}, "invalid request: response_format.type must be one of the following: te"),
    ({"response_format": {"type": "json_object", "json_schema": {"type": "array"}}}, "schema must be an object"),
    ({"response_format": {"type": "text", "json_schema": {"type": "object"}}}, "invalid request: a schema must not"),
    (
        {"response_format": {"type": "json_object"}, "documents": ["a"]},
        "invalid request: response_format is not supported with RAG.",
    ),
    (
        {"response_format": {"type": "json_object"}, "tools": [TOOL]},
        "invalid request: response_format is not supported with tools.",
    ),
    ({"documents": [""]}, "invalid request: document at index 0 cannot be empty"),
    ({"documents": [{"id": "a", "data": "x"}] * 2}, "invalid request: duplicate document ID a at index 1 and 0"),
    ({"messages": []}, "invalid request: required 'messages' param is missing or empty."),
    ({"messages": [{"role": "user", "content": ""}]}, "message must not be empty in a turn"),
    ({"messages": [{"role": "user", "content": []}]}, "message must not be empty in a turn"),
    ({"messages": [{"role": "assistant"}]}, "message must not be empty in a turn"),
    ({"messages": [{"role": "robot", "content": "x"}]}, "invalid request: messages[0].role must be one of the foll"),
    ({"messages": [*HELLO, {"role": "system", "content": "x"}]}, "system turn must be the first in the list"),
    ({"messages": [*HELLO, RESULT]}, "tool call id not found in previous tool calls"),
    ({"messages": [*HELLO, CALLED, {**RESULT, "tool_call_id": ""}]}, "tool call id must be provided with tool mes"),
    ({"messages": [*HELLO, CALLED, CALLED]}, "cannot have duplicate tool ids"),
    ({"tools": [{"type": "function", "function": {"name": "1x"}}]}, "invalid request: tool names can only contain"),
    (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "array"}}}]},
        "schema must be an object",
    ),
    (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"properties": {"zone": {}}}}}]},
        "property zone must have a type",
    ),
    (
        {
            "tools": [
                {"type": "function", "function": {"name": "f", "parameters": {"properties": {}, "required": ["a"]}}}
            ]
        },
        "required field a not found in properties",
    ),
]


@pytest.mark.parametrize(("fields", "sentence"), WRONG, ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_value_is_refused_in_the_service_s_words(fields, sentence):
    refusal = chat_refusal(**fields)
    assert refusal.problem is Problem.INVALID
    assert refusal.message.startswith(sentence)
    assert refusal.param
    assert refusal.param.split("[")[0].split(".")[0] in fields


@pytest.mark.parametrize(
    ("body", "sentence", "code"),
    [
        (b"{", "invalid json syntax: ", None),
        (b"", "invalid json syntax: it is empty", None),
        (b"[" * 100_000, "invalid json syntax: nested deeper than", None),
        ({"messages": HELLO}, "a model parameter is required for this endpoint.", None),
        ({"model": "m"}, "invalid request: required 'messages' param is missing or empty.", None),
        ([], "invalid type: the body is of type array but should be of type object.", None),
        (
            {"model": "m", "messages": HELLO, "max_tokens": "9"},
            "invalid type: parameter 'max_tokens' is of type string but should be of type int32.",
            None,
        ),
        (
            {"model": "m", "messages": HELLO, "max_completion_tokens": 9},
            "unknown field: parameter 'max_completion_tokens' is not a valid field",
            "unknown_field",
        ),
        (
            {"model": "m", "messages": [{"role": "user", "content": [{"type": "text", "text": "x", "index": 0}]}]},
            "unknown field: parameter 'messages[0].content[0].index' is not a valid field",
            "unknown_field",
        ),
    ],
)
def test_a_body_of_the_wrong_shape(body, sentence, code):
    refusal = refusal_of("/v2/chat", body)
    assert refusal.message.startswith(sentence)
    assert refusal.code == code


def test_too_many_pictures():
    block = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    refusal = chat_refusal(messages=[{"role": "user", "content": [block] * 21}])
    assert refusal.message == "invalid request: too many images provided, maximum is 20."
    refusal = chat_refusal(messages=[{"role": "user", "content": [{**block, "image_url": {"url": "file:x"}}]}])
    assert "'file:x' is neither" in refusal.message
    assert refusal.param == "messages[0].content[0].image_url.url"


def test_a_number_that_no_json_can_send_on_is_refused():
    big = b'{"model":"m","messages":[{"role":"user","content":"x"}],%b}'
    for field in (
        b'"documents":[{"data":{"n":%d}}]' % 10**30,
        b'"response_format":{"type":"json_object","json_schema":{"type":"object","minProperties":%d}}' % 10**30,
        b'"tools":[{"type":"function","function":{"name":"f","parameters":{"maxProperties":%d}}}]' % 10**30,
    ):
        assert "out of range" in refusal_of("/v2/chat", big % field).message


def test_every_path_takes_its_least_body():
    """The corpora of refusals would prove nothing against an endpoint that refuses everything."""
    for path, fields in {
        "/v1/chat": {"message": "x"},
        "/v2/embed": {"model": "m", "texts": ["x"], "input_type": "clustering"},
        "/v1/embed": {"texts": ["x"]},
        "/v2/rerank": {"model": "m", "query": "q", "documents": ["d"]},
        "/v1/rerank": {"query": "q", "documents": [{"text": "d"}]},
        "/v1/tokenize": {"text": "x", "model": "m"},
        "/v1/detokenize": {"tokens": [], "model": "m"},
    }.items():
        assert call_of(path, **fields).request.provider == "cohere"
        assert refusal_of(path, body_of({**fields, "colour": 1})).code == "unknown_field"
