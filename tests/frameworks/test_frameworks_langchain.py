"""LangChain's own packages for OpenAI, Azure, Anthropic, Google and Cohere, against a real fleet."""

import pytest

MODELS = ["openai", "responses", "azure", "anthropic", "thinking", "google", "cohere"]
UNTOLD = {"cohere"}
"""Whose package tells no usage of a stream."""
PERSON = {"name": "Ann", "age": 31}
WEATHER = ["get_weather", {"city": "Paris"}]


@pytest.fixture(scope="module")
def scenes(play, program):
    return play("langchain_scenes.py", program("from langchain_anthropic"))


def test_nothing_but_the_fleet_is_called(scenes):
    assert scenes.strays == []


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_is_the_plain_answer_in_pieces(scenes, model):
    plain, streamed = scenes(f"{model} plain"), scenes(f"{model} streamed")
    assert len(plain["text"]) > 20
    read, written, both = plain["usage"]
    assert both == read + written
    assert streamed.pop("chunks") > 10
    if model in UNTOLD:
        assert streamed["usage"] is None
        streamed["usage"] = plain["usage"]
    assert streamed == plain


@pytest.mark.parametrize("model", MODELS)
def test_asynchronous_calls_get_the_same(scenes, model):
    text = scenes(f"{model} plain")["text"]
    assert scenes(f"{model} at_once") == [text, text]


@pytest.mark.parametrize("model", MODELS)
def test_a_tool_is_called(scenes, model):
    assert scenes(f"{model} tools") == [WEATHER]
    # The package for Cohere makes of each step of a call one more call, and of the last step the whole one.
    assert scenes(f"{model} tools_streamed")[-1] == WEATHER


@pytest.mark.parametrize("method", ["json_schema", "function_calling"])
@pytest.mark.parametrize("model", MODELS)
def test_an_answer_in_a_shape_says_what_was_said(scenes, model, method):
    person = scenes(f"{model} {method}")
    assert all(isinstance(interest, str) for interest in person.pop("interests"))
    assert person == PERSON


@pytest.mark.parametrize("model", MODELS)
def test_an_agent_with_three_tools_comes_to_an_end(scenes, model):
    done = scenes(f"{model} agent")
    (weather, money, (mail, letter)) = done["calls"]
    assert weather == WEATHER
    assert money == ["convert_currency", {"amount": 20, "currency": "USD"}]
    assert (mail, letter["to"]) == ("send_email", "ann@example.com")
    assert done["text"].strip()


@pytest.mark.parametrize("model", ["openai", "anthropic", "google"])
def test_a_limit_is_a_rate_limit_error(scenes, model):
    *classes, said = scenes(f"{model} limited")
    assert "ModelRateLimitError" in classes
    assert "429" in said


@pytest.mark.parametrize(("model", "width"), [("openai", 1536), ("google", 3072), ("cohere", 1536)])
def test_embeddings(scenes, model, width):
    assert scenes(f"{model} embedding") == [width, width]


def test_ranking(scenes):
    assert scenes("cohere rerank") == [1, 0]


def test_the_program_of_the_page_prints_each_answer_twice(scenes):
    printed = scenes("program")
    for model in MODELS:
        if model != "anthropic":
            assert printed.count(scenes(f"{model} plain")["text"]) >= 2
