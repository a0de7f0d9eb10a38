"""Embeddings, moderations and models through the official Mistral client."""

import asyncio
import math

import pytest
from mistralai.client import Mistral, errors
from mistralai.client.models import EmbeddingResponse, ModerationResponse

CATS = ["the cat sat on the warm mat", "a cat sat on a mat", "interest rates rose at the central bank"]


@pytest.fixture
def mistral(fleet):
    with Mistral(api_key="key", server_url=fleet.url) as client:
        yield client


def dot(left, right):
    return math.fsum(a * b for a, b in zip(left, right, strict=True))


def test_embeddings(mistral):
    answer = mistral.embeddings.create(model="mistral-embed", inputs=CATS)
    assert isinstance(answer, EmbeddingResponse)
    near, also, far = [item.embedding for item in answer.data]
    assert len(near) == 1024
    assert dot(near, near) == pytest.approx(1, abs=1e-5)
    assert dot(near, also) > dot(near, far) + 0.1
    assert answer.usage.total_tokens == answer.usage.prompt_tokens > 10

    async def ask():
        async with Mistral(api_key="key", server_url=mistral.sdk_configuration.server_url) as there:
            return await there.embeddings.create_async(model="mistral-embed", inputs=CATS)

    assert asyncio.run(ask()) == answer


def test_fewer_dimensions_and_smaller_types(mistral):
    code = {"model": "codestral-embed", "inputs": "def f(): pass"}
    assert len(mistral.embeddings.create(**code).data[0].embedding) == 1536
    assert len(mistral.embeddings.create(**code, output_dimension=256).data[0].embedding) == 256
    small = mistral.embeddings.create(**code, output_dimension=256, output_dtype="int8").data[0].embedding
    assert all(value == int(value) for value in small)
    with pytest.raises(errors.SDKError, match="output_dimension"):
        mistral.embeddings.create(**code, output_dimension=9_999)
    with pytest.raises(errors.HTTPValidationError):
        mistral.embeddings.create(model="mistral-embed", inputs=[])


def test_moderations(mistral):
    answer = mistral.classifiers.moderate(model="mistral-moderation-latest", inputs=["I will kill you", "Good day"])
    assert isinstance(answer, ModerationResponse)
    bad, good = answer.results
    assert bad.categories["violence_and_threats"]
    assert not any(good.categories.values())
    assert set(good.categories) == set(good.category_scores)
    chat = mistral.classifiers.moderate_chat(
        model="mistral-moderation-latest", inputs=[{"role": "user", "content": "I will kill you"}]
    )
    assert chat.results[0].categories["violence_and_threats"]
    scored = mistral.classifiers.classify(model="mistral-moderation-latest", inputs=["I will kill you"])
    assert scored.results[0]["moderation"].scores["violence_and_threats"] > 0.5
    talk = {"messages": [{"role": "user", "content": "Good day"}]}
    told = mistral.classifiers.classify_chat(model="mistral-moderation-latest", input=talk)
    assert max(told.results[0]["moderation"].scores.values()) < 0.5


def test_models(mistral):
    models = mistral.models.list().data
    by_name = {model.id: model for model in models}
    assert len(by_name) == len(models) > 30
    assert by_name["codestral-latest"].capabilities.completion_fim
    assert "codestral-2508" in by_name["codestral-latest"].aliases
    assert by_name["magistral-medium-latest"].capabilities.reasoning
    assert mistral.models.retrieve(model_id="codestral-latest") == by_name["codestral-latest"]
    with pytest.raises(errors.SDKError, match="Invalid model: nothing"):
        mistral.models.retrieve(model_id="nothing")


def test_its_listing_is_not_another_providers(client):
    assert not [model.id for model in client.models.list() if "mistral" in model.id]
