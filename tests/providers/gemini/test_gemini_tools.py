"""Functions, how free the model is to call them, and the API's own schema language."""

import pytest
from gemini_plans import NEW, WEATHER, refused_fields, request_of

CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def offered(*functions, **more):
    return {"tools": [{"functionDeclarations": list(functions)}], **more}


def calling(**config):
    return {"toolConfig": {"functionCallingConfig": config}}


def schema_of(**schema):
    """The JSON Schema that a property of this schema becomes."""
    parameters = {"type": "OBJECT", "properties": {"p": schema}}
    (tool,) = request_of(**offered({"name": "f", "parameters": parameters})).tools
    return tool.schema["properties"]["p"]


def wrong_schema(**schema):
    parameters = {"type": "OBJECT", "properties": {"p": schema}}
    return refused_fields(**offered({"name": "f", "parameters": parameters})).message


def test_both_schema_languages_say_the_same():
    (own,) = request_of(**offered(WEATHER)).tools
    (standard,) = request_of(**offered({"name": "get_weather", "parametersJsonSchema": CITY})).tools
    assert own.schema == standard.schema == CITY
    assert own.description == "Weather in a city"


def test_functions_of_all_tools_and_one_without_parameters():
    tools = [{"functionDeclarations": [WEATHER]}, {"functionDeclarations": [{"name": "now"}]}]
    assert [(tool.name, tool.schema is None) for tool in request_of(tools=tools).tools] == [
        ("get_weather", False),
        ("now", True),
    ]


def test_tools_that_run_at_the_provider_are_told_apart_in_the_digest_only():
    request = request_of(tools=[{"googleSearch": {}}, {"codeExecution": {}}])
    assert request.tools == ()
    assert request.extra == ("tool=google_search", "tool=code_execution")


@pytest.mark.parametrize(
    ("config", "word"),
    [
        ({}, "auto"),
        ({"mode": "AUTO"}, "auto"),
        ({"mode": "ANY"}, "required"),
        ({"mode": "NONE"}, "none"),
        ({"mode": "VALIDATED"}, "auto"),
        ({"mode": "ANY", "allowedFunctionNames": ["get_weather"]}, "required:get_weather"),
        ({"mode": "VALIDATED", "allowedFunctionNames": ["get_weather"]}, "auto:get_weather"),
    ],
)
def test_how_free_the_model_is(config, word):
    assert request_of(**offered(WEATHER), **calling(**config)).tool_choice == word


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (offered({"name": "1st"}), "function_declarations[0].name: Invalid function name. Must start with"),
        (offered({}), "Invalid function name"),
        (offered(WEATHER, WEATHER), "Duplicate function declaration found: get_weather"),
        (offered({**WEATHER, "parametersJsonSchema": CITY}), "are mutually exclusive"),
        (offered({"name": "f", "parameters": {"type": "STRING"}}), "parameters schema should be of type OBJECT"),
        (offered({"name": "f", "parametersJsonSchema": {"type": "array"}}), "should be of type OBJECT"),
        (offered({"name": "f", "parametersJsonSchema": "x"}), "parameters_json_schema'"),
        (offered(WEATHER, **calling(mode="SOMETIMES")), "Invalid value at 'tool_config.function_calling_config.mode'"),
        (offered(WEATHER, **calling(mode="AUTO", allowedFunctionNames=["f"])), "should only be set when the mode is"),
        (offered(WEATHER, **calling(mode="ANY", allowedFunctionNames=["f"])), "'f' is not in the function"),
        (calling(mode="ANY"), "needs at least one function declaration"),
    ],
)
def test_tools_that_are_refused(fields, message):
    assert message in refused_fields(**fields).message


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "INTEGER", "format": "int32", "minimum": 1}, {"type": "integer", "minimum": 1}),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"type": "STRING", "enum": ["a", "b"], "format": "enum"}, {"type": "string", "enum": ["a", "b"]}),
        ({"type": "NUMBER", "nullable": True}, {"type": ["number", "null"]}),
        ({"type": "STRING", "enum": ["a"], "nullable": True}, {"type": ["string", "null"], "enum": ["a", None]}),
        (
            {"type": "ARRAY", "items": {"type": "BOOLEAN"}, "minItems": "1", "max_items": 3},
            {"type": "array", "items": {"type": "boolean"}, "minItems": 1, "maxItems": 3},
        ),
        (
            {"anyOf": [{"type": "STRING"}, {"type": "NULL"}], "description": "d"},
            {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "d"},
        ),
        (
            {"type": "OBJECT", "additionalProperties": {"type": "STRING"}},
            {"type": "object", "additionalProperties": {"type": "string"}},
        ),
        ({"type": "STRING", "example": "x", "default": "y"}, {"type": "string", "examples": ["x"], "default": "y"}),
    ],
)
def test_the_schema_language(schema, expected):
    assert schema_of(**schema) == expected


