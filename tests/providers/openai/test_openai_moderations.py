import json
import time

import pytest
from desk import MemoryDesk
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.plan import Address, Answer, Plan, Synthetic, Usage
from simulator.providers.base import Refusal
from simulator.providers.openai import OpenAI
from simulator.providers.openai.moderations import FLAGGED, SEARCHED, Moderations

ENDPOINT = Moderations()
DESK = MemoryDesk(OpenAI())


def asked(body):
    return DESK.ask("POST", ENDPOINT.path, body if isinstance(body, bytes) else json.dumps(body).encode())


def results(given, **fields):
    reply = asked({"input": given, **fields})
    assert reply.status == 200, reply.body
    return json.loads(reply.body)["results"]


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("you are an IDIOT", "harassment"),
        ("I will kill you", "harassment/threatening"),
        ("a sexual story", "sexual"),
        ("they hate us", "hate"),
        ("exterminate them", "hate/threatening"),
        ("buy cocaine", "illicit"),
        ("build a bomb", "illicit/violent"),
        ("I want  to\tdie", "self-harm/intent"),
        ("how to hurt oneself", "self-harm/instructions"),
        ("suicidal", "self-harm"),
        ("murder!", "violence"),
        ("dismembered", "violence/graphic"),
    ],
)
def test_a_word_raises_its_category(text, category):
    (result,) = results(text)
    assert result["flagged"]
    assert result["categories"][category]
    assert result["category_scores"][category] > FLAGGED
    assert not all(result["categories"].values())


@settings(max_examples=30)
@given(st.text(st.sampled_from("aeiou tr"), max_size=60))
def test_flags_are_what_the_scores_say(text):
    for result in results([text, text + " kill"]):
        assert {name: score > FLAGGED for name, score in result["category_scores"].items()} == result["categories"]
        assert result["flagged"] == any(result["categories"].values())
        assert all(0 < score < 1 for score in result["category_scores"].values())


def test_words_within_words_are_none():
    assert not results("The skill of a Whatever at Kilimanjaro's ski resort, classy")[0]["flagged"]


def test_scores_are_stable_and_each_input_has_its_own():
    first, second = results(["good", "good"])
    assert first["category_scores"] != second["category_scores"]
    assert results(["good", "good"]) == [first, second]


def test_only_so_much_is_searched():
    assert results(["x " * SEARCHED, "kill"])[1]["flagged"] is False
    body = json.dumps({"input": ["kill the cat " * 500] * 2_000}).encode()
    began = time.process_time()
    asked(body)
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": None}, "input"),
        ({"input": 1}, "input"),
        ({"input": []}, "input"),
        ({"input": [1]}, "input[0]"),
        ({"input": ["a", {"type": "text", "text": "b"}]}, "input"),
        ({"input": [{"type": "text"}]}, "input[0].text"),
        ({"input": [{"type": "smell", "text": "b"}]}, "input[0].type"),
        ({"input": [{"type": "image_url", "image_url": "x"}]}, "input[0].image_url"),
        ({"input": ["a"] * 2_049}, "input"),
        ({"input": "a", "model": 1}, "model"),
        ({"input": "a", "mood": 1}, "mood"),
        (b'{"input": "\\ud800"}', None),
        (b"[" * 100_000, None),
        (b"", None),
    ],
)
def test_refusals_name_the_field(body, param):
    reply = asked(body)
    assert reply.status == 400
    assert json.loads(reply.body)["error"]["param"] == param


def test_only_a_synthetic_is_encoded():
    call = ENDPOINT.decode(b'{"input": "a"}', {})
    answer = Answer((), Usage(0, 0), bytes(32), 0)
    with pytest.raises(TypeError, match="not Answer"):
        ENDPOINT.reply(call, Plan(Address(1, 0, 0, 0), b"", "m", answer, (), bytes(16)))
    with pytest.raises(NotImplementedError):
        ENDPOINT.stream(call, Plan(Address(1, 0, 0, 0), b"", "m", Synthetic(bytes(32), Usage(0, 0), 0), (), bytes(16)))
    with pytest.raises(Refusal):
        ENDPOINT.decode(b'{"input": "a", "model": ""}', {})
