"""Schemas that the service does not take, by the sentence that says why."""

import json
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.lib._pydantic import to_strict_json_schema
from openai_plans import chat_call, chat_refusal
from pydantic import BaseModel, Field

from simulator.providers.openai.strict import complaint

CLOSED = "'additionalProperties' is required to be supplied and to be false"
REQUIRED = "'required' is required to be supplied and to be an array including every key in properties"
TOP = "schema must have type 'object' and not have 'oneOf'/'anyOf'/'allOf'/'enum'/'not' at the top level"


def closed(**properties):
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def of_tool(schema, strict):
    tool = {"type": "function", "function": {"name": "f", "parameters": schema, "strict": strict}}
    refusal = chat_refusal(tools=[{"type": "function", "function": {"name": "e"}}, tool])
    assert (refusal.param, refusal.code) == ("tools[1].function.parameters", "invalid_function_parameters")
    start, end = "Invalid schema for function 'f': ", "."
    assert refusal.message.startswith(start)
    assert refusal.message.endswith(end)
    return refusal.message[len(start) : -len(end)]


def of_format(schema, strict):
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": strict}}
    refusal = chat_refusal(response_format=form)
    assert (refusal.param, refusal.code) == ("response_format", None)
    start, end = "Invalid schema for response_format 'n': ", "."
    assert refusal.message.startswith(start)
    assert refusal.message.endswith(end)
    return refusal.message[len(start) : -len(end)]


BOTH = pytest.mark.parametrize("told", [of_tool, of_format])
STRING = {"type": "string"}
ROOT = "In context=(), "
AT_A = "In context=('properties', 'a'), "


@BOTH
@pytest.mark.parametrize("strict", [False, True, None])
@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "array"}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"array\"'"),
        ({"properties": {}}, "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'"),
        (closed(a={"type": "array"}), AT_A + "array schema missing items"),
        (
            closed(a={"type": ["string", "array"]}),
            "In context=('properties', 'a', 'type', '1'), array schema missing items",
        ),
        (
            closed(a={"type": "array", "items": {"type": "array"}}),
            "In context=('properties', 'a', 'items'), array schema missing items",
        ),
        (closed(a={"type": "text"}), "'text' is not valid under any of the given schemas"),
        (closed(a={"type": ["null", "text"]}), "['null', 'text'] is not valid under any of the given schemas"),
        (closed(a=5), AT_A + "a schema is an object or a boolean"),
    ],
)
def test_of_any_schema(told, schema, strict, why):
    assert told(schema, strict) == why


@BOTH
@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "object", "properties": {"a": STRING}}, ROOT + CLOSED),
        ({**closed(a=STRING), "additionalProperties": True}, ROOT + CLOSED),
        (closed(a={"type": "object"}), AT_A + CLOSED),
        (closed(a={"type": ["null", "object"]}), "In context=('properties', 'a', 'type', '1'), " + CLOSED),
        ({**closed(a=STRING, b=STRING), "required": ["a"]}, ROOT + REQUIRED + ". Missing 'b'"),
        (
            {"type": "object", "properties": {"a": STRING}, "additionalProperties": False},
            ROOT + REQUIRED + ". Missing 'a'",
        ),
        (closed(a={"type": "string", "minLength": 1}), AT_A + "'minLength' is not permitted"),
        (closed(a={"oneOf": [STRING]}), AT_A + "'oneOf' is not permitted"),
        (
            closed(a={"type": "array", "items": STRING, "uniqueItems": True}),
            AT_A + "'uniqueItems' is not permitted",
        ),
        (closed(a={"type": "string", "format": "uri"}), AT_A + "'uri' is not a valid format"),
        (
            closed(a={"type": ["string", "null"], "format": "uri"}),
            "In context=('properties', 'a', 'type', '0'), 'uri' is not a valid format",
        ),
        (closed(a={"description": "d"}), AT_A + "schema must have a 'type' key"),
        (
            closed(a={"anyOf": [STRING, {"type": "object"}]}),
            "In context=('properties', 'a', 'anyOf', '1'), " + CLOSED,
        ),
        (
            {**closed(a={"$ref": "#/$defs/d", "description": "x", "default": 1}), "$defs": {"d": STRING}},
            "context=('properties', 'a'), $ref cannot have keywords {'default', 'description'}",
        ),
        (
            closed(a={"type": "array", "items": STRING}, b={"$ref": "#/properties/a/items"}),
            (
                "In context=('properties', 'b'), reference can only point to definitions defined at the top level of "
                "the schema"
            ),
        ),
        (
            {**closed(a={"$ref": "#/$defs/d"}), "$defs": {"d": {"type": "object"}}},
            "In context=('$defs', 'd'), " + CLOSED,
        ),
        (
            closed(a={"enum": [str(number) for number in range(1001)], "type": "string"}),
            (
                "Expected at most 1000 enum values in total within a single schema when using structured outputs, "
                "but received 1001"
            ),
        ),
    ],
)
def test_of_a_strict_schema(told, schema, why):
    assert told(schema, strict=True) == why
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": False}}
    assert chat_call(tools=[tool], response_format=form).request.tools


