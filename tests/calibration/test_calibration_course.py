"""Which profiles are measured, at what load, and how what the server tells of its lag is read."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

from simulator.calibration.course import FOLLOWED, SHARE, TESTED, course_of
from simulator.calibration.fleet import Unreachable, place_of
from simulator.calibration.lag import Lag, between, buckets
from simulator.calibration.laws import Pace
from simulator.calibration.profiles import USUAL, Profile, Unknown, chosen
from simulator.config.load import load
from simulator.config.resolve import aliases, known_models


@pytest.fixture(scope="module")
def models():
    loaded = load(None, environ={})
    return known_models(loaded.config, loaded.catalogue), aliases(loaded.config, loaded.catalogue)


def test_one_of_each_of_the_five_providers(models):
    found = chosen((), *models)
    assert [one.dialect for one in found] == list(USUAL) == ["openai", "anthropic", "gemini", "azure", "cohere"]
    assert found[0].model == "gpt-4o"
    assert all(models[0][one.name].card.kind == "chat" for one in found)
    assert not any(models[0][one.name].card.reasoning for one in found)


def test_a_provider_without_its_usual_model_has_another(models):
    known, others = models
    left = {name: one for name, one in known.items() if one.card.provider == "cohere" and "command-a" not in name}
    assert [one.dialect for one in chosen((), left, others)] == ["cohere"]
    with pytest.raises(Unknown, match="no chat model"):
        chosen((), {}, {})


def test_all_are_the_chat_models(models):
    found = chosen(("all",), *models)
    assert {one.name for one in found} == {name for name, one in models[0].items() if one.card.kind == "chat"}


def test_names_aliases_and_azure(models):
    found = chosen(("gpt-4o", "azure/gpt-4o", "gpt-4o", "llama3.2:1b"), *models)
    assert [(one.model, one.dialect) for one in found] == [
        ("gpt-4o", "openai"),
        ("gpt-4o", "azure"),
        ("llama3.2:1b", "ollama"),
    ]
    assert found[1].title == "gpt-4o (azure)"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ("gpt-4oo", 'did you mean "gpt-4o"'),
        ("text-embedding-3-small", "no chat model"),
        ("azure/claude-haiku-4-5", "azure does not serve"),
        ("cohere/gpt-4o", "cohere does not serve"),
    ],
)
def test_what_cannot_be_measured_is_told(models, wanted, words):
    with pytest.raises(Unknown, match=words):
        chosen((wanted,), *models)


def test_a_model_of_a_provider_that_nobody_can_ask(models):
    known, others = models
    strange = SimpleNamespace(card=SimpleNamespace(kind="chat", provider="elsewhere"))
    with pytest.raises(Unknown, match="model of elsewhere, whose streams cannot be measured"):
        chosen(("strange",), {**known, "strange": strange}, others)


def subject(first, gap, tokens):
    pace = Pace(lambda u: np.full(np.shape(u), first), lambda u: np.full(np.shape(u), gap))
    return SimpleNamespace(pace=pace, tokens=tokens, profile=Profile("m", "m", "openai"))


def test_a_course_is_as_long_as_its_longest_share():
    course = course_of([subject(0.5, 0.02, 26), subject(1.5, 0.02, 26)], requests=100, streams=20, workers=2)
    assert list(course.streams) == [10, 10]
    assert course.seconds == pytest.approx(10 * 2.002)
    assert course.rate == pytest.approx(260 / 1.002 + 260 / 2.002)


def test_streams_are_shared_out_and_none_is_left_without():
    assert list(course_of([subject(0.1, 0.02, 9)] * 3, 100, 8, 2).streams) == [3, 3, 2]
    assert list(course_of([subject(0.1, 0.02, 9)] * 3, 100, 1, 2).streams) == [1, 1, 1]
    assert list(course_of([subject(0.1, 0.02, 9)], 5, 40, 2).streams) == [5]


@pytest.mark.parametrize(("workers", "bound"), [(1, FOLLOWED), (8, FOLLOWED)])
def test_the_load_is_bounded(workers, bound):
    course = course_of([subject(0.0, 0.0005, 1_000)] * 2, 2_000, 2_000, workers)
    assert course.rate <= min(bound, SHARE * TESTED * workers)
    assert sum(course.streams) < 2_000


METRICS = """# HELP llm_simulator_schedule_lag_seconds How late a turn of the timing wheel was
llm_simulator_schedule_lag_seconds_sum 3.0
llm_simulator_schedule_lag_seconds_bucket{le="0.001"} %d.0
llm_simulator_schedule_lag_seconds_bucket{le="0.01"} %d.0
llm_simulator_schedule_lag_seconds_bucket{le="+Inf"} %d.0
llm_simulator_schedule_lag_seconds_count 200.0
llm_simulator_other_seconds_bucket{le="0.001"} 9.0
"""


@pytest.mark.parametrize(
    ("later", "lag"),
    [
        ((10, 20, 20), Lag(0, None, None)),
        ((109, 120, 120), Lag(100, 0.001, 0.01)),
        ((100, 120, 120), Lag(100, 0.01, 0.01)),
        ((10, 20, 30), Lag(10, math.inf, math.inf)),
    ],
)
def test_the_lag_of_a_run_is_what_was_added(later, lag):
    assert between(buckets(METRICS % (10, 20, 20)), buckets(METRICS % later)) == lag


def test_a_fleet_that_tells_no_lag():
    assert between(buckets(""), buckets("")) == Lag(0, None, None)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("http://127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("127.0.0.1:99/", ("127.0.0.1", 99)),
        ("http://[::1]:8080", ("::1", 8080)),
        ("http://127.0.0.1", ("127.0.0.1", 80)),
    ],
)
def test_a_fleet_on_this_machine(url, place):
    assert place_of(url) == place


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1:8080",
        "http://localhost:8080",
        "http://example.com",
        "https://127.0.0.1:8080",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:8080/v1",
        "http://127.0.0.1@example.com:80",
        "",
        "http://[::1",
    ],
)
def test_no_other_is_measured(url):
    with pytest.raises(Unreachable):
        place_of(url)
