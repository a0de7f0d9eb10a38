"""Whatever comes in, the dialect answers or refuses; nothing else may leave it."""

import json
import time

import msgspec
import pytest
from desk import MemoryDesk
from gemini_plans import GENERATE, NEW, PROVIDER, target_of, turn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.providers.base import Refusal
from simulator.providers.gemini import schema

SHAPES = [
    shape
    for shape in vars(schema).values()
    if isinstance(shape, type) and issubclass(shape, msgspec.Struct) and shape is not msgspec.Struct
]
NAMES = sorted(
    {name for shape in SHAPES for field in msgspec.structs.fields(shape) for name in (field.encode_name, field.name)}
)
SCHEMA_NAMES = ["type", "properties", "items", "anyOf", "enum", "required", "nullable", "minItems", "$ref", "$defs"]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        ["user", "model", "function", "AUTO", "ANY", "STRING", "OBJECT", "ARRAY", "application/json", "5s"]
    )
    | st.sampled_from(["models/" + NEW, "image/png", "files/abc", "cachedContents/abc", "\ud800", "9" * 400])
)
KEYS = st.sampled_from(NAMES) | st.sampled_from(SCHEMA_NAMES) | st.text(max_size=3)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4))
PARTS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        (
            "text",
            "inlineData",
            "fileData",
            "functionCall",
            "functionResponse",
            "thought",
            "thoughtSignature",
            "executableCode",
        ),
        VALUES,
    ),
)
CONTENTS = st.lists(
    st.fixed_dictionaries(
        {"parts": st.lists(PARTS | st.just({"text": "x"}), max_size=3)},
        optional={"role": st.sampled_from(["user", "model", "function", "x", None])},
    ),
    max_size=4,
)
DECLARED = st.fixed_dictionaries(
    {"name": st.sampled_from(["f", "g", "", "1"])}, optional={"parameters": VALUES, "parametersJsonSchema": VALUES}
)
CONFIGS = st.dictionaries(
    st.sampled_from([field.encode_name for field in msgspec.structs.fields(schema.GenerationConfig)]),
    VALUES,
    max_size=4,
)
BODIES = (
    st.fixed_dictionaries(
        {"contents": CONTENTS | VALUES},
        optional={
            "generationConfig": CONFIGS,
            "tools": st.lists(
                st.fixed_dictionaries({"functionDeclarations": st.lists(DECLARED, max_size=2)}), max_size=2
            ),
            "toolConfig": st.fixed_dictionaries({"functionCallingConfig": VALUES}),
            "systemInstruction": VALUES,
            "safetySettings": VALUES,
            "cachedContent": SCALARS,
        },
    )
    | VALUES
)
EMBEDS = st.fixed_dictionaries(
    {}, optional={"content": VALUES | st.just(turn("a")), "requests": VALUES, "outputDimensionality": SCALARS}
)
UPLOADS = [b"", b"start", b"upload, finalize", b"upload", b"query", b"cancel", b"\xff"]
QUIET = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


def encoded(value):
    try:
        return json.dumps(value).encode("utf-8", "surrogatepass")
    except ValueError:
        return b"{"


@pytest.fixture(scope="module")
def desk():
    return MemoryDesk(PROVIDER)


def held(desk, method, path, body, model=NEW, **more):
    """The reply is one of the service's: an answer, or a refusal that is the client's fault."""
    reply = desk.ask(method, path, body, parameters={"model": model, "name": "abc", "file_id": "abc"}, **more)
    assert reply.status in {200, 400, 403, 404, 409}, reply.body
    if reply.status != 200:
        error = json.loads(reply.body)["error"]
        assert error["code"] == reply.status
        assert error["message"]


@QUIET
@given(
    BODIES, st.sampled_from(["generateContent", "streamGenerateContent"]), st.sampled_from([NEW, "gemini-2.5-flash"])
)
def test_any_request(desk, body, method, model):
    held(desk, "POST", f"/v1beta/models/{{model}}:{method}", encoded(body), model)


