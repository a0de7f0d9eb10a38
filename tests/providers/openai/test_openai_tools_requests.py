"""What a chat request says of tools and of the answer's form, and how it is refused."""

import json

import pytest
from openai_plans import CHAT, chat_body, chat_call, chat_refusal

from simulator.engine.content.tools import read_choice
from simulator.engine.request import Format, Tool
from simulator.providers.base import Problem
from simulator.providers.openai.chat import Chat

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}
FUNCTION = {"name": "f", "parameters": SCHEMA}
OTHER = {"name": "g", "description": "d"}
CUSTOM = {"type": "custom", "custom": {"name": "c", "description": "free", "format": {"type": "text"}}}
TOOLS = [{"type": "function", "function": FUNCTION}, {"type": "function", "function": OTHER}, CUSTOM]
FREE_TEXT = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}
STRICT = {**SCHEMA, "required": ["a"], "additionalProperties": False}
JSON_WORD = (
    "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.",
    "messages",
    None,
)


def grammar(syntax, definition):
    form = {"type": "grammar", "grammar": {"syntax": syntax, "definition": definition}}
    return {"type": "custom", "custom": {"name": "c", "format": form}}


def named(name, kind="function"):
    return {"type": kind, kind: {"name": name}}


def allowed(mode, *tools):
    return {"type": "allowed_tools", "allowed_tools": {"mode": mode, "tools": list(tools)}}


def json_schema(schema, **fields):
    return {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, **fields}}


def test_tools_are_read():
    request = chat_call(tools=TOOLS).request
    assert request.tools == (Tool("f", "", SCHEMA), Tool("g", "d"), Tool("c", "free", FREE_TEXT))
    assert (request.tool_choice, request.parallel, request.extra) == ("", True, ())


def test_a_regular_expression_binds_a_free_text_tool():
    (tool,) = chat_call(tools=[grammar("regex", "a|b")]).request.tools
    assert tool.schema["properties"] == {"input": {"type": "string", "pattern": "^(?:a|b)$"}}
    (tool,) = chat_call(tools=[grammar("lark", 'start: "a"')]).request.tools
    assert tool.schema == FREE_TEXT


def test_parallel_calls_may_be_declined():
    assert chat_call(tools=TOOLS, parallel_tool_calls=False).request.parallel is False
    assert chat_call(tools=TOOLS, parallel_tool_calls=True).request == chat_call(tools=TOOLS).request


def test_the_deprecated_functions_are_called_one_at_a_time():
    request = chat_call(functions=[FUNCTION, OTHER], function_call="auto").request
    assert (request.tools, request.tool_choice, request.parallel) == (
        (Tool("f", "", SCHEMA), Tool("g", "d")),
        "auto",
        False,
    )
    assert chat_call(functions=[FUNCTION]).request.tool_choice == ""


@pytest.mark.parametrize(
    ("choice", "word"),
    [
        ("none", "none"),
        ("auto", "auto"),
        ("required", "required"),
        (named("f"), "tool:f"),
        (named("c", "custom"), "tool:c"),
        (allowed("auto", named("f"), named("c", "custom")), "auto:f,c"),
        (allowed("required", *TOOLS, named("f")), "required:f,g,c"),
    ],
)
def test_the_choice_in_neutral_words(choice, word):
    request = chat_call(tools=TOOLS, tool_choice=choice).request
    assert request.tool_choice == word
    among = read_choice(word, request.tools).among
    assert [request.tools[place].name for place in among] == ["f", "g", "c"] if ":" not in word else among


@pytest.mark.parametrize(("choice", "word"), [("none", "none"), ({"name": "f"}, "tool:f")])
def test_the_deprecated_choice_in_neutral_words(choice, word):
    assert chat_call(functions=[FUNCTION], function_call=choice).request.tool_choice == word


@pytest.mark.parametrize(
    ("wanted", "form"),
    [
        ({"type": "text"}, Format()),
        (json_schema(SCHEMA), Format("json_schema", SCHEMA)),
        (json_schema(STRICT, strict=True, description="d"), Format("json_schema", STRICT)),
        ({"type": "json_schema", "json_schema": {"name": "n"}}, Format("json_object")),
    ],
)
def test_formats_are_read(wanted, form):
    assert chat_call(response_format=wanted).request.format == form


@pytest.mark.parametrize("role", ["user", "system", "developer", "assistant"])
def test_json_without_a_schema_must_be_spoken_of(role):
    mode = {"type": "json_object"}
    for text in ("Reply in JSON.", [{"type": "text", "text": "some Json"}]):
        messages = [{"role": role, "content": text}, {"role": "user", "content": "Hi"}]
        assert chat_call(messages=messages, response_format=mode).request.format == Format("json_object")
    refusal = chat_refusal(messages=[{"role": role, "content": "no such word"}], response_format=mode)
    assert (refusal.message, refusal.param, refusal.code) == JSON_WORD


def only_with(name, others):
    return f"Invalid value for '{name}': '{name}' is only allowed when '{others}' are specified."


def not_there(param, name, kind="function", among="tools"):
    return f"Invalid value for '{param}': no {kind} named '{name}' was specified in the '{among}' parameter."


CALLED = [
    {"role": "user", "content": "x"},
    {
        "role": "assistant",
        "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
    },
]


