"""A table of schemas that are hard to satisfy, and what values are like."""

import pytest
from jsonschema import Draft202012Validator

from simulator.engine.content.structured import (
    Draws,
    Shapes,
    compile_schema,
    generate,
    words,
)

S = {"type": "string"}
I = {"type": "integer"}  # noqa: E741 - beside S


def draws(index=0):
    return Draws(words(b"k" * 16, b"digest", "test", index))


def make(schema, index=0):
    return generate(compile_schema(schema), draws(index))


def closed(**properties):
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


HARD = {
    "tree": {
        "$ref": "#/$defs/node",
        "$defs": {"node": closed(value=I, children={"type": "array", "items": {"$ref": "#/$defs/node"}})},
    },
    "linked list": {"anyOf": [{"type": "null"}, closed(next={"$ref": "#"})]},
    "mutual recursion": {
        "$defs": {
            "a": closed(b={"$ref": "#/$defs/b"}),
            "b": {"type": ["object", "null"], "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]},
        },
        "$ref": "#/$defs/a",
    },
    "one of two members": {
        "type": "object",
        "properties": {"a": S, "b": S},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    },
    "exactly one divisor": {"oneOf": [{"type": "integer", "multipleOf": 3}, {"type": "integer", "multipleOf": 5}]},
    "tagged union": {
        "oneOf": [closed(kind={"const": "circle"}, radius={"type": "number"}), closed(kind={"const": "dot"})],
    },
    "anyOf beside properties": {
        "type": "object",
        "properties": {"a": S},
        "anyOf": [{"properties": {"b": I}, "required": ["b"]}, {"required": ["a"]}],
    },
    "allOf narrows": {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "integer", "minimum": 3}}, "required": ["a"]},
            {"properties": {"a": {"maximum": 5}, "b": S}, "required": ["b"]},
        ]
    },
    "not an enumeration": {"type": "integer", "minimum": 1, "maximum": 3, "not": {"enum": [1, 2]}},
    "not a member": {"type": "object", "properties": {"a": S, "b": S}, "required": ["b"], "not": {"required": ["a"]}},
    "not a type": {"not": {"type": ["string", "object", "array", "null", "boolean"]}},
    "if then else": {
        "type": "object",
        "properties": {"kind": {"enum": ["x", "y"]}, "x": S, "y": I},
        "required": ["kind"],
        "if": {"properties": {"kind": {"const": "x"}}},
        "then": {"required": ["x"]},
        "else": {"required": ["y"], "properties": {"x": False}},
    },
    "dependent chain": {
        "type": "object",
        "properties": {"a": S, "b": S, "c": S},
        "required": ["a"],
        "dependentRequired": {"a": ["b"], "b": ["c"]},
    },
    "dependent schema": {
        "type": "object",
        "properties": {"card": S},
        "required": ["card"],
        "dependentSchemas": {
            "card": {"properties": {"zip": {"type": "string", "pattern": r"^\d{5}$"}}, "required": ["zip"]}
        },
    },
    "every member of an enumeration": {
        "type": "array",
        "items": {"enum": list("abcdef")},
        "uniqueItems": True,
        "minItems": 6,
    },
    "both booleans": {"type": "array", "items": {"type": "boolean"}, "uniqueItems": True, "minItems": 2},
    "all of few numbers": {
        "type": "array",
        "items": {"type": "integer", "minimum": 1, "maximum": 5},
        "uniqueItems": True,
        "minItems": 5,
    },
    "distinct objects": {"type": "array", "items": closed(n=S), "uniqueItems": True, "minItems": 12},
    "contains": {
        "type": "array",
        "items": I,
        "contains": {"minimum": 100},
        "minContains": 2,
        "maxContains": 3,
        "minItems": 5,
    },
    "tuple": {"type": "array", "prefixItems": [S, I, {"type": "boolean"}], "items": False, "minItems": 3},
    "names by pattern": {
        "type": "object",
        "propertyNames": {"pattern": "^[A-Z]{3}$"},
        "additionalProperties": I,
        "minProperties": 3,
    },
    "members by pattern": {
        "type": "object",
        "patternProperties": {"^S_": S, "^I_": I},
        "additionalProperties": False,
        "minProperties": 4,
    },
    "at most two": {"type": "object", "properties": dict.fromkeys("abcdef", S), "maxProperties": 2},
    "tenths": {"type": "number", "minimum": 0.1, "maximum": 0.9, "multipleOf": 0.1},
    "cents": {"type": "number", "minimum": 10, "maximum": 20, "multipleOf": 0.01},
    "one multiple": {"type": "integer", "minimum": 10, "maximum": 13, "multipleOf": 4},
    "two steps": {"allOf": [{"type": "integer", "multipleOf": 6}, {"multipleOf": 4}, {"minimum": 1, "maximum": 12}]},
    "very near bounds": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1e-9},
    "very large": {"type": "integer", "minimum": 2**60},
    "int32": {"type": "integer", "format": "int32", "minimum": 2_000_000_000},
    "not latin": closed(都市=S, возраст=I, اسم=S),
    "long": {"type": "string", "minLength": 300, "maxLength": 310},
    "empty": {"type": "string", "maxLength": 0},
    "short address": {"type": "string", "format": "email", "maxLength": 8},
    "long address": {"type": "string", "format": "uri", "minLength": 100},
    "long mail address": {"type": "string", "format": "email", "minLength": 120},
    "long host": {"type": "string", "format": "hostname", "minLength": 130},
    "two patterns": {"allOf": [{"type": "string", "pattern": "^[a-z]+$"}, {"pattern": "x"}, {"minLength": 5}]},
    "pattern and format": {"type": "string", "format": "email", "pattern": "^[a-z.]+@"},
    "password": {"type": "string", "pattern": r"^(?=.*[A-Z])(?=.*[a-z])(?=.*\d)(?=.*[^\w\s]).{10,}$"},
    "unevaluated": {
        "allOf": [{"properties": {"a": S}, "required": ["a"]}],
        "type": "object",
        "properties": {"b": S},
        "unevaluatedProperties": False,
    },
    "extended": {
        "allOf": [{"$ref": "#/$defs/base"}],
        "type": "object",
        "properties": {"b": S},
        "required": ["b"],
        "$defs": {"base": {"type": "object", "properties": {"a": S}, "required": ["a"]}},
    },
    "pointer": closed(a={"type": "integer", "minimum": 7}, b={"$ref": "#/properties/a"}),
    "escaped pointer": {"$defs": {"a/b~c d": I}, "$ref": "#/$defs/a~1b~0c%20d"},
    "anchor": {
        "$defs": {"x": {"$anchor": "ex", "type": "integer"}},
        "type": "array",
        "items": {"$ref": "#ex"},
        "minItems": 1,
    },
    "constant": {"const": {"a": [1, {"b": None}]}},
    "one branch of two": {
        "anyOf": [
            {"type": "integer", "minimum": 5, "maximum": 4},
            {"type": "string", "minLength": 5, "maxLength": 2},
            S,
        ]
    },
    "enumeration and type": {"type": "integer", "enum": ["a", 1, 2.5, None]},
    "an impossible optional member": {
        "type": "object",
        "properties": {"a": {"type": "integer", "enum": ["x"]}, "b": S},
    },
    "forty unions at once": {"allOf": [{"anyOf": [I, S, {"type": "boolean"}]} for _ in range(40)]},
    "a property called $ref": {"type": "object", "properties": {"$ref": S}, "required": ["$ref"]},
    "thirty levels": None,
}
_deep = S
for _ in range(30):
    _deep = closed(a=_deep)
