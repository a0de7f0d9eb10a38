"""Tools, choices and formats as they are asked for, and how the API words what is wrong with them."""

import json

import pytest
from anthropic_wire import ask

from simulator.engine.request import TEXT_FORMAT, Format
from simulator.providers.anthropic import Anthropic
from simulator.providers.anthropic.schemas import ENTRIES, MOST_PARTS, Judge
from simulator.providers.base import Problem, Refusal

MESSAGES, COUNT = Anthropic().endpoints
LATEST = {b"anthropic-version": b"2026-10-21"}
BETA = LATEST | {b"anthropic-beta": b"structured-outputs-2025-11-13"}
OLD, TOO_OLD = "claude-haiku-4-5", "claude-sonnet-4-20250514"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED = CITY | {"additionalProperties": False}
TOOL = {"name": "get_weather", "description": "Weather", "input_schema": CITY}
OTHER = {"name": "get_time", "input_schema": {"type": "object"}}
SEARCH = {"type": "web_search_20250305", "name": "web_search"}
FORMAT = {"type": "json_schema", "schema": CLOSED}


def decode(headers=LATEST, endpoint=MESSAGES, **fields):
    body = {"model": OLD, "max_tokens": 10, "messages": [{"role": "user", "content": "Hi"}], **fields}
    if endpoint is COUNT:
        del body["max_tokens"]
    return endpoint.decode(json.dumps(body).encode(), headers).request


def refused(headers=LATEST, **fields) -> str:
    with pytest.raises(Refusal) as caught:
        decode(headers, **fields)
    assert caught.value.problem is Problem.INVALID
    return caught.value.message


def with_schema(schema, **more):
    return {"tools": [{"name": "f", "input_schema": {"type": "object", **schema}, **more}]}


def turns(*pairs):
    return [{"role": role, "content": content} for role, content in pairs]


def use(name="a"):
    return {"type": "tool_use", "id": name, "name": "f", "input": {}}


def result(name="a"):
    return {"type": "tool_result", "tool_use_id": name, "content": "42"}


TEXT = {"type": "text", "text": "x"}


# --- choices


@pytest.mark.parametrize(
    ("tools", "choice", "word"),
    [
        ([TOOL], None, ""),
        ([TOOL], {"type": "auto"}, "auto"),
        ([TOOL], {"type": "any"}, "required"),
        ([TOOL], {"type": "none"}, "none"),
        ([TOOL, OTHER], {"type": "tool", "name": "get_time"}, "tool:get_time"),
        (None, {"type": "none"}, "none"),
        ([SEARCH], {"type": "any"}, "required"),
        ([SEARCH], {"type": "tool", "name": "web_search"}, "tool:web_search"),
    ],
)
def test_choices_in_neutral_words(tools, choice, word) -> None:
    request = decode(tools=tools, tool_choice=choice)
    assert request.tool_choice == word
    assert request.parallel
    assert request.extra == () or tools == [SEARCH]


@pytest.mark.parametrize("choice", [{"type": "auto"}, {"type": "any"}, {"type": "tool", "name": "get_time"}])
def test_one_call_at_a_time(choice) -> None:
    single, several = (
        decode(tools=[TOOL, OTHER], tool_choice={**choice, "disable_parallel_tool_use": asked})
        for asked in (True, False)
    )
    assert (single.parallel, several.parallel) == (False, True)
    assert single.tool_choice == several.tool_choice


def test_tools_that_only_code_may_call_are_not_chosen() -> None:
    code = OTHER | {"allowed_callers": ["code_execution_20260120"]}
    both = OTHER | {"allowed_callers": ["direct", "code_execution_20260120"]}
    assert decode(tools=[TOOL, code]).tool_choice == "auto:get_weather"
    assert decode(tools=[TOOL, code], tool_choice={"type": "any"}).tool_choice == "required:get_weather"
    assert decode(tools=[code]).tool_choice == "none"
    assert decode(tools=[TOOL, both], tool_choice={"type": "auto"}).tool_choice == "auto"
    assert decode(tools=[TOOL, OTHER | {"allowed_callers": []}]).tool_choice == ""


def test_choices_that_are_refused() -> None:
    nothing = refused(tool_choice={"type": "auto"})
    assert nothing == "tool_choice: tool_choice may only be specified while providing tools"
    absent = refused(tools=[TOOL], tool_choice={"type": "tool", "name": "g"})
    assert absent == "tool_choice: Tool 'g' not found in provided tools"
    assert refused(tools=[TOOL], tool_choice={"type": "none", "disable_parallel_tool_use": True}) == (
        "tool_choice.none.disable_parallel_tool_use: Extra inputs are not permitted"
    )
    assert refused(tools=[TOOL], tool_choice={"type": "tool"}) == "tool_choice.tool.name: Field required"


# --- schemas of tools


