"""The SDKs of OpenAI, Anthropic and Google for Node, against a real fleet."""

import pytest
from node_answers import WEATHER, ann, errands, same_text


@pytest.fixture(scope="module")
def openai(play):
    return play("openai.mjs")


@pytest.fixture(scope="module")
def anthropic(play):
    return play("anthropic.mjs")


@pytest.fixture(scope="module")
def google(play):
    return play("google.mjs")


@pytest.mark.parametrize("api", ["openai", "azure", "responses"])
def test_openai(openai, api):
    assert same_text(openai(f"{api} plain"), openai(f"{api} streamed"))
    assert errands(openai(f"{api} agent"))
    assert ann(openai(f"{api} shaped"))


@pytest.mark.parametrize("api", ["openai", "azure"])
def test_a_call_of_openai_is_put_together_from_its_stream(openai, api):
    assert openai(f"{api} streamed tools") == [WEATHER]


def test_what_else_openai_has(openai):
    assert openai("embedding") == [1536, 1536]
    assert "gpt-4o-mini" in openai("models")
    assert openai("file") == ["a.jsonl", 3, "{}\n"]


def test_openais_errors(openai):
    assert openai("unknown") == [True, 404, "model_not_found"]
    assert openai("limited") == [True, 429, "7"]


def test_anthropic(anthropic):
    assert same_text(anthropic("plain"), anthropic("streamed"))
    assert anthropic("streamed tools") == [WEATHER]
    assert errands(anthropic("agent"))
    assert ann(anthropic("shaped"))


def test_what_else_anthropic_has(anthropic):
    assert anthropic("count") > 5
    models = anthropic("models")
    assert len(models) == len(set(models)) > 5
    assert "claude-sonnet-5-5" in models


def test_anthropics_errors(anthropic):
    assert anthropic("unknown") == [True, 404, "not_found_error"]
    assert anthropic("limited") == [True, 429, "7"]


def test_google(google):
    assert same_text(google("plain"), google("streamed"))
    assert google("streamed tools") == [WEATHER]
    assert errands(google("agent"))
    assert errands(google("automatic"))
    assert ann(google("shaped"))


def test_what_else_google_has(google):
    assert google("count") > 5
    assert google("embedding") == [3072, 3072]
    models = google("models")
    assert len(models) == len(set(models)) > 5
    assert "models/gemini-3.8-flash" in models
    assert google("file") == [True, 10, "text/plain"]


def test_googles_errors(google):
    assert google("unknown") == [True, 404]
    assert google("limited") == [True, 429]


@pytest.mark.parametrize("sdk", ["openai", "anthropic", "google"])
def test_nothing_but_the_fleet_is_called(request, sdk):
    assert request.getfixturevalue(sdk).strays == []


def test_a_script_that_would_call_another_machine_is_found_out(node, fleet):
    script = (
        "import { scene, tell } from './scenes.mjs';\n"
        "await scene('home', () => fetch('https://telemetry.invalid/'));\n"
        "await scene('address', () => fetch('http://192.0.2.1/'));\n"
        "tell();\n"
    )
    told = node("home.mjs", {"SIMULATOR": fleet.url}, script)
    assert '"strays":["telemetry.invalid","192.0.2.1"]' in told