@pytest.mark.parametrize(
    ("fields", "message", "param", "code"),
    [
        ({"tool_choice": "auto"}, only_with("tool_choice", "tools"), "tool_choice", None),
        ({"tool_choice": "none"}, only_with("tool_choice", "tools"), "tool_choice", None),
        ({"parallel_tool_calls": True}, only_with("parallel_tool_calls", "tools"), "parallel_tool_calls", None),
        ({"function_call": "auto"}, only_with("function_call", "functions"), "function_call", None),
        ({"tools": TOOLS, "tool_choice": named("h")}, not_there("tool_choice", "h"), "tool_choice", None),
        ({"tools": TOOLS, "tool_choice": named("c")}, not_there("tool_choice", "c"), "tool_choice", None),
        (
            {"tools": TOOLS, "tool_choice": named("f", "custom")},
            not_there("tool_choice", "f", "custom tool"),
            "tool_choice",
            None,
        ),
        (
            {"tools": TOOLS, "tool_choice": allowed("auto", named("f"), named("h"))},
            not_there("tool_choice.allowed_tools.tools[1]", "h"),
            "tool_choice.allowed_tools.tools[1]",
            None,
        ),
        (
            {"functions": [FUNCTION], "function_call": {"name": "g"}},
            not_there("function_call", "g", among="functions"),
            "function_call",
            None,
        ),
        (
            {"tools": TOOLS, "tool_choice": allowed("auto")},
            (
                "Invalid 'tool_choice.allowed_tools.tools': empty array. Expected an array with minimum length 1, "
                "but got an empty array instead."
            ),
            "tool_choice.allowed_tools.tools",
            "empty_array",
        ),
        (
            {"tools": TOOLS, "tool_choice": allowed("none", named("f"))},
            "Invalid value: 'none'. Supported values are: 'auto' and 'required'.",
            "tool_choice.allowed_tools.mode",
            "invalid_value",
        ),
        (
            {"tools": TOOLS, "tool_choice": "any"},
            "Invalid value: 'any'. Supported values are: 'none', 'auto', and 'required'.",
            "tool_choice",
            "invalid_value",
        ),
        (
            {"functions": [FUNCTION], "tools": TOOLS},
            (
                "Invalid request: 'functions' and 'tools' cannot both be provided. 'functions' are deprecated; use the "
                "'tools' parameter instead."
            ),
            None,
            None,
        ),
        (
            {"functions": [FUNCTION], "messages": CALLED},
            (
                "Invalid parameter: 'tool_calls' cannot be used when 'functions' are present. Please use 'tools' "
                "instead of 'functions'."
            ),
            "messages.[1].tool_calls",
            None,
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "a b"}}]},
            (
                "Invalid 'tools[0].function.name': string does not match pattern. Expected a string that matches the "
                "pattern '^[a-zA-Z0-9_-]+$'."
            ),
            "tools[0].function.name",
            "invalid_value",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "x" * 65}}]},
            (
                "Invalid 'tools[0].function.name': string too long. Expected a string with maximum length 64, "
                "but got a string with length 65 instead."
            ),
            "tools[0].function.name",
            "string_above_max_length",
        ),
        (
            {"tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object", "x": 2**64}}}]},
            "Invalid value for 'tools[0].function.parameters': a number is out of range.",
            "tools[0].function.parameters",
            "invalid_value",
        ),
        (
            {"tools": [grammar("bnf", "")]},
            "Invalid value: 'bnf'. Supported values are: 'lark' and 'regex'.",
            "tools[0].custom.format.grammar.syntax",
            "invalid_value",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"schema": SCHEMA}}},
            "Missing required parameter: 'response_format.json_schema.name'.",
            "response_format.json_schema.name",
            "missing_required_parameter",
        ),
        (
            {"response_format": {"type": "json_schema"}},
            "Missing required parameter: 'response_format.json_schema'.",
            "response_format.json_schema",
            "missing_required_parameter",
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": {"name": "n", "strict": True}}},
            "Missing required parameter: 'response_format.json_schema.schema'.",
            "response_format.json_schema.schema",
            "missing_required_parameter",
        ),
        (
            {"response_format": {"type": "xml"}},
            "Invalid value: 'xml'. Supported values are: 'text', 'json_object', and 'json_schema'.",
            "response_format.type",
            "invalid_value",
        ),
    ],
)
def test_refusals_have_the_words_of_the_real_service(fields, message, param, code):
    refusal = chat_refusal(**fields)
    assert refusal.problem is Problem.INVALID
    assert (refusal.message, refusal.param, refusal.code) == (message, param, code)


def test_a_grammar_that_is_not_understood_is_refused_by_name():
    refusal = chat_refusal(tools=[CUSTOM, grammar("regex", "(")])
    assert refusal.message.startswith(
        "Invalid grammar for custom tool 'c': In context=('properties', 'input', 'pattern'), "
    )
    assert (refusal.param, refusal.code) == ("tools[1].custom.format.grammar.definition", "invalid_value")


def test_the_schemas_of_a_request_are_bounded_together():
    wide = {"type": "object", "properties": {f"p{number}": {} for number in range(4_000)}}
    tools = [{"type": "function", "function": {"name": f"f{number}", "parameters": wide}} for number in range(20)]
    assert len(chat_call(tools=tools[:6]).request.tools) == 6
    refusal = chat_refusal(tools=tools)
    expected = "all schemas together have at most 100000 braces and commas."
    assert refusal.message == f"Invalid schema for function 'f12': {expected}"
    assert refusal.param == "tools[12].function.parameters"


def test_a_schema_is_judged_once(monkeypatch):
    judged = []
    real = CHAT._verdicts._of.__globals__["compile_schema"]

    def counting(schema):
        judged.append(json.dumps(schema))
        return real(schema)

    monkeypatch.setitem(CHAT._verdicts._of.__globals__, "compile_schema", counting)
    chat = Chat()
    for _ in range(3):
        chat.decode(chat_body(tools=TOOLS, response_format=json_schema(SCHEMA)), {})
    assert judged == [json.dumps(SCHEMA), json.dumps(FREE_TEXT)]
    chat.decode(chat_body(response_format=json_schema(STRICT, strict=True)), {})
    assert len(judged) == 3