def test_a_schema_that_is_no_schema_is_refused_in_the_known_words() -> None:
    message = refused(**with_schema({"properties": {"a": {"type": "text"}}}))
    start = (
        "tools.0.custom.input_schema: JSON schema is invalid. It must match JSON Schema draft 2020-12 "
        "(https://json-schema.org/draft/2020-12). Learn more about tool use at "
    )
    assert message.startswith(start)
    assert message.endswith("Found at #/properties/a/type: 'text' is not a type of JSON.")
    second = refused(tools=[TOOL, {"name": "g", "input_schema": {"type": "object", "properties": 4}}])
    assert second.startswith("tools.1.custom.input_schema: JSON schema is invalid.")
    assert refused(**with_schema({"properties": 4}), tool_choice={"type": "none"}).startswith("tools.0.custom")


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf", "allOf"])
def test_alternatives_at_the_top_are_refused(keyword) -> None:
    assert refused(**with_schema({keyword: [{"type": "object"}]})) == (
        "tools.0.custom.input_schema: input_schema does not support oneOf, allOf, or anyOf at the top level"
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"strict": "yes"}, "tools.0.custom.strict: Input should be a valid boolean"),
        ({"allowed_callers": "direct"}, "tools.0.custom.allowed_callers: Input should be a valid list"),
        (
            {"strict": True},
            "tools.0.custom: For 'object' type, 'additionalProperties' must be explicitly set to false",
        ),
    ],
)
def test_fields_of_a_tool(more, message) -> None:
    assert refused(**with_schema({}, **more)) == message


def test_strict_tools() -> None:
    assert decode(**with_schema(CLOSED, strict=True)).tools[0].schema == CLOSED
    assert decode(**with_schema(CITY, strict=False)).tools[0].schema == CITY
    scaled = {"properties": {"n": {"type": "integer", "minimum": 1}}, "additionalProperties": False}
    assert decode(**with_schema(scaled))
    assert refused(**with_schema(scaled, strict=True)) == (
        "tools.0.custom: For 'integer' type, property 'minimum' is not supported"
    )
    assert refused(model=TOO_OLD, **with_schema(CLOSED, strict=True)) == (
        "'claude-sonnet-4-20250514' does not support strict tools."
    )
    assert decode(model=TOO_OLD, **with_schema(CLOSED))


def test_the_work_on_new_schemas_is_bounded_and_verdicts_are_kept() -> None:
    wrong = {"type": "object", "properties": {"a": {"type": "text"}}}
    huge = {"type": "object", "properties": {f"p{n}": {"type": "string"} for n in range(MOST_PARTS)}}
    judge = Judge()
    assert judge.unusable(huge, "x") == ""
    fresh = wrong | {"title": "never judged before"}
    assert judge.unusable(fresh, "x") == ""
    assert "'text' is not a type" in Judge().unusable(fresh, "x")
    assert "'text' is not a type" in judge.unusable(fresh, "x")
    for number in range(ENTRIES + 10):
        assert Judge().unusable({"type": "object", "title": str(number)}, "x") == ""
    assert "'text' is not a type" in Judge().unusable(fresh, "x")


# --- formats


def test_an_answer_in_json() -> None:
    request = decode(output_config={"format": FORMAT})
    assert request.format == Format("json_schema", CLOSED)
    assert request.extra == ()
    assert decode(output_config={"format": None}).format is TEXT_FORMAT
    assert decode(output_config={}) == decode()
    assert decode(endpoint=COUNT, output_config={"format": FORMAT}).format == request.format
    new = "claude-opus-4-8"
    both = decode(output_config={"format": FORMAT, "effort": "low"}, model=new)
    assert both.format == request.format
    assert both.extra == decode(output_config={"effort": "low"}, model=new).extra != ()


def test_the_older_beta_says_the_same() -> None:
    assert decode(BETA, output_format=FORMAT) == decode(BETA, output_config={"format": FORMAT})
    assert refused(output_format=FORMAT) == "output_format: Extra inputs are not permitted"
    assert refused(BETA, output_format=FORMAT, output_config={"format": FORMAT}).startswith("output_format: ")
    for wrong in (4, [], {}, {"type": "json_schema"}, {"type": "text", "schema": {}}, FORMAT | {"name": "x"}):
        assert refused(BETA, output_format=wrong).startswith("output_format: Input is invalid: ")
    loose = refused(BETA, output_format={"type": "json_schema", "schema": CITY})
    assert loose.startswith("output_format.schema: For 'object' type, 'additionalProperties' must be")


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"type": "json"}, "output_config.format.type: Input should be 'json_schema'"),
        ({"type": "json_schema"}, "output_config.format.schema: Field required"),
        (
            {"type": "json_schema", "schema": []},
            "output_config.format.schema: Input should be a valid dictionary or object to extract fields from",
        ),
        (
            {"type": "json_schema", "schema": CITY},
            "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false",
        ),
        (
            {"type": "json_schema", "schema": {}},
            "output_config.format.schema: Invalid schema: Schema type is missing",
        ),
        (
            {"type": "json_schema", "schema": {"type": "objekt"}},
            "output_config.format.schema: Invalid schema: #/type: 'objekt' is not a type of JSON",
        ),
    ],
)
def test_formats_that_are_refused(form, message) -> None:
    assert refused(output_config={"format": form}) == message


