"""`/v1/tokenize` and `/v1/detokenize` are each other's inverse, for any text."""

import json

import pytest
from cohere_plans import BY_PATH, MODEL, call_of, engine, refusal_of
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.plan import Address
from simulator.providers.cohere.vocabulary import LARGEST, ids_of, text_of

ENGINE = engine()
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)


def answered(path, **fields):
    call = call_of(path, model=MODEL, **fields)
    return json.loads(BY_PATH[path].reply(call, ENGINE.plan(call.request, Address(1, 0, 0, 0))).body)


@settings(max_examples=60)
@given(texts)
def test_there_and_back(text):
    told = answered("/v1/tokenize", text=text)
    assert "".join(told["token_strings"]) == text
    assert len(told["tokens"]) == len(told["token_strings"])
    assert all(0 < number < LARGEST for number in told["tokens"])
    assert answered("/v1/detokenize", tokens=told["tokens"])["text"] == text


def test_a_text_in_the_recorded_layout():
    told = answered("/v1/tokenize", text="tokenize me! :D")
    assert list(told) == ["tokens", "token_strings", "meta"]
    assert told["token_strings"] == ["token", "ize", " me", "!", " :", "D"]
    assert told["tokens"][-1] == 0x0100 + ord("D")
    assert told["meta"] == {"api_version": {"version": "1"}}


def test_as_many_ids_as_tokens_are_counted_in_english():
    text = "The tide comes in twice a day, and leaves as often."
    call = call_of("/v1/tokenize", model=MODEL, text=text)
    plan = ENGINE.plan(call.request, Address(1, 0, 0, 0))
    assert len(answered("/v1/tokenize", text=text)["tokens"]) == plan.outcome.usage.input_tokens


def test_equal_tokens_have_equal_ids_and_long_ones_several():
    ids, strings = ids_of(["same", "same", " naïveté", "日本語"])
    assert ids[0] == ids[1]
    assert strings == ["same", "same", " naïv", "eté", "日本", "語"]


@pytest.mark.parametrize("number", [0, 1, 2, 255, 256 + 255, 2**49, 2**62, 3 << 8])
def test_a_number_that_no_text_has(number):
    assert text_of(number) is None
    refusal = refusal_of("/v1/detokenize", {"model": MODEL, "tokens": [300, number]})
    assert refusal.message == f"invalid request: token {number} at index 1 is not in the vocabulary"
    assert refusal.param == "tokens[1]"


@pytest.mark.parametrize(
    ("path", "fields", "sentence"),
    [
        ("/v1/tokenize", {"text": ""}, "invalid request: required 'text' param is missing or empty."),
        ("/v1/tokenize", {"text": "a" * 65_537}, "invalid request: text must be at most 65536 characters long - rece"),
        ("/v1/tokenize", {"text": "a", "model": ""}, "invalid request: the length of model must be >= 1."),
        (
            "/v1/tokenize",
            {"text": 1},
            "invalid type: parameter 'text' is of type integer but should be of type string.",
        ),
        ("/v1/detokenize", {"tokens": [300] * 65_537}, "invalid request: tokens must have at most 65536 elements - r"),
        ("/v1/detokenize", {"tokens": [-1]}, "invalid request: tokens[0] must be >= 0."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_body(path, fields, sentence):
    assert refusal_of(path, {"model": MODEL, **fields}).message.startswith(sentence)
