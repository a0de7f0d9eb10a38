"""The document tells what is served: valid, whole, the same everywhere."""

import os
import re
import subprocess
import sys
from pathlib import Path

import asgi_client
import jsonschema
import orjson
import pytest
from asgi_client import ask, make
from hypothesis import given, settings
from hypothesis import strategies as st
from openapi_spec_validator import validate

from simulator.providers.base import Reply
from simulator.providers.registry import registry
from simulator.server.openapi.document import document
from simulator.server.openapi.shapes import schemas_of, seen

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
BODILESS = {
    "/v1/responses/{response_id}/cancel",
    "/v1/batches/{batch_id}/cancel",
    "/v1/uploads/{upload_id}/cancel",
    "/v1/messages/batches/{message_batch_id}/cancel",
    "/v1/check-api-key",
    "/api/blobs/{digest}",
}
"""What is posted without a body, or with one of bare bytes."""
CHATS = {
    "openai": ("/v1/chat/completions", "", {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}, {}),
    "anthropic": (
        "/v1/messages",
        "",
        {"model": "claude-sonnet-4-5", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]},
        {b"anthropic-version": b"2023-06-01"},
    ),
    "gemini": (
        "/v1beta/models/{model}:streamGenerateContent",
        "?alt=sse",
        {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]},
        {},
    ),
    "cohere": ("/v2/chat", "", {"model": "command-a-03-2025", "messages": [{"role": "user", "content": "Hi"}]}, {}),
    "mistral": (
        "/v1/fim/completions",
        "",
        {"model": "codestral-latest", "prompt": "def f("},
        {},
    ),
    "ollama": ("/api/chat", "", {"model": "llama3.2", "messages": [{"role": "user", "content": "Hi"}]}, {}),
}


@pytest.fixture(scope="module")
def app():
    return make(simulation__latency="none")


@pytest.fixture(scope="module")
def told(app):
    response = ask(app, "GET", "/openapi.json")
    assert response.status == 200
    assert response.headers["content-type"] == "application/json"
    return response.json()


def template(path):
    return re.sub(r"\{\w+(:path)?\}", "{}", path)


def by_template(told):
    return {template(path): item for path, item in told["paths"].items()}


def validator(told, schema):
    return jsonschema.Draft202012Validator({**schema, "components": told["components"]})


def test_valid(told):
    validate(told)
    assert told["openapi"].startswith("3.1")


def test_every_operation_of_every_provider_is_told(told):
    paths = by_template(told)
    for provider in registry():
        served = [("POST", one.path) for one in provider.endpoints]
        served += [(one.method, one.path) for one in provider.actions]
        served += [("GET", path + below) for path in provider.models_paths for below in ("", "/{id}")]
        for method, path in served:
            operation = paths[template(path)][method.lower()]
            assert provider.name in operation["tags"], (method, path)


def test_nothing_else_is_told(told):
    served = {
        (template(one.path), getattr(one, "method", "POST").lower())
        for provider in registry()
        for one in (*provider.endpoints, *provider.actions)
    }
    served |= {
        (template(path + below), "get")
        for provider in registry()
        for path in provider.models_paths
        for below in ("", "/{id}")
    }
    for path, item in told["paths"].items():
        for method, operation in item.items():
            if not {"health", "admin"} & set(operation["tags"]):
                assert (template(path), method) in served


def test_the_control_plane_is_told_as_it_is(app, told):
    """Each of its paths takes exactly the methods that the document has; nothing is served without a word."""
    from simulator.server.openapi.control import WORDS

    inner = app._router.routes
    served = {route.path.replace(":path}", "}"): route for route in inner}
    assert {path for _, path in WORDS} == set(served)
    for path in served:
        for method in METHODS:
            if (method, path) in WORDS:
                assert method.lower() in told["paths"][path]
                continue
            response = ask(app, method, path.replace("{name}", "some"))
            assert response.status == 405, (method, path)


def test_metrics_are_told_only_where_they_are_served():
    without = ask(make(telemetry__metrics__enabled=False), "GET", "/openapi.json").json()
    assert "/metrics" not in without["paths"]
    assert "/health" in without["paths"]


@pytest.mark.parametrize("provider", registry(), ids=lambda one: one.name)
def test_whatever_is_posted_has_a_schema(told, provider):
    paths = by_template(told)
    for one in (*provider.endpoints, *provider.actions):
        if getattr(one, "method", "POST") not in {"POST", "PATCH", "PUT"}:
            continue
        if re.sub(r"^/openai(/deployments/\{deployment\}|/v1)?/", "/v1/", one.path) in BODILESS:
            continue
        content = paths[template(one.path)][getattr(one, "method", "POST").lower()]["requestBody"]["content"]
        assert all(media["schema"] for media in content.values()), one.path


@pytest.mark.parametrize("provider", CHATS)
def test_a_body_that_is_answered_fits_and_one_that_is_refused_does_not(app, told, provider):
    path, query, body, headers = CHATS[provider]
    schema = by_template(told)[template(path)]["post"]["requestBody"]["content"]["application/json"]["schema"]
    judge = validator(told, schema)
    judge.validate(body)
    sent = path.replace("{model}", "gemini-2.5-flash") + query
    assert ask(app, "POST", sent, body, list(headers.items())).status == 200
    broken = {**body, next(iter(body)): 7}
    assert list(judge.iter_errors(broken))
    assert 400 <= ask(app, "POST", sent, broken, list(headers.items())).status < 500


