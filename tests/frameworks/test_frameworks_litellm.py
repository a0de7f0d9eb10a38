"""LiteLLM, each provider by its own route, against a real fleet."""

import json
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent

ROUTES = ["openai", "responses", "anthropic", "gemini", "azure", "cohere", "mistral", "ollama"]
FINISH = dict.fromkeys(ROUTES, "tool_calls") | {"cohere": "stop"}
"""LiteLLM says `stop` for Cohere's calls."""
ESTIMATED = {"openai", "azure", "cohere"}
"""Of whose streams LiteLLM counts the usage by itself: the first two tell none unless they are asked for it."""
WIDTHS = {"openai": 1536, "gemini": 3072, "azure": 1536, "cohere": 1536, "mistral": 1024, "ollama": 768}


@pytest.fixture(scope="module")
def scenes(play, program):
    return play("litellm_scenes.py", program("import litellm"))


def test_nothing_but_the_fleet_is_called(scenes):
    assert scenes.strays == []


@pytest.mark.parametrize("route", ROUTES)
def test_a_plain_answer(scenes, route):
    answer = scenes(f"{route} plain")
    assert len(answer["text"]) > 20
    assert (answer["calls"], answer["finish"]) == ([], "stop")
    assert min(answer["usage"]) > 5


@pytest.mark.parametrize("route", ROUTES)
def test_a_stream_is_the_plain_answer_in_pieces(scenes, route):
    plain, streamed = scenes(f"{route} plain"), scenes(f"{route} streamed")
    assert streamed.pop("chunks") > 10
    if route == "cohere":
        del plain["usage"], streamed["usage"]
    assert streamed == plain


@pytest.mark.parametrize("route", ROUTES)
def test_asynchronous_calls_get_the_same(scenes, route):
    text = scenes(f"{route} plain")["text"]
    assert scenes(f"{route} at_once") == [text, text]


@pytest.mark.parametrize("route", ROUTES)
def test_a_tool_is_called(scenes, route):
    answer = scenes(f"{route} tools")
    assert answer["calls"] == [["get_weather", {"city": "Paris"}]]
    assert answer["finish"] == FINISH[route]


@pytest.mark.parametrize("route", ROUTES)
def test_a_streamed_call_is_the_plain_one(scenes, route):
    plain, streamed = scenes(f"{route} tools"), scenes(f"{route} tools_streamed")
    assert streamed.pop("chunks") > 1
    if route in ESTIMATED:
        del plain["usage"], streamed["usage"]
    if route == "cohere":
        assert (plain.pop("finish"), streamed.pop("finish")) == ("stop", "tool_calls")
    assert streamed == plain


@pytest.mark.parametrize("route", ROUTES)
def test_an_agent_with_three_tools_comes_to_an_end(scenes, route):
    done = scenes(f"{route} agent")
    (weather, money, (mail, letter)) = done["calls"]
    assert weather == ["get_weather", {"city": "Paris"}]
    assert money == ["convert_currency", {"amount": 20, "currency": "USD"}]
    assert (mail, letter["to"]) == ("send_email", "ann@example.com")
    assert done["text"].strip()


@pytest.mark.parametrize("route", ROUTES)
def test_an_unknown_model_is_not_found(scenes, route):
    assert scenes(f"{route} unknown") == ["NotFoundError", 404]


@pytest.mark.parametrize("route", ["openai", "anthropic", "gemini", "azure", "cohere", "mistral"])
def test_a_limit_is_a_rate_limit_error(scenes, route):
    assert scenes(f"{route} limited") == ["RateLimitError", 429]


def test_cohere_refuses_what_litellm_adds_to_its_calls(scenes):
    """As the service does: LiteLLM's issue 24031."""
    name, status = scenes("cohere index")
    assert name != "NotFoundError"
    assert status in {400, 422}


@pytest.mark.parametrize("route", WIDTHS)
def test_embeddings(scenes, route):
    assert scenes(f"{route} embedding") == [WIDTHS[route]] * 2


def test_ranking(scenes):
    (first, better), (second, worse) = scenes("cohere rerank")
    assert (first, second) == (1, 0)
    assert better > worse


def test_the_program_of_the_page_prints_an_answer_of_each_route(scenes):
    printed = scenes("program")
    assert printed.count("\n") >= len(ROUTES)
    for route in ROUTES:
        assert scenes(f"{route} plain")["text"] in printed


def test_a_script_that_would_call_another_machine_is_found_out(python, environ):
    script = (
        "import socket, scenes\nscenes.scene('home', lambda: socket.create_connection(('192.0.2.1', 80)))\nscenes.run()"
    )
    ended = subprocess.run(
        [python, "-c", script], env={**environ, "PYTHONPATH": HERE}, capture_output=True, text=True, check=True
    )
    assert json.loads(ended.stdout)["strays"] == ["192.0.2.1"]
