"""Schemas that cannot be satisfied, are not understood, or ask for too much."""

import pytest

from simulator.engine.content.structured import (
    Draws,
    SchemaProblem,
    Unsatisfiable,
    UnsupportedSchema,
    compile_schema,
    generate,
    words,
)

S = {"type": "string"}
I = {"type": "integer"}  # noqa: E741 - beside S


def make(schema):
    return generate(compile_schema(schema), Draws(words(b"k" * 16, b"digest", "test")))


def closed(**properties):
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def deep(levels):
    return closed(a=deep(levels - 1)) if levels else S


IMPOSSIBLE = {
    "false": False,
    "no way out": closed(a={"$ref": "#"}),
    "no such string": {"type": "string", "enum": [1]},
    "nothing between": {"type": "integer", "exclusiveMinimum": 1, "exclusiveMaximum": 2},
    "not anything": {"not": {}},
    "not enough to differ": {"type": "array", "items": {"enum": [1]}, "uniqueItems": True, "minItems": 2},
    "pattern beyond all lengths": {"type": "string", "pattern": "(a{1000}){1000}"},
    "pattern and length": {"type": "string", "pattern": "^ab$", "minLength": 5},
    "long text": {"type": "string", "minLength": 10**9},
    "many items": {"type": "array", "items": S, "minItems": 10**9},
    "many members": {"type": "object", "minProperties": 10**7},
    "closed and required": {"type": "object", "required": ["a"], "additionalProperties": False},
}


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_the_impossible_is_told(name):
    with pytest.raises(Unsatisfiable) as told:
        make(IMPOSSIBLE[name])
    assert told.value.path.startswith("#")
    assert told.value.why


UNSUPPORTED = {
    "itself": ({"$ref": "#"}, "#"),
    "itself among others": ({"anyOf": [{"$ref": "#"}, S]}, "#"),
    "a type": ({"type": "object", "properties": {"a": {"type": "strin"}}}, "#/properties/a/type"),
    "a broken pattern": ({"type": "string", "pattern": "(("}, "#/pattern"),
    "a reference to nowhere": ({"items": {"$ref": "#/nope"}}, "#/items/$ref"),
    "a reference to elsewhere": ({"$ref": "https://example.com/schema"}, "#/$ref"),
    "a list": ([1], "#"),
    "a wrong bound": ({"minimum": "much"}, "#/minimum"),
    "a negative length": ({"minLength": -1}, "#/minLength"),
    "no alternatives": ({"anyOf": []}, "#/anyOf"),
    "an enumeration that is none": ({"enum": 3}, "#/enum"),
    "properties that are none": ({"properties": []}, "#/properties"),
    "required that is none": ({"required": "a"}, "#/required"),
    "names that are none": ({"required": [1]}, "#/required"),
    "a step of nothing": ({"multipleOf": 0}, "#/multipleOf"),
}


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_what_is_not_understood_is_told_with_its_place(name):
    schema, path = UNSUPPORTED[name]
    with pytest.raises(UnsupportedSchema) as told:
        compile_schema(schema)
    assert told.value.path == path


def _wide(depth):
    return S if not depth else {"type": "array", "minItems": 50, "items": _wide(depth - 1)}


HOSTILE = {
    "wide": _wide(3),
    "halves": {
        "$defs": {f"d{n}": {"oneOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(20)} | {"d20": I},
        "$ref": "#/$defs/d0",
    },
    "long chain": {
        "$defs": {f"d{n}": {"anyOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(60)} | {"d60": I},
        "$ref": "#/$defs/d0",
    },
    "many": {"type": "object", "properties": {f"p{n}": S for n in range(6_000)}},
    "empty groups": {"type": "string", "pattern": "^((x?){4096}){4096}$"},
    "backtracking": {
        "type": "object",
        "patternProperties": {"^(a+)+$": S},
        "minProperties": 50,
        "additionalProperties": False,
    },
    "looks": {"type": "string", "pattern": "^(?=(.*a){20})(?=(.*b){20}).{40,60}$"},
    "levels": {
        "$ref": "#/$defs/a",
        "$defs": {"a": closed(x=closed(x=closed(x=deep(30))), y=closed(x=closed(z=closed(x=deep(30)))))},
    },
    "many names and patterns": {
        "type": "object",
        "properties": {"a" * (n % 50) + f"{n}!": S for n in range(2_000)},
        "patternProperties": {f"^(a+)+{n}$": S for n in range(500)},
        "additionalProperties": False,
        "minProperties": 100,
    },
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_schemas_end_in_a_value_or_an_error(name):
    # Not validated here: Python's own engine would take for ever over these patterns.
    try:
        outcome = make(HOSTILE[name])
    except SchemaProblem as problem:
        outcome = problem
    assert isinstance(outcome, dict | SchemaProblem)
    assert len(str(outcome)) < 200_000
