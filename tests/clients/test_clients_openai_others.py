"""Text completions, embeddings and models through the official OpenAI client."""

import asyncio
import math

import openai
import pytest
from client_checks import strangers

SMALL = "text-embedding-3-small"
CATS = ("the cat sat on the warm mat", "a cat sat on a mat", "interest rates rose at the central bank")


def dot(left, right):
    return math.fsum(a * b for a, b in zip(left, right, strict=True))


def test_completions(client, lenient):
    ask = {"model": "gpt-3.5-turbo-instruct", "prompt": ["Once upon a time", "In the end"], "n": 2, "max_tokens": 12}
    answer = client.completions.create(**ask)
    assert strangers(answer) == []
    assert answer.object == "text_completion"
    assert answer.id.startswith("cmpl-")
    assert [choice.index for choice in answer.choices] == [0, 1, 2, 3]
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.usage.completion_tokens <= 4 * 12
    texts, ends = dict.fromkeys(range(4), ""), {}
    for chunk in lenient.completions.create(**ask, stream=True):
        assert strangers(chunk) == []
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            if choice.finish_reason is not None:
                ends[choice.index] = choice.finish_reason
    assert texts == {choice.index: choice.text for choice in answer.choices}
    assert ends == {choice.index: choice.finish_reason for choice in answer.choices}


def test_completions_stop_and_echo(client):
    ask = {"model": "gpt-3.5-turbo-instruct", "prompt": "Say this", "max_tokens": 200}
    assert "e" not in client.completions.create(**ask, stop="e").choices[0].text
    assert client.completions.create(**ask, echo=True).choices[0].text.startswith("Say this")


def test_embeddings_as_the_client_asks_for_them(client, lenient):
    """The client asks for base64 of its own accord and gives floats."""
    answer = lenient.embeddings.create(model=SMALL, input=list(CATS))
    assert strangers(answer) == []
    assert [item.index for item in answer.data] == [0, 1, 2]
    assert answer.usage.prompt_tokens == answer.usage.total_tokens > 10
    floats = client.embeddings.create(model=SMALL, input=list(CATS), encoding_format="float")
    assert strangers(floats) == []
    assert floats.usage == answer.usage
    for item, plain in zip(answer.data, floats.data, strict=True):
        assert len(item.embedding) == len(plain.embedding) == 1536
        assert dot(item.embedding, item.embedding) == pytest.approx(1, abs=1e-5)
        assert plain.embedding == pytest.approx(item.embedding, abs=1e-7)


@pytest.mark.parametrize("model", [SMALL, "text-embedding-3-large", "text-embedding-ada-002"])
def test_similar_texts_are_nearer(lenient, model):
    near, also, far = [item.embedding for item in lenient.embeddings.create(model=model, input=list(CATS)).data]
    assert dot(near, also) > dot(near, far) + 0.1
    assert dot(near, also) > dot(also, far) + 0.1


def test_fewer_dimensions(lenient):
    short = lenient.embeddings.create(model="text-embedding-3-large", input=CATS[0], dimensions=256).data[0].embedding
    assert len(short) == 256
    assert dot(short, short) == pytest.approx(1, abs=1e-5)
    with pytest.raises(openai.BadRequestError) as caught:
        lenient.embeddings.create(model="text-embedding-ada-002", input="x", dimensions=256)
    assert caught.value.param == "dimensions"


def test_token_ids_count_exactly(lenient):
    assert lenient.embeddings.create(model=SMALL, input=[[1, 2, 3], [4]]).usage.prompt_tokens == 4


def test_async_embeddings_and_completions(client, lenient, fleet):
    plain = lenient.embeddings.create(model=SMALL, input=CATS[0])
    ask = {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello", "max_tokens": 9}
    text = client.completions.create(**ask)

    async def both():
        given = {"base_url": f"{fleet.url}/v1", "api_key": "sk-test", "max_retries": 0}
        async with openai.AsyncOpenAI(**given) as there:
            vector = await there.embeddings.create(model=SMALL, input=CATS[0])
            chunks = [chunk async for chunk in await there.completions.create(**ask, stream=True)]
        async with openai.AsyncOpenAI(**given, _strict_response_validation=True) as there:
            names = [model.id async for model in there.models.list()]
        return vector, chunks, names

    vector, chunks, names = asyncio.run(both())
    assert vector == plain
    assert "".join(chunk.choices[0].text for chunk in chunks) == text.choices[0].text
    assert "gpt-4o" in names


def test_models(client):
    page = client.models.list()
    assert not page.has_next_page()
    names = [model.id for model in page]
    assert len(names) == len(set(names)) > 40
    assert {"gpt-4o", "gpt-4o-2024-08-06", SMALL, "gpt-3.5-turbo-instruct"} <= set(names)
    assert not [name for name in names if name.startswith("claude")]
    for model in page:
        assert strangers(model) == []
        assert model.object == "model"
    one = client.models.retrieve("gpt-4o")
    assert one in page.data
    with pytest.raises(openai.NotFoundError, match="gpt-9"):
        client.models.retrieve("gpt-9")


def test_models_have_request_ids(client):
    """The real service sends `x-request-id` with every response."""
    assert client.models.list()._request_id
    assert client.models.retrieve("gpt-4o")._request_id
