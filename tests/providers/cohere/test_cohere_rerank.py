"""`/v1/rerank`, `/v2/rerank` and `/v1/classify`: what is ranked, in which order, and how near 1 and 0 scores are."""

import json

import pytest
from cohere_plans import BY_PATH, call_of, engine, refusal_of

from simulator.engine.plan import Address
from simulator.providers.base import Problem
from simulator.providers.cohere.rerank import scores_of
from simulator.providers.cohere.spans import RelevantSpans, Spans

ENGINE = engine()
QUERY = "What is the capital of the United States?"
DOCUMENTS = [
    "Bananas are yellow and sweet.",
    "Washington is the capital of the United States. It lies on the Potomac.",
    "The capital of France is Paris.",
]
V2 = {"model": "rerank-v4.0-pro", "query": QUERY, "documents": DOCUMENTS}
SPAM = [
    {"text": "win a free prize now", "label": "spam"},
    {"text": "free money, click now", "label": "spam"},
    {"text": "see you at the meeting tomorrow", "label": "ham"},
    {"text": "minutes of the last meeting", "label": "ham"},
]


def answered(path, **fields):
    call = call_of(path, **fields)
    plan = ENGINE.plan(call.request, Address(1, 0, 0, 0))
    reply = BY_PATH[path].reply(call, plan)
    assert reply.status == 200
    return json.loads(reply.body)


def test_documents_that_answer_come_first():
    body = answered("/v2/rerank", **V2)
    assert list(body) == ["id", "results", "meta"]
    assert [result["index"] for result in body["results"]] == [1, 2, 0]
    scores = [result["relevance_score"] for result in body["results"]]
    assert scores[0] > 0.9
    assert 0 < scores[2] < 0.1
    assert body["meta"] == {"api_version": {"version": "2"}, "billed_units": {"search_units": 1}}


def test_versions_agree_and_hand_documents_back_when_asked():
    plain = answered("/v2/rerank", **V2)["results"]
    fields = [{"text": text} for text in DOCUMENTS]
    for path, documents in (("/v1/rerank", DOCUMENTS), ("/v1/rerank", fields)):
        body = answered(path, query=QUERY, documents=documents, return_documents=True, top_n=2)
        assert [{**result, "document": 0} for result in body["results"]] == [
            {**result, "document": 0} for result in plain[:2]
        ]
        assert body["results"][0]["document"] == {"text": DOCUMENTS[1]}


def test_fields_that_are_ranked():
    documents = [{"title": "Capital of the United States", "page": 1}, {"title": "Bananas", "page": 2}]
    call = call_of("/v1/rerank", query=QUERY, documents=documents, rank_fields=["page", "title", "none"])
    assert call.request.inputs == (QUERY, "page: 1\ntitle: Capital of the United States", "page: 2\ntitle: Bananas")
    call = call_of("/v1/rerank", query=QUERY, documents=[{"snippet": "s", "title": "t"}])
    assert call.request.inputs == (QUERY, "s")


def test_equal_documents_keep_their_order():
    body = answered("/v2/rerank", **{**V2, "documents": ["same"] * 5})
    assert [result["index"] for result in body["results"]] == [0, 1, 2, 3, 4]


def test_units_and_no_documents():
    assert answered("/v2/rerank", **{**V2, "documents": ["a"] * 101})["meta"]["billed_units"] == {"search_units": 2}
    assert scores_of([b"query"]) == []