HARD["thirty levels"] = _deep


@pytest.mark.parametrize("name", HARD)
def test_hard_schemas(name):
    schema = HARD[name]
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    shape = compile_schema(schema)
    for index in range(25):
        validator.validate(generate(shape, draws(index)))


DIALECTS = [
    ({"type": "STRING"}, str),
    ({"type": "OBJECT", "properties": {"n": {"type": "INTEGER"}}, "required": ["n"]}, dict),
    ({"type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 5, "exclusiveMaximum": True}, int),
    ({"type": "array", "items": [S, I], "additionalItems": False, "minItems": 2}, list),
    ({"definitions": {"a": I}, "$ref": "#/definitions/a"}, int),
    ({"type": "object", "properties": {"a": S, "b": S}, "required": ["a"], "dependencies": {"a": ["b"]}}, dict),
    ({"type": "integer", "minimum": "4", "maximum": "4"}, int),
]


@pytest.mark.parametrize(("schema", "kind"), DIALECTS)
def test_other_dialects(schema, kind):
    for index in range(10):
        assert isinstance(make(schema, index), kind)
    assert (
        make({"type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 5, "exclusiveMaximum": True}) == 4
    )
    assert "b" in make(DIALECTS[5][0])


def test_nullable_gives_null_now_and_then():
    values = {make({"type": "string", "nullable": True, "enum": ["a"]}, index) for index in range(100)}
    assert values == {"a", None}


def test_recursion_takes_the_short_way_out():
    def depth(value):
        return 1 + max([depth(each) for each in value["children"]], default=0)

    assert max(depth(make(HARD["tree"], index)) for index in range(50)) <= 3


def test_optional_members_are_mostly_there():
    schema = {"type": "object", "properties": {"a": S}}
    there = sum("a" in make(schema, index) for index in range(400))
    assert 240 <= there <= 360


def test_defaults_and_examples_are_taken_where_they_are_valid():
    schema = {"type": "string", "default": "metric", "examples": ["imperial", 7]}
    values = [make(schema, index) for index in range(100)]
    assert 40 <= sum(value in {"metric", "imperial"} for value in values) <= 95
    assert 7 not in values


def test_text_suits_the_name_of_its_field():
    schema = closed(city=S, email=S, phone=S, price={"type": "number"}, age=I, birth_date=S, website=S, currency=S)
    made = make(schema)
    assert "@" in made["email"]
    assert made["phone"].startswith("+")
    assert 5 <= made["price"] <= 400
    assert 18 <= made["age"] <= 80
    assert made["birth_date"][4] == "-"
    assert made["website"].startswith("https://")
    assert len(made["currency"]) == 3
    assert make(closed(説明=S))["説明"].isascii() is False


def test_shapes_are_kept_by_what_the_schema_says():
    shapes = Shapes()
    assert shapes.of({"type": "string"}) is shapes.of({"type": "string"})
    assert shapes.of(closed(a=S, b=S)) is not shapes.of(closed(b=S, a=S))
    for number in range(300):
        shapes.of({"const": number})
    assert len(shapes._shapes) == 256


def test_draws_have_an_address():
    first = [next(words(b"k" * 16, b"d", "tool", index)) for index in range(50)]
    assert len(set(first)) == 50
    assert next(words(b"k" * 16, b"d", "format", 0)) != first[0]
    assert next(words(b"K" * 16, b"d", "tool", 0)) != first[0]
    stream = words(b"k" * 16, b"d", "tool", 0)
    several = [next(stream) for _ in range(100)]
    assert len(set(several)) == 100
    assert several[0] == first[0]
    # The first words of this address, written down: they are a promise to whoever compares answers.
    assert several[:2] == WORDS


WORDS = [0xD46C9D5A28F7A4DB, 0xA8CE819DA41387C8]
