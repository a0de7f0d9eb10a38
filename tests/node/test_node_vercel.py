"""The AI SDK with its providers for OpenAI, Anthropic and Google, against a real fleet."""

import pytest
from node_answers import WEATHER, ann, errands, same_text

MODELS = ["responses", "chat", "anthropic", "google"]


@pytest.fixture(scope="module")
def scenes(play):
    return play("vercel.mjs")


def test_nothing_but_the_fleet_is_called(scenes):
    assert scenes.strays == []


@pytest.mark.parametrize("model", MODELS)
def test_a_stream_is_the_plain_answer_in_pieces(scenes, model):
    plain = scenes(f"{model} plain")
    assert (plain["finish"], plain["warnings"]) == ("stop", [])
    assert same_text(plain, scenes(f"{model} streamed"))


@pytest.mark.parametrize("model", MODELS)
def test_a_streamed_call_and_an_agent(scenes, model):
    assert scenes(f"{model} streamed tools") == [WEATHER]
    done = scenes(f"{model} agent")
    assert errands(done)
    assert done["steps"] == 2


@pytest.mark.parametrize("model", MODELS)
def test_objects(scenes, model):
    for name in ("object", "output"):
        assert ann(scenes(f"{model} {name}"))
    streamed = scenes(f"{model} streamed object")
    assert streamed["parts"] > 3
    assert ann(streamed["object"])


@pytest.mark.parametrize("model", ["chat", "anthropic", "google"])
def test_a_limit_may_be_tried_again(scenes, model):
    assert scenes(f"{model} limited") == [True, 429, True, "7"]


def test_embeddings(scenes):
    assert scenes("embedding") == [1536, 1536]