def test_spans_are_sentences_about_the_query():
    asked = {"mode": "enabled", "threshold": 0.2, "max_spans": 1}
    best, _, worst = answered("/v2/rerank", **V2, relevant_spans=asked)["results"]
    (span,) = best["relevant_spans"]
    assert DOCUMENTS[1][span["start"] : span["end"]] == "Washington is the capital of the United States."
    assert 0.2 < span["score"] <= 1
    assert "relevant_spans" not in worst
    off = answered("/v2/rerank", **V2, relevant_spans={"mode": "disabled"})["results"]
    assert all("relevant_spans" not in result for result in off)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"model": ""}, "a model parameter is required for this endpoint."),
        ({"query": " "}, "invalid request: query must not be empty or be only whitespace"),
        ({"documents": []}, "invalid request: list of documents must not be empty"),
        ({"documents": ["a", " "]}, "invalid request: document at index 1 cannot be empty"),
        ({"documents": [{"title": "a"}]}, "document does not have a 'snippet' or a 'text' field that can be used for"),
        ({"documents": ["a"] * 10_001}, "invalid request: number of total max chunks (number of documents * max chu"),
        ({"rank_fields": []}, "invalid request: rank_fields cannot be empty, it must either contain at least one fiel"),
        ({"top_n": 0}, "invalid request: top_n is invalid, value must be between 1 and 3"),
        ({"max_tokens_per_doc": 0}, "invalid request: max_tokens_per_doc must be at least 1."),
        ({"relevant_spans": {"mode": "x"}}, "invalid request: relevant_spans.mode must be one of the following: enab"),
        ({"relevant_spans": {"mode": "enabled", "threshold": 2}}, "invalid request: relevant_spans.threshold must be"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_value_is_refused_in_the_service_s_words(fields, sentence):
    refusal = refusal_of("/v2/rerank", {**V2, **fields})
    assert refusal.problem is Problem.INVALID
    assert refusal.message.startswith(sentence)
    assert refusal.param


def test_a_classification():
    body = answered("/v1/classify", inputs=["free prize, click now", "when is the meeting"], examples=SPAM)
    first, second = body["classifications"]
    assert (first["prediction"], second["prediction"]) == ("spam", "ham")
    for each in (first, second):
        confidences = {label: told["confidence"] for label, told in each["labels"].items()}
        assert set(confidences) == {"spam", "ham"}
        assert abs(sum(confidences.values()) - 1) < 1e-6
        assert each["confidence"] == confidences[each["prediction"]] == max(confidences.values())
        assert (each["predictions"], each["classification_type"]) == ([each["prediction"]], "single-label")
    assert first["id"] != second["id"]
    assert body["meta"] == {"api_version": {"version": "1"}, "billed_units": {"classifications": 2}}


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"inputs": []}, "invalid request: inputs must not be empty"),
        ({"inputs": ["a"] * 97}, "invalid request: total number of inputs must be at most 96 - received 97"),
        ({"inputs": [""]}, "invalid request: inputs contains an element that is the empty string at index 0"),
        ({"examples": None}, "invalid request: min classes for classify request is 2 - received 0"),
        ({"examples": SPAM[:2]}, "invalid request: min classes for classify request is 2 - received 1"),
        ({"examples": SPAM[:3]}, "invalid request: each unique label must have at least 2 examples. Not enough exampl"),
        ({"examples": [*SPAM, {"text": "", "label": "x"}]}, "invalid request: examples contains an element that is em"),
        ({"examples": SPAM * 700}, "invalid request: number of examples must be at most 2500 - received 2800"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_classification(fields, sentence):
    refusal = refusal_of("/v1/classify", {"inputs": ["a"], "examples": SPAM, **fields})
    assert refusal.message.startswith(sentence)
    assert refusal.param


def test_long_documents_are_cut():
    call = call_of("/v2/rerank", **{**V2, "documents": ["x" * 50_000, "y"]}, max_tokens_per_doc=3)
    assert call.request.inputs[1:] == ("x" * 12, "y")
    call = call_of("/v2/rerank", **{**V2, "documents": ["x" * 50_000]})
    assert len(call.request.inputs[1]) == 4 * 4_096
    call = call_of("/v2/rerank", **{**V2, "documents": ["x" * 1_000] * 8_000})
    assert {len(text) for text in call.request.inputs[1:]} == {500}


def test_spans_are_looked_for_in_a_bounded_text():
    spans = Spans("tide", RelevantSpans(mode="enabled"))
    assert len(spans.of("A tide. " * 10)) == 10
    assert len(spans.of("A tide. " * 100_000)) == 25_000 - 10
    assert spans.of("A tide.") == []
