import pytest

from simulator.engine.request import Tool, ToolCall
from simulator.engine.tokens import load
from simulator.engine.tokens.tools import calls_tokens, definitions_tokens, schema_tokens


def characters(text: str) -> int:
    return len(text)


def test_no_tools_cost_nothing() -> None:
    assert definitions_tokens((), "o200k", characters) == 0
    assert calls_tokens((), characters) == 0


def test_a_function_costs_its_line_and_the_fixed_prices() -> None:
    tool = Tool("find", "Finds a thing.")
    assert definitions_tokens((tool,), "o200k", characters) == 12 + 7 + len("find:Finds a thing")
    assert definitions_tokens((tool, tool), "o200k", characters) == 12 + 2 * (7 + len("find:Finds a thing"))


def test_an_older_vocabulary_pays_three_more_a_function() -> None:
    tools = (Tool("find"), Tool("send"))
    assert definitions_tokens(tools, "cl100k", characters) == definitions_tokens(tools, "o200k", characters) + 6


def test_properties_and_enumerations() -> None:
    schema: dict[str, object] = {
        "type": "object",
        "properties": {"unit": {"type": "string", "description": "Which.", "enum": ["m", "km"]}},
    }
    assert schema_tokens(schema, characters) == 3 + 3 + len("unit:string:Which") - 3 + (3 + 1) + (3 + 2)


@pytest.mark.parametrize(
    "around",
    [
        lambda inner: {"items": inner},
        lambda inner: {"anyOf": [inner, {"type": "null"}]},
        lambda inner: {"additionalProperties": inner},
    ],
)
def test_nested_schemas_are_counted(around: object) -> None:
    inner: dict[str, object] = {"properties": {"a": {"type": "integer"}}}
    assert schema_tokens(around(inner), characters) == 3 + 3 + len("a:integer:")  # type: ignore[operator]


def test_several_types_and_definitions() -> None:
    schema: dict[str, object] = {"$defs": {"n": {"type": ["integer", "null"], "properties": {"b": True}}}}
    assert schema_tokens(schema, characters) == (3 + 3 + len("n:integer|null:")) + (3 + 3 + len("b"))


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": []},
        {"properties": {}},
        {"properties": None, "items": [1, 2], "anyOf": "x", "$defs": 3},
        {"anyOf": [None, 1, "x"]},
    ],
)
def test_what_is_no_schema_counts_nothing(schema: dict[str, object]) -> None:
    assert schema_tokens(schema, characters) == 0


def test_odd_members_do_not_raise() -> None:
    schema: dict[str, object] = {"properties": {"a": {"type": 3, "description": [], "enum": {}}, "b": None}}
    assert schema_tokens(schema, characters) == 3 + (3 + len("a::")) + (3 + len("b"))


def test_depth_is_no_danger() -> None:
    schema: dict[str, object] = {"type": "string"}
    for _ in range(10_000):
        schema = {"items": schema}
    assert schema_tokens(schema, characters) == 0


def test_calls_count_name_and_arguments_but_not_the_id() -> None:
    assert calls_tokens((ToolCall("call_123456", "find", "{}"),), characters) == 3 + 4 + 2


def test_a_weather_tool_with_the_exact_tokenizer() -> None:
    """Counted by hand with the published rule: 12 + 7 + 5 for the function, 3 for the list, 3 + 3 for the property."""
    pytest.importorskip("rs_bpe")
    tool = Tool("get_weather", "Get the weather", {"type": "object", "properties": {"city": {"type": "string"}}})
    count = load("o200k").count
    assert (count("get_weather:Get the weather"), count("city:string:")) == (5, 3)
    assert definitions_tokens((tool,), "o200k", count) == 12 + 7 + 5 + 3 + 3 + 3
