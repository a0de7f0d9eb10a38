"""Which schemas the API keeps an answer to."""

import pytest
from anthropic import transform_schema
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from simulator.providers.anthropic.strict import complaint

STRING = {"type": "string"}


def closed(**properties):
    return {"type": "object", "properties": properties, "additionalProperties": False}


class Item(BaseModel):
    name: str = Field(min_length=2, max_length=40)
    price: float = Field(ge=0, le=100)


class Order(BaseModel):
    items: list[Item] = Field(min_length=2, max_length=5)
    note: str | None = None
    first: Item


@pytest.mark.parametrize(
    "schema",
    [
        closed(),
        closed(a=STRING, b={"type": "array", "items": STRING, "minItems": 1}, c={"enum": ["x", 1, None]}),
        {"type": ["object", "null"], "additionalProperties": False},
        {"anyOf": [STRING, {"type": "null"}]},
        closed(a={"$ref": "#/$defs/A"}, b={"$ref": "#/$defs/A"}) | {"$defs": {"A": closed(c={"const": "x"})}},
        closed(a=STRING | {"format": "date", "pattern": "^[0-9-]+$", "default": "x", "examples": [{}]}),
        transform_schema(Order),
        closed() | {"properties": None, "oneOf": None, "minItems": None, "enum": None, "$defs": None, "items": None},
        closed() | {"$defs": "none", "definitions": {"A": {"type": ["array", 4], "minItems": "2", "enum": 4}}},
    ],
)
def test_what_is_supported(schema) -> None:
    assert complaint(schema) == ""


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "object"}, "For 'object' type, 'additionalProperties' must be explicitly set to false"),
        (
            closed() | {"additionalProperties": True},
            (
                "For 'object' type, 'additionalProperties: true' is not supported. Please set 'additionalProperties' "
                "to false"
            ),
        ),
        (
            closed() | {"additionalProperties": STRING},
            (
                "For 'object' type, 'additionalProperties: object' is not supported. Please set 'additionalProperties' "
                "to false"
            ),
        ),
        (
            closed(a={"type": "number", "minimum": 0, "maximum": 1}),
            "For 'number' type, properties maximum, minimum are not supported",
        ),
        (closed(a={"type": "integer", "minimum": 0}), "For 'integer' type, property 'minimum' is not supported"),
        (closed(a=STRING | {"maxLength": 3}), "For 'string' type, property 'maxLength' is not supported"),
        ({"type": "array", "maxItems": 3}, "For 'array' type, property 'maxItems' is not supported"),
        (
            {"type": "array", "minItems": 2},
            "For 'array' type, 'minItems' values other than 0 or 1 are not supported",
        ),
        (closed() | {"propertyNames": STRING}, "For 'object' type, property 'propertyNames' is not supported"),
        (closed(a={"oneOf": [STRING]}), "Schema type 'oneOf' is not supported"),
        (closed(a={}), "Invalid schema: Schema type is missing"),
        (closed(a=True), "Invalid schema: Schema type is missing"),
        (closed(a={"enum": [{"b": 1}]}), "Objects and arrays in 'enum' are not supported"),
        (
            {"type": "array", "items": {"anyOf": [STRING, {"type": "object"}]}},
            "For 'object' type, 'additionalProperties' must be explicitly set to false",
        ),
        (
            closed() | {"$defs": {"A": {"type": "object"}}},
            "For 'object' type, 'additionalProperties' must be explicitly set to false",
        ),
        (
            {"$ref": "#/$defs/Node", "$defs": {"Node": closed(next={"$ref": "#/$defs/Node"})}},
            "Circular reference detected in schema definitions: Node -> Node",
        ),
        (
            closed(a={"$ref": "#/$defs/A"})
            | {"$defs": {"A": closed(b={"$ref": "#/$defs/B"}), "B": closed(a={"$ref": "#/$defs/A"})}},
            "Circular reference detected in schema definitions: A -> B -> A",
        ),
        (closed(a={"$ref": "#"}), "Circular reference detected in schema definitions: # -> #"),
    ],
)
def test_what_is_not(schema, message) -> None:
    assert complaint(schema) == message


def test_the_first_in_the_order_of_writing_is_told() -> None:
    assert "'integer'" in complaint(closed(a={"type": "integer", "minimum": 0}, b={"type": "object"}))
    assert "'object'" in complaint(closed(b={"type": "object"}, a={"type": "integer", "minimum": 0}))


def test_a_long_chain_of_definitions_is_walked_without_recursion() -> None:
    defs = {f"D{n}": closed(a={"$ref": f"#/$defs/D{n + 1}"}) for n in range(20_000)} | {"D20000": closed()}
    assert complaint(closed(a={"$ref": "#/$defs/D0"}) | {"$defs": defs}) == ""
    defs["D20000"] = closed(a={"$ref": "#/$defs/D19999"})
    assert complaint(closed(a={"$ref": "#/$defs/D0"}) | {"$defs": defs}).endswith("D19999 -> D20000 -> D19999")


leaves = st.sampled_from([STRING, {"type": "integer"}, {"type": "null"}, {"const": 1}])
supported = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda members: closed(**members), st.dictionaries(st.sampled_from("abcd"), inner, max_size=3))
        | st.builds(lambda each: {"type": "array", "items": each}, inner)
        | st.builds(lambda each: {"anyOf": each}, st.lists(inner, min_size=1, max_size=3))
    ),
    max_leaves=8,
)


@given(supported)
def test_a_flaw_is_found_at_any_depth(schema) -> None:
    assert complaint(schema) == ""
    assert complaint(closed(a=schema, z={"type": "object"})) != ""
    assert complaint({"anyOf": [schema, closed(a={"type": "array", "items": {"not": {}}})]}) != ""