def test_the_order_of_properties():
    properties = {name: {"type": "STRING"} for name in "abc"}
    found = schema_of(type="OBJECT", properties=properties, propertyOrdering=["c", "a"])
    assert list(found["properties"]) == ["c", "a", "b"]


@pytest.mark.parametrize(
    ("schema", "message"),
    [
        ({"type": "OBJECT", "properties": {}}, ".properties[p].properties: should be non-empty for OBJECT type"),
        ({"type": "ARRAY"}, ".properties[p].items: missing field."),
        ({}, ".properties[p].type: must be specified"),
        ({"type": "STRING", "enum": [""]}, ".properties[p].enum[0]: cannot be empty"),
        ({"type": "INTEGER", "enum": ["1"]}, ".properties[p].enum: only allowed for STRING type"),
        (
            {"type": "OBJECT", "properties": {"a": {"type": "STRING"}}, "required": ["b"]},
            ".properties[p].required[0]: property is not defined",
        ),
        ({"type": "TEXT"}, "parameters.properties[p].type' (type.googleapis.com"),
        ({"type": "STRING", "exclusiveMaximum": 1}, 'Unknown name "exclusiveMaximum" at'),
        ({"type": "STRING", "minLength": "x"}, 'min_length\' (TYPE_INT64), "x"'),
        ({"type": "STRING", "pattern": 1}, "pattern' (TYPE_STRING), 1"),
        ({"type": "NUMBER", "minimum": "1"}, "minimum' (TYPE_DOUBLE)"),
        ({"type": "STRING", "enum": [1]}, "enum[0]' (TYPE_STRING), 1"),
        ({"type": "OBJECT", "properties": [1]}, "properties' (properties), [1]"),
        ({"anyOf": {}}, "any_of' (any_of), {}"),
        ({"type": ["STRING"]}, "type' (type.googleapis.com"),
        ({"type": "INTEGER", "minimum": 2**70}, "out of range"),
    ],
)
def test_schemas_that_are_refused(schema, message):
    assert message in wrong_schema(**schema)


def test_a_schema_is_read_once():
    first, second = (request_of(model=NEW, **offered(WEATHER)).tools[0].schema for _ in range(2))
    assert first is second


def test_an_answer_in_json():
    schema = {"type": "OBJECT", "properties": {"a": {"type": "INTEGER"}}}
    config = {"responseMimeType": "application/json"}
    assert request_of(generationConfig=config).format.kind == "json_object"
    own = request_of(generationConfig={**config, "responseSchema": schema}).format
    standard = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert (own.kind, own.schema) == ("json_schema", standard)
    for name in ("responseJsonSchema", "_responseJsonSchema"):
        assert request_of(generationConfig={**config, name: standard}).format == own
    newest = {"responseFormat": {"text": {"mimeType": "application/json", "schema": standard}}}
    assert request_of(generationConfig=newest).format == own
