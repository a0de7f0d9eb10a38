"""Vectors, rankings, tokens, classes, models and keys through the official Cohere client."""

import asyncio
import base64

import cohere
import numpy as np
import pytest
from client_checks import TINY_PNG
from cohere_clients import MODEL, client_of, known

TEXTS = ["The tide follows the moon.", "Bread needs time.", "The moon makes the tide."]
KINDS = ["float", "int8", "uint8", "binary", "ubinary", "base64"]
QUERY = "What is the capital of the United States?"
DOCUMENTS = [
    "Bananas are yellow and sweet.",
    "Washington is the capital of the United States.",
    "The capital of France is Paris.",
]


@pytest.fixture(scope="module")
def co(fleet):
    with client_of(fleet) as client:
        yield client


@pytest.fixture(scope="module")
def old(fleet):
    with client_of(fleet, cohere.Client) as client:
        yield client


@pytest.mark.parametrize(
    ("model", "dimensions", "size"),
    [
        ("embed-v4.0", None, 1536),
        ("embed-v4.0", 256, 256),
        ("embed-v5.0-fast", 768, 768),
        ("embed-english-v3.0", None, 1024),
    ],
)
def test_embeddings_in_all_types(co, model, dimensions, size):
    more = {} if dimensions is None else {"output_dimension": dimensions}
    answer = known(co.embed(model=model, texts=TEXTS, input_type="clustering", embedding_types=KINDS, **more))
    told = answer.embeddings
    vectors = np.array(told.float_, dtype="<f4")
    assert vectors.shape == (3, size)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[2] > vectors[0] @ vectors[1]
    assert [base64.b64decode(text) for text in told.base64] == [vector.tobytes() for vector in vectors]
    assert np.array_equal(np.array(told.uint8) - 128, np.array(told.int8))
    assert np.array_equal(np.unpackbits(np.array(told.ubinary, dtype=np.uint8), axis=1) == 1, vectors > 0)
    assert np.array_equal(np.array(told.ubinary) - 128, np.array(told.binary))
    assert answer.texts == TEXTS
    assert answer.meta.billed_units.input_tokens > 0
    assert answer.response_type == "embeddings_by_type"


def test_version_1_batches_many_texts(old):
    texts = [f"text number {number}" for number in range(200)]
    answer = known(old.embed(texts=texts, model="embed-english-light-v3.0", input_type="search_document"))
    assert answer.response_type == "embeddings_floats"
    assert np.array(answer.embeddings).shape == (200, 384)
    streamed = list(old.embed_stream(texts=texts[:100], model="embed-english-light-v3.0", input_type="search_document"))
    assert [each.embedding for each in streamed] == answer.embeddings[:100]


def test_pictures_and_mixed_inputs(co):
    ask = {"model": "embed-v4.0", "embedding_types": ["float"]}
    answer = known(co.embed(**ask, images=[TINY_PNG], input_type="image"))
    (picture,) = answer.images
    assert (picture.width, picture.height, picture.format) == (1, 1, "png")
    assert answer.meta.billed_units.images == 1
    words = {"type": "text", "text": "a pixel"}
    mixed = [{"content": [words, {"type": "image_url", "image_url": {"url": TINY_PNG}}]}, {"content": [words]}]
    assert len(known(co.embed(**ask, inputs=mixed, input_type="search_document")).embeddings.float_) == 2


def test_rankings(co, old):
    answer = known(co.rerank(model="rerank-v4.0-pro", query=QUERY, documents=DOCUMENTS))
    assert [result.index for result in answer.results] == [1, 2, 0]
    scores = [result.relevance_score for result in answer.results]
    assert 1 > scores[0] > scores[1] > 0.5 > scores[2] > 0
    assert answer.meta.billed_units.search_units == 1
    ask = {"model": "rerank-v4.0-pro", "query": QUERY, "top_n": 1}
    best = known(old.rerank(**ask, documents=[{"text": text} for text in DOCUMENTS], return_documents=True)).results
    assert [(result.index, result.document.text) for result in best] == [(1, DOCUMENTS[1])]
    spans = known(co.rerank(**ask, documents=DOCUMENTS, relevant_spans={"mode": "enabled"})).results[0].relevant_spans
    assert DOCUMENTS[1][spans[0].start : spans[0].end] == DOCUMENTS[1]


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize("text", ["tokenize me! :D", "naïve \U0001f389 日本語\n\n\ttabs", "x" * 1_000])
def test_tokens_turn_back(co, text, offline):
    """Offline too: no model has the URL of a tokenizer, so the client falls back to the service."""
    told = co.tokenize(text=text, model=MODEL, offline=offline)
    assert "".join(told.token_strings) == text
    assert co.detokenize(tokens=told.tokens, model=MODEL, offline=offline).text == text


def test_classes(old):
    examples = [
        cohere.ClassifyExample(text="win a free prize now", label="spam"),
        cohere.ClassifyExample(text="free money, click now", label="spam"),
        cohere.ClassifyExample(text="see you at the meeting", label="ham"),
        cohere.ClassifyExample(text="minutes of the meeting", label="ham"),
    ]
    answer = known(old.classify(inputs=["a free prize", "the next meeting"], examples=examples))
    assert [each.prediction for each in answer.classifications] == ["spam", "ham"]
    for each in answer.classifications:
        assert sum(label.confidence for label in each.labels.values()) == pytest.approx(1)


def test_models(co, fleet):
    every = known(co.models.list(page_size=1000)).models
    names = [model.name for model in every]
    assert {MODEL, "embed-v4.0", "rerank-v4.0-pro"} <= set(names)
    pages, token = [], None
    while token is not None or not pages:
        page = co.models.list(page_size=7, page_token=token)
        pages += page.models
        token = page.next_page_token
    assert pages == every
    assert all("embed" in model.endpoints for model in co.models.list(endpoint="embed").models)
    (default,) = co.models.list(endpoint="rerank", default_only=True).models
    assert default == known(co.models.get(default.name))
    assert "object" in fleet.ask("/v1/models").json(), "who says nothing is asked for OpenAI's models"
    assert "models" in fleet.ask("/cohere/v1/models").json()


def test_keys(fleet):
    answer = fleet.ask("/v1/check-api-key", b"", {"authorization": "Bearer key"}, method="POST")
    assert answer.json()["valid"] is True
    assert fleet.ask("/v1/check-api-key", b"", {"authorization": ""}, method="POST").status == 401


def test_the_asynchronous_client(fleet, co):
    async def ask():
        async with cohere.AsyncClientV2(api_key="key", base_url=fleet.url) as client:
            return await asyncio.gather(
                client.embed(model="embed-v4.0", texts=TEXTS, input_type="clustering", embedding_types=["float"]),
                client.rerank(model="rerank-v3.5", query=QUERY, documents=DOCUMENTS),
                client.models.get(MODEL),
            )

    embedded, ranked, model = asyncio.run(ask())
    assert embedded == co.embed(model="embed-v4.0", texts=TEXTS, input_type="clustering", embedding_types=["float"])
    assert ranked == co.rerank(model="rerank-v3.5", query=QUERY, documents=DOCUMENTS)
    assert model == co.models.get(MODEL)