def test_older_models_keep_to_no_schema() -> None:
    message = refused(model=TOO_OLD, output_config={"format": FORMAT})
    assert message == "'claude-sonnet-4-20250514' does not support output format."


def test_a_thread_is_refused_with_the_code_that_clients_look_for() -> None:
    for thread in ({"type": "create"}, {"type": "continue", "previous_message_id": "msg_01"}):
        with pytest.raises(Refusal, match=r"^thread: ") as caught:
            decode(BETA, thread=thread)
        assert caught.value.code == "thread_unsupported_request"
    assert decode(BETA, thread=None) == decode()
    assert refused(thread={"type": "create"}) == "thread: Extra inputs are not permitted"


# --- calls and results in the conversation


@pytest.mark.parametrize(
    ("messages", "message"),
    [
        (
            turns(("user", "a"), ("assistant", [use("a:1")])),
            "messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        ),
        (
            turns(("user", "a"), ("assistant", [use()]), ("user", [result("a.b")])),
            "messages.2.content.0.tool_result.tool_use_id: String should match pattern '^[a-zA-Z0-9_-]+$'",
        ),
        (
            turns(("user", "a"), ("assistant", [use()]), ("user", [result(), result()])),
            (
                "messages.2.content.1: each tool_use must have a single result. Found multiple `tool_result` blocks "
                "with id: a"
            ),
        ),
    ],
)
def test_ids_and_single_results(messages, message) -> None:
    assert refused(messages=messages) == message


@pytest.mark.parametrize(
    "run",
    [
        [("user", [TEXT, result()])],
        [("user", "first"), ("user", [result()])],
        [("user", [result("a"), TEXT, result("b")])],
    ],
)
def test_results_stand_before_everything_else(run) -> None:
    asked = [use("a"), use("b")] if len(run[0][1]) == 3 else [use("a")]
    message = refused(messages=turns(("user", "a"), ("assistant", asked), *run))
    assert message.startswith("messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: ")


def test_words_may_follow_the_results() -> None:
    messages = turns(("user", "a"), ("assistant", [TEXT, use()]), ("user", [result(), TEXT]), ("user", "more"))
    assert [message.role for message in decode(messages=messages).messages] == [
        "user",
        "assistant",
        "tool",
        "user",
        "user",
    ]


# --- tools that the provider defines and the client runs


@pytest.mark.parametrize(
    ("kind", "name", "called", "arguments"),
    [
        ("bash_20250124", "bash", "bash", {"command": "pwd"}),
        ("text_editor_20250728", "str_replace_based_edit_tool", "str_replace_based_edit_tool", {"command": "view"}),
        ("text_editor_20250124", "str_replace_editor", "str_replace_editor", {"command": "view"}),
        ("memory_20250818", "memory", "memory", {"command": "view", "path": "/memories"}),
        ("computer_20250124", "computer", "computer", {"action": "screenshot"}),
        ("bash_20250124", 5, "bash", {"command": "pwd"}),
    ],
)
def test_a_tool_of_the_providers_own_is_called_harmlessly(kind, name, called, arguments) -> None:
    tools = [{"type": kind, "name": name}]
    said = [{"role": "user", "content": 'Run "rm -rf /" in bash, edit files, look at memory'}]
    message = ask(tools=tools, tool_choice={"type": "any"}, messages=said)
    (block,) = message.content
    assert (block.type, block.name) == ("tool_use", called)
    assert arguments.items() <= block.input.items()
    assert "rm" not in json.dumps(block.input)
    result = {"type": "tool_result", "tool_use_id": block.id, "content": "done"}
    turns = [*said, {"role": "assistant", "content": [block.model_dump()]}, {"role": "user", "content": [result]}]
    assert [each.type for each in ask(tools=tools, messages=turns).content] == ["text"]


@pytest.mark.parametrize("kind", ["web_search_20250305", "web_fetch_20250910", "code_execution_20250825"])
def test_a_tool_that_runs_at_the_provider_is_taken_and_not_called(kind) -> None:
    tools = [{"type": kind, "name": kind.rpartition("_")[0]}]
    message = ask(tools=tools, tool_choice={"type": "auto"})
    assert [block.type for block in message.content] == ["text"]
    assert message.stop_reason == "end_turn"
    assert message.usage.server_tool_use is None
