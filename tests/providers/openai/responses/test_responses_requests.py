"""Bodies of the Responses endpoints: what the engine is asked, and what is refused in which words."""

import base64
import json
import struct

import pytest
from responses_plans import COMPACT, COUNT, CREATE, FUNCTION, call_of, choice_of, plan_of, refusal_of

from simulator.engine.request import Format, Message, Part, ToolCall
from simulator.providers.base import Problem
from simulator.providers.openai.responses.sealed import seal, tokens_in

CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": "{}"}
NOTHING_GIVEN = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided."
RESULT = {"type": "function_call_output", "call_id": "call_1", "output": "Sunny"}


def user(content):
    return {"role": "user", "content": content}


def test_a_text():
    request = call_of(input="Hello", instructions="Be brief.").request
    assert request.messages == (Message("system", "Be brief."), Message("user", "Hello"))
    assert request.reasoning is None


def test_what_only_is_told_back_does_not_change_the_answer():
    plain = call_of()
    assert (
        call_of(metadata={"a": "b"}, user="u", store=False, stream=True, service_tier="flex").request == plain.request
    )
    assert call_of(input=[user("Hi")]).request == plain.request
    assert call_of(
        input=[{"type": "message", "id": "msg_1", **user([{"type": "input_text", "text": "Hi"}])}]
    ).request == (plain.request)
    assert call_of(temperature=0.5).request != plain.request
    assert call_of(text={"verbosity": "medium"}).request != plain.request


