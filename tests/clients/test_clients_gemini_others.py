"""Counting, embeddings, models, files and caches through the official Gemini client."""

import asyncio
import io

import numpy as np
import pytest
from gemini_client import EMBEDDER, FLASH, OLD, gemini, gemini_aio
from google.genai import errors, types

LONG = "The tide comes in and the tide goes out again. " * 400


@pytest.fixture(scope="module", params=[None, "v1beta"], ids=["v1", "v1beta"])
def client(fleet, request):
    with gemini(fleet.url, request.param) as made:
        yield made


@pytest.fixture(scope="module")
def usual(fleet):
    with gemini(fleet.url) as made:
        yield made


def test_a_count_agrees_with_the_bill(client):
    contents = ["What is this?", types.Part.from_bytes(data=b"x" * 99, mime_type="image/png")]
    counted = client.models.count_tokens(model=FLASH, contents=contents)
    answered = client.models.generate_content(model=FLASH, contents=contents)
    assert counted.total_tokens == answered.usage_metadata.prompt_token_count > 1_120


def test_embeddings(client):
    texts = ["a cat sat on the mat", "a cat lay on the mat", "stock markets fell"]
    response = client.models.embed_content(model=EMBEDDER, contents=texts, config={"task_type": "CLUSTERING"})
    one, near, far = [np.array(embedding.values) for embedding in response.embeddings]
    assert one.shape == (3_072,)
    assert np.linalg.norm(one) == pytest.approx(1, abs=1e-3)
    assert one @ near > one @ far
    assert response.usage_metadata.prompt_token_count > 10
    small = client.models.embed_content(model=EMBEDDER, contents="a", config={"output_dimensionality": 128})
    assert len(small.embeddings[0].values) == 128


def test_several_media_have_one_embedding_together(usual):
    picture = types.Part.from_bytes(data=b"x", mime_type="image/png")
    response = usual.models.embed_content(model="gemini-embedding-2", contents=["a cat", picture])
    assert len(response.embeddings) == 1


def test_models_are_paged(client):
    pager = client.models.list(config={"page_size": 5})
    assert len(pager.page) == 5
    names = [model.name for model in pager]
    assert len(names) == len(set(names)) > 15
    assert f"models/{FLASH}" in names
    assert names == [model.name for model in client.models.list(config={"page_size": 1000})]
    assert list(client.models.list(config={"query_base": False})) == []


@pytest.mark.parametrize("name", [OLD, f"models/{OLD}"])
def test_one_model(client, name):
    model = client.models.get(model=name)
    assert (model.name, model.display_name) == (f"models/{OLD}", "Gemini 2.5 Flash")
    assert (model.input_token_limit, model.output_token_limit) == (1_048_576, 65_536)
    assert model.thinking
    assert "generateContent" in model.supported_actions


def test_files(client):
    file = client.files.upload(
        file=io.BytesIO(b"hello world"), config={"mime_type": "text/plain", "display_name": "greeting"}
    )
    assert (file.display_name, file.mime_type, file.size_bytes) == ("greeting", "text/plain", 11)
    assert (file.state, file.source) == (types.FileState.ACTIVE, types.FileSource.UPLOADED)
    assert client.files.get(name=file.name).name == file.name
    assert file.name in [each.name for each in client.files.list(config={"page_size": 2})]
    assert client.models.generate_content(model=FLASH, contents=["What is it?", file]).text
    client.files.delete(name=file.name)
    with pytest.raises(errors.ClientError, match="or it may not exist") as caught:
        client.files.get(name=file.name)
    assert (caught.value.code, caught.value.status) == (403, "PERMISSION_DENIED")


def test_a_file_from_a_path_under_a_name(usual, tmp_path):
    path = tmp_path / "paper.pdf"
    path.write_bytes(bytes(9_000_000))
    file = usual.files.upload(file=path, config={"name": "my-paper"})
    assert (file.name, file.size_bytes, file.mime_type) == ("files/my-paper", 9_000_000, "application/pdf")
    usual.files.delete(name="my-paper")


def test_caches(client):
    cache = client.caches.create(
        model=FLASH,
        config=types.CreateCachedContentConfig(
            contents=[LONG], system_instruction="You know the sea.", display_name="tides", ttl="300s"
        ),
    )
    assert (cache.display_name, cache.model) == ("tides", f"models/{FLASH}")
    assert (cache.expire_time - cache.create_time).total_seconds() == 300
    cached = cache.usage_metadata.total_token_count
    config = types.GenerateContentConfig(cached_content=cache.name)
    usage = client.models.generate_content(model=FLASH, contents="Of what?", config=config).usage_metadata
    assert (usage.cached_content_token_count, usage.cache_tokens_details[0].token_count) == (cached, cached)
    assert usage.prompt_token_count > cached
    (*_, last) = client.models.generate_content_stream(model=FLASH, contents="Of what?", config=config)
    assert last.usage_metadata == usage
    longer = client.caches.update(name=cache.name, config={"ttl": "900s"})
    assert longer.expire_time > cache.expire_time
    assert client.caches.get(name=cache.name) == longer
    assert cache.name in [each.name for each in client.caches.list()]
    client.caches.delete(name=cache.name)
    with pytest.raises(errors.ClientError, match="CachedContent not found"):
        client.models.generate_content(model=FLASH, contents="Of what?", config=config)


def test_the_async_client_does_all_of_it(fleet):
    async def ask():
        async with gemini_aio(fleet.url) as there:
            count = await there.models.count_tokens(model=FLASH, contents="Hello")
            vectors = await there.models.embed_content(model=EMBEDDER, contents=["a", "b"])
            names = [model.name async for model in await there.models.list(config={"page_size": 7})]
            file = await there.files.upload(file=io.BytesIO(b"x"), config={"mime_type": "text/plain"})
            kept = await there.files.get(name=file.name)
            await there.files.delete(name=file.name)
            cache = await there.caches.create(model=FLASH, config={"contents": [LONG]})
            await there.caches.delete(name=cache.name)
            return count, vectors, names, file, kept

    count, vectors, names, file, kept = asyncio.run(ask())
    assert count.total_tokens >= 1
    assert len(vectors.embeddings) == 2
    assert f"models/{FLASH}" in names
    assert file.name == kept.name


def test_what_one_key_keeps_another_does_not_see(fleet):
    with gemini(fleet.url, headers={"x-goog-api-key": "another-key"}) as other, gemini(fleet.url) as own:
        file = own.files.upload(file=io.BytesIO(b"x"), config={"mime_type": "text/plain"})
        with pytest.raises(errors.ClientError, match="or it may not exist"):
            other.files.get(name=file.name)
        own.files.delete(name=file.name)