@pytest.mark.parametrize("provider", CHATS)
def test_a_stream_has_the_media_type_that_is_told(app, told, provider):
    path, query, body, headers = CHATS[provider]
    streaming = body if query else {**body, "stream": True}
    response = ask(app, "POST", path.replace("{model}", "gemini-2.5-flash") + query, streaming, list(headers.items()))
    content = by_template(told)[template(path)]["post"]["responses"]["200"]["content"]
    assert response.headers["content-type"].partition(";")[0] in set(content) - {"application/json"}


@pytest.mark.parametrize("provider", CHATS)
def test_an_error_fits_the_shape_that_is_told(app, told, provider):
    path, query, body, headers = CHATS[provider]
    sent = path.replace("{model}", "nothing-of-the-kind") + query
    wrong = body if query else {**body, "model": "nothing-of-the-kind"}
    response = ask(app, "POST", f"/{provider}{sent}" if provider == "mistral" else sent, wrong, list(headers.items()))
    place = by_template(told)[template(path)]["post"]["responses"][str(response.status)]["$ref"]
    content = told["components"]["responses"][place.rpartition("/")[2]]["content"]["application/json"]
    validator(told, content["schema"]).validate(response.json())
    for example in content["examples"].values():
        validator(told, content["schema"]).validate(example["value"])


def test_a_path_of_several_providers_tells_of_each(told):
    operation = told["paths"]["/v1/chat/completions"]["post"]
    assert {"openai", "mistral"} <= set(operation["tags"])
    places = {one["$ref"] for one in operation["requestBody"]["content"]["application/json"]["schema"]["anyOf"]}
    assert {"#/components/schemas/openai.ChatBody", "#/components/schemas/mistral.ChatBody"} <= places
    form = told["paths"]["/v1/files"]["post"]["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert {"openai", "anthropic"} <= set(told["paths"]["/v1/files"]["post"]["tags"])
    assert all("file" in one["properties"] for one in form["anyOf"])


def test_one_provider_alone(app):
    response = ask(app, "GET", "/openapi.json?provider=mistral")
    told = response.json()
    validate(told)
    assert {tag for item in told["paths"].values() for one in item.values() for tag in one["tags"]} == {"mistral"}
    assert told["paths"]["/v1/chat/completions"]["post"]["requestBody"]["content"]["application/json"]["schema"] == {
        "$ref": "#/components/schemas/mistral.ChatBody"
    }
    unknown = ask(app, "GET", "/openapi.json?provider=nobody")
    assert unknown.status == 404
    assert "mistral" in unknown.json()["error"]
    assert ask(app, "POST", "/openapi.json").status == 405


def test_made_once(monkeypatch):
    made = []
    monkeypatch.setattr("simulator.server.openapi.page.document", lambda *given: made.append(given) or document(*given))
    app = make()
    assert not made
    first, second = (ask(app, "GET", "/openapi.json").body for _ in range(2))
    assert first == second
    assert len(made) == 1


def test_every_worker_tells_the_same(app):
    """Another process, whose sets and dictionaries of strings fall otherwise, makes the same bytes."""
    code = (
        f"import sys; sys.path[:0] = [{str(Path(asgi_client.__file__).parent)!r}]; from asgi_client import ask, make;"
        "sys.stdout.buffer.write(ask(make(), 'GET', '/openapi.json').body)"
    )
    environ = {**os.environ, "PYTHONHASHSEED": "7"}
    other = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, check=True)
    assert other.stdout == ask(app, "GET", "/openapi.json").body


class Silent:
    """What a plugin's endpoint is that tells nothing of itself."""

    path = "/v9/{thing}/say"
    label = "say"


class Plugin:
    name = "plugin"
    endpoints = (Silent(),)
    actions = ()
    models_paths = ()

    def refuse(self, refusal, request_bits):
        del request_bits
        return Reply(418, [(b"content-type", b"text/plain; charset=utf-8")], refusal.problem.value.encode())


def test_a_plugin_that_tells_nothing_is_described_without_a_schema():
    told = document([Plugin()], {})
    validate(orjson.loads(orjson.dumps(told)))
    operation = told["paths"]["/v9/{thing}/say"]["post"]
    assert "requestBody" not in operation
    assert [one["name"] for one in operation["parameters"]] == ["thing"]
    assert operation["responses"]["200"]["content"] == {"application/json": {}}
    teapot = told["components"]["responses"][operation["responses"]["418"]["$ref"].rpartition("/")[2]]
    assert teapot["content"]["text/plain"]["examples"]["plugin.invalid"] == {"value": "invalid"}


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-9, 9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_what_is_seen_fits(values):
    schema = seen(values)
    jsonschema.Draft202012Validator.check_schema(schema)
    for value in values:
        jsonschema.validate(value, schema)


def test_types_of_one_name_are_told_apart():
    from simulator.providers.openai.chat_schema import CustomTool as Older
    from simulator.providers.openai.responses.toolset import CustomTool as Newer

    found, components = schemas_of("openai", [Older, Newer])
    names = [one["$ref"].rpartition("/")[2] for one in found]
    assert len(set(names)) == 2
    assert set(names) <= set(components)
    assert not [name for name in components if "simulator." in name]