def test_items_of_every_kind():
    sealed = seal(70, 1_700_000_000, b"bits")
    request = call_of(
        input=[
            {"role": "developer", "content": "Rules."},
            {"type": "compaction", "encrypted_content": seal(33, 0, b"x")},
            user([{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]),
            {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": sealed},
            CALL,
            {**CALL, "call_id": "call_2", "id": "fc_2", "status": "completed", "namespace": "crm"},
            RESULT,
            {**RESULT, "call_id": "call_2", "output": [{"type": "input_text", "text": "Rain"}]},
            {"type": "custom_tool_call", "call_id": "call_3", "name": "run", "input": "1+1"},
            {"type": "custom_tool_call_output", "call_id": "call_3", "output": "2"},
            {"type": "shell_call", "call_id": "call_4", "action": {"commands": ["ls"]}, "status": "completed"},
            {"type": "shell_call_output", "call_id": "call_4", "output": []},
            {"type": "local_shell_call", "id": "lsh_1", "call_id": "call_5", "action": {}, "status": "completed"},
            {"type": "local_shell_call_output", "id": "lsh_1", "output": "ok"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed", "action": {"type": "search"}},
            {"type": "mcp_approval_response", "approval_request_id": "mcpr_1", "approve": True},
            {"role": "assistant", "content": [{"type": "output_text", "text": "Done", "annotations": []}]},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
            user("Next"),
        ]
    ).request
    told = request.messages
    assert [message.role for message in told] == [
        *("developer", "developer", "user", "assistant", "tool", "tool", "assistant", "tool"),
        *("assistant", "tool", "assistant", "tool", "assistant", "tool", "assistant", "assistant", "user"),
    ]
    assert told[1].parts[0].tokens == 33
    assert told[2].text == "a\nb"
    assert told[3].parts == (Part("reasoning", sealed, 70),)
    assert told[3].calls == (ToolCall("call_1", "get_weather", "{}"), ToolCall("call_2", "get_weather", "{}"))
    assert [message.answers for message in told if message.role == "tool"] == [
        *("call_1", "call_2", "call_3", "call_4", "call_5", "mcpr_1"),
    ]
    assert told[5].text == "Rain"
    assert (told[-3].text, told[-2].text) == ("Done", "No.")


def test_pictures_have_their_price():
    png = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR" + struct.pack(">II", 1024, 512)
    url = "data:image/png;base64," + base64.b64encode(png).decode()

    def tokens(**image):
        return call_of(input=[user([{"type": "input_image", **image}])]).request.messages[0].parts[0].tokens

    assert tokens(image_url=url) == 85 + 170 * 2
    assert tokens(image_url=url, detail="low") == 85
    assert tokens(image_url="https://example.com/a.png", detail=None) == tokens(file_id="file-1") == 765


def test_tools_and_their_choice():
    tools = [
        {**FUNCTION, "description": "Weather"},
        {"type": "custom", "name": "run", "format": {"type": "grammar", "syntax": "regex", "definition": "[0-9]+"}},
        {"type": "namespace", "name": "crm", "description": "c", "tools": [{"type": "function", "name": "find"}]},
        {"type": "shell"},
        {"type": "computer_use_preview", "display_width": 9, "display_height": 9, "environment": "linux"},
        {"type": "web_search"},
    ]
    request = call_of(tools=tools).request
    assert [tool.name for tool in request.tools] == ["get_weather", "run", "find", "shell", "computer_use_preview"]
    assert request.tools[1].schema["properties"] == {"input": {"type": "string", "pattern": "^(?:[0-9]+)$"}}
    among = {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "find"}]}
    for choice, word in (
        ("auto", "auto"),
        ("required", "required"),
        ("none", "none"),
        ({"type": "function", "name": "get_weather"}, "tool:get_weather"),
        ({"type": "custom", "name": "run"}, "tool:run"),
        ({"type": "shell"}, "tool:shell"),
        ({"type": "computer_use"}, "tool:computer_use_preview"),
        (among, "required:find"),
        ({**among, "mode": "auto", "tools": [*among["tools"], {"type": "shell"}]}, "auto:find,shell"),
        ({"type": "web_search_preview"}, "none"),
    ):
        assert call_of(tools=tools, tool_choice=choice).request.tool_choice == word
    assert call_of(tools=tools, tool_choice={"type": "web_search_preview"}).echo.choice.hosted is not None
    assert call_of(tools=tools[-1:], tool_choice="auto").echo.choice.hosted is None
    assert call_of(tools=tools[-1:], tool_choice="required").echo.choice.hosted is not None
    for choice in ({"type": "function", "name": "run"}, {"type": "file_search"}, {"type": "mcp", "server_label": "x"}):
        assert refusal_of(tools=tools, tool_choice=choice).param == "tool_choice"
    assert refusal_of(tool_choice="required").param == "tool_choice"


@pytest.mark.parametrize(
    ("function", "strict", "closed"),
    [
        (FUNCTION, True, True),
        ({**FUNCTION, "strict": False}, False, False),
        ({**FUNCTION, "parameters": {"type": "object", "properties": {"a": {"type": "string"}}}}, False, False),
        ({**FUNCTION, "parameters": None}, False, None),
    ],
)
def test_strictness_that_nobody_asked_for(function, strict, closed):
    (shown,) = call_of(tools=[function]).echo.offer.shown
    assert shown["strict"] is strict
    if closed is not None:
        assert (shown["parameters"].get("additionalProperties") is False) is closed


def test_formats():
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    text = {"format": {"type": "json_schema", "name": "x", "schema": schema}}
    assert call_of(text=text).request.format == Format("json_schema", schema)
    assert call_of(text={"format": {"type": "json_object"}}, input="json").request.format == Format("json_object")
    refused = refusal_of(text={"format": {**text["format"], "schema": {"type": "object", "properties": {}}}})
    assert (refused.param, refused.code) == ("text.format.schema", "invalid_json_schema")
    assert "additionalProperties" in refused.message


def test_models_that_think_and_models_that_do_not():
    assert call_of(model="o3", reasoning={"effort": "high"}).request.reasoning > 0
    assert call_of(model="gpt-5.1", reasoning={"effort": "none"}, temperature=0.1).request.reasoning == 0
    assert call_of(model="mine", reasoning={"effort": "low"}, temperature=0.1).request.reasoning > 0
    assert refusal_of(reasoning={"summary": "auto"}).param == "reasoning.summary"
    assert refusal_of(include=["reasoning.encrypted_content"]).message == (
        "Encrypted content is not supported with this model."
    )
    assert refusal_of(model="o3", temperature=0.1).param == "temperature"
    assert refusal_of(model="o3", reasoning={"effort": "xhigh"}).code == "unsupported_value"
    assert refusal_of(text={"verbosity": "low"}).param == "text.verbosity"


@pytest.mark.parametrize(
    ("model", "thought", "given", "told"),
    [
        ("gpt-4o", 0, None, {"effort": None, "summary": None}),
        ("o3", 0, None, {"effort": "medium", "summary": None}),
        ("gpt-5.1", 0, None, {"effort": "none", "summary": None}),
        ("o3", 2, {"effort": "low", "summary": "auto"}, {"effort": "low", "summary": "detailed"}),
        ("mine", 2, {"context": "auto", "mode": "pro"}, {"effort": "medium", "summary": None, "context": "current_turn",
                                                         "mode": "pro"}),
    ],
)  # fmt: skip
def test_the_effort_that_holds(model, thought, given, told):
    call = call_of(model=model) if given is None else call_of(model=model, reasoning=given)
    plan = plan_of(choice_of("x", reasoning=("t",) * thought))
    plan = type(plan)(plan.address, plan.digest, model, plan.outcome, (), plan.request_bits)
    assert json.loads(CREATE.reply(call, plan).body)["reasoning"] == told


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"input": None}, NOTHING_GIVEN),
        ({"input": [RESULT]}, "No tool call found for function call output with call_id call_1."),
        ({"input": [CALL]}, "No tool output found for function call call_1."),
        (
            {"input": [{"type": "computer_call", "call_id": "c"}, user("x")]},
            "No tool output found for computer call c.",
        ),
        (
            {"input": [{**user("x"), "id": "msg_1"}, {**user("x"), "id": "msg_1"}]},
            "Duplicate item found with id msg_1. Remove duplicate items from your input and try again.",
        ),
        (
            {"input": [{**user("x"), "id": "chatcmpl-1"}]},
            "Invalid 'input[0].id': 'chatcmpl-1'. Expected an ID that begins with 'msg'.",
        ),
        (
            {"input": [{"type": "reasoning", "encrypted_content": "x", "summary": [], "id": "rs_1"}, user("x")]},
            "Item 'rs_1' of type 'reasoning' was provided without its required following item.",
        ),
        (
            {"input": [{"role": "assistant", "content": [{"type": "input_text", "text": "x"}]}]},
            "Invalid value: 'input_text'. Supported values are: 'output_text' and 'refusal'.",
        ),
        (
            {"input": [user([{"type": "output_text", "text": "x"}])]},
            "Invalid value: 'output_text'. Supported values are: 'input_text', 'input_image', and 'input_file'.",
        ),
        ({"input": [user([{"type": "input_file"}])]}, "Missing required parameter: 'input[0].content[0].file_id'."),
        ({"input": [{"type": "web_search_call", "id": "ws_1"}]}, "Missing required parameter: 'input[0].action'."),
        ({"input": [{}]}, "Missing required parameter: 'input[0].id'."),
        ({"previous_response_id": "x"}, "Invalid 'previous_response_id': 'x'. Expected an ID that begins with 'resp'."),
        ({"conversation": {"id": "x"}}, "Invalid 'conversation': 'x'. Expected an ID that begins with 'conv'."),
        ({"model": ""}, "you must provide a model parameter"),
        ({"stream_options": {}}, "The 'stream_options' parameter is only allowed when 'stream' is enabled."),
    ],
)  # fmt: skip
def test_refusals(fields, message):
    refused = refusal_of(**fields)
    assert refused.message == message
    assert refused.problem is Problem.INVALID