@BOTH
def test_of_a_schema_that_nothing_fits(told):
    """Strict mode has a sentence of its own for the usual cause; else the place is named."""
    extra = {**closed(a=STRING), "required": ["a", "b"]}
    assert told(extra, strict=True) == ROOT + REQUIRED + ". Extra required key 'b' supplied"
    assert told(extra, strict=False) == ROOT + "no finite value is valid"
    endless = {**closed(a={"$ref": "#/$defs/d"}), "$defs": {"d": closed(b={"$ref": "#/$defs/d"})}}
    for strict in (False, True):
        assert told(endless, strict=strict) == ROOT + "no finite value is valid"


def test_of_a_schema_that_is_too_large():
    deep = STRING
    for _ in range(11):
        deep = closed(a=deep)
    assert of_format(deep, strict=True) == "11 levels of nesting exceeds limit of 10"
    assert chat_call(response_format={"type": "json_schema", "json_schema": {"name": "n", "schema": deep}})
    wide = closed(**{f"p{number}": STRING for number in range(4_999)})
    assert complaint(wide, strict=True) == ""
    wide = closed(**{f"p{number}": STRING for number in range(5_001)})
    assert complaint(wide, strict=True) == "5001 parameters exceeds limit of 5000"


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("keyword", ["oneOf", "anyOf", "allOf", "enum", "not"])
def test_alternatives_at_the_top_of_a_functions_parameters(keyword, strict):
    assert of_tool({**closed(a=STRING), keyword: [{"type": "object"}]}, strict) == TOP


def test_a_function_without_parameters():
    for parameters in (None, {}, {"type": "object", "properties": {}}):
        tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
        assert chat_call(tools=[tool]).request.tools[0].schema == parameters
    assert of_tool({}, strict=True) == "schema must be a JSON Schema of 'type: \"object\"', got 'type: \"None\"'"


def test_a_long_complaint_is_cut():
    schema = closed(**{"n" * 5_000: {"type": "object"}})
    assert len(of_format(schema, strict=True)) < 500


class Step(BaseModel):
    explanation: str = Field(description="Why", pattern="^[a-z]+$")
    kind: str | None = None
    next: "Step | None" = None


class Answer(BaseModel):
    steps: list[Step] = Field(min_length=1, max_length=3)
    score: float = Field(ge=0, le=1)
    tags: list[str] = Field(default_factory=list, description="Words")
    limit: int = 10


def test_what_the_official_client_makes_of_a_model_is_taken():
    schema = to_strict_json_schema(Answer)
    form = {"type": "json_schema", "json_schema": {"name": "Answer", "schema": schema, "strict": True}}
    assert chat_call(response_format=form).request.format.schema == json.loads(json.dumps(schema))


NAMES = st.text(string.ascii_letters, min_size=1, max_size=4)
SCHEMAS = st.recursive(
    st.sampled_from([STRING, {"type": "number", "minimum": 1}, {"type": ["string", "null"], "format": "date"}]),
    lambda inner: (
        st.dictionaries(NAMES, inner, max_size=3).map(lambda properties: closed(**properties))
        | st.fixed_dictionaries({"type": st.just("array"), "items": inner})
        | st.lists(inner, min_size=1, max_size=3).map(lambda several: {"anyOf": several})
    ),
    max_leaves=6,
)


@given(st.dictionaries(NAMES, SCHEMAS, max_size=3), st.booleans())
def test_what_follows_the_rules_is_taken(properties, strict):
    schema = closed(**properties)
    tool = {"type": "function", "function": {"name": "f", "parameters": schema, "strict": strict}}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": strict}}
    request = chat_call(tools=[tool], response_format=form).request
    assert request.tools[0].schema == request.format.schema == schema