@QUIET
@given(
    BODIES | EMBEDS | st.fixed_dictionaries({"generateContentRequest": BODIES}),
    st.sampled_from(["countTokens", "embedContent", "batchEmbedContents"]),
)
def test_any_request_of_the_other_methods(desk, body, method):
    held(
        desk,
        "POST",
        f"/v1/models/{{model}}:{method}",
        encoded(body),
        "gemini-embedding-001" if "mbed" in method else NEW,
    )


@QUIET
@given(
    VALUES
    | st.dictionaries(
        st.sampled_from([field.encode_name for field in msgspec.structs.fields(schema.CacheBody)]), VALUES, max_size=5
    ),
    st.sampled_from([("POST", ""), ("PATCH", "/{name}")]),
)
def test_any_cache(desk, body, where):
    method, below = where
    held(desk, method, "/v1beta/cachedContents" + below, encoded(body))


@QUIET
@given(
    VALUES | st.fixed_dictionaries({"file": VALUES}),
    st.sampled_from(UPLOADS),
    st.sampled_from([b"", b"resumable", b"multipart", b"raw"]),
    st.binary(max_size=6),
    st.none() | st.text(max_size=6),
)
def test_any_upload(desk, body, command, protocol, more, ticket):
    headers = {
        b"x-goog-upload-command": command,
        b"x-goog-upload-protocol": protocol,
        b"x-goog-upload-header-content-type": more,
        b"x-goog-upload-header-content-length": more,
        b"x-goog-upload-offset": more,
        b"content-type": b"multipart/related; boundary=" + more,
        b"host": more,
    }
    query = {} if ticket is None else {"upload_id": [ticket]}
    held(desk, "POST", "/upload/v1/files", encoded(body), headers=headers, query=query)


@pytest.mark.parametrize("query", [{"pageSize": ["9" * 99]}, {"pageToken": ["PmFiYw"]}, {"pageToken": ["\ud800"]}])
@pytest.mark.parametrize("path", ["/v1/files", "/v1/cachedContents"])
def test_any_page(desk, path, query):
    held(desk, "GET", path, b"", query=query)


CALLS = 20_000
MANY = {
    "calls": [
        turn("a"),
        {"role": "model", "parts": [{"functionCall": {"name": "f"}, "thoughtSignature": "c2ln"}] * CALLS},
        {"role": "user", "parts": [{"functionResponse": {"name": "f"}}] * CALLS},
    ],
    "turns": [turn("a"), turn("b", "model")] * CALLS,
    "segments": [
        {
            "parts": [
                {"inlineData": {"mimeType": "image/jpeg", "data": "/9j/4AAA" + "/+AAAA==".replace("=", "A") * CALLS}}
            ]
        }
    ],
    "one turn": [{"parts": [{"text": "x"}] * CALLS}],
}


@pytest.mark.parametrize("contents", MANY.values(), ids=MANY)
def test_many_of_anything_cost_time_in_proportion(contents):
    began = time.process_time()
    body = json.dumps({"contents": contents}).encode()
    assert GENERATE.decode(body, {}, target_of()).request.messages
    assert time.process_time() - began < 5


def test_a_large_schema_costs_time_in_proportion():
    properties = {f"p{number}": {"type": "STRING"} for number in range(CALLS)}
    declared = {"name": "f", "parameters": {"type": "OBJECT", "properties": properties, "required": list(properties)}}
    body = json.dumps({"contents": [turn("a")], "tools": [{"functionDeclarations": [declared]}]}).encode()
    began = time.process_time()
    assert GENERATE.decode(body, {}, target_of()).request.tools
    assert time.process_time() - began < 5


def test_deep_schemas_are_refused():
    deep = {"type": "STRING"}
    for _ in range(200):
        deep = {"type": "ARRAY", "items": deep}
    declared = {"name": "f", "parameters": {"type": "OBJECT", "properties": {"p": deep}}}
    body = json.dumps({"contents": [turn("a")], "tools": [{"functionDeclarations": [declared]}]}).encode()
    with pytest.raises(Refusal, match="too deep"):
        GENERATE.decode(body, {}, target_of())