def test_the_other_endpoints_read_the_same():
    asked = {"instructions": "Be brief.", "input": [user("Hi")], "tools": [FUNCTION]}
    body = json.dumps({"model": "gpt-4o", **asked}).encode()
    assert COUNT.decode(body, {}).request.messages == call_of(**asked).request.messages
    assert COUNT.decode(body, {}).request.tools == call_of(**asked).request.tools
    assert refusal_of(COMPACT, tools=[]).code == "unknown_parameter"
    assert refusal_of(COMPACT, model=None).param == "model"
    assert COMPACT.decode(b'{"model":"gpt-4o","input":"x"}', {}).request.messages == (Message("user", "x"),)


@pytest.mark.parametrize("tokens", [0, 1, 5_000, 10**12])
def test_what_is_sealed_is_known_again(tokens):
    sealed = seal(tokens, 1_700_000_000, b"bits")
    assert sealed.startswith("gAAAAA")
    assert tokens_in(sealed) == min(tokens, 2**32 - 1)
    assert tokens_in(sealed[:-8] + "AAAAAAA=") == 0
    assert seal(tokens, 1_700_000_000, b"bits") == sealed != seal(tokens, 1_700_000_000, b"other")
    for foreign in ("", "x", "é", "gAAAAABo", "A" * 100_000):
        assert tokens_in(foreign) == 0
