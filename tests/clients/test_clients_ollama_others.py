"""Embeddings and the upkeep of models through the official Ollama llama."""

import asyncio
import hashlib
import math

import ollama
import pytest

CATS = ["the cat sat on the warm mat", "a cat sat on a mat", "interest rates rose at the central bank"]


@pytest.fixture
def llama(fleet):
    with ollama.Client(host=fleet.url) as made:
        yield made


def dot(left, right):
    return math.fsum(a * b for a, b in zip(left, right, strict=True))


def test_embeddings(llama, fleet):
    answer = llama.embed("nomic-embed-text", CATS)
    near, also, far = answer.embeddings
    assert len(near) == 768
    assert dot(near, near) == pytest.approx(1, abs=1e-5)
    assert dot(near, also) > dot(near, far) + 0.1
    assert answer.prompt_eval_count > 10
    assert answer.total_duration > 0
    assert llama.embeddings("nomic-embed-text", CATS[0]).embedding == pytest.approx(near)
    assert len(llama.embed("nomic-embed-text", CATS[0], dimensions=128).embeddings[0]) == 128
    assert len(llama.embed("all-minilm:latest", "x", dimensions=5_000).embeddings[0]) == 384
    with pytest.raises(ollama.ResponseError) as wrong:
        llama.embed("llama3.2", "x")
    assert wrong.value.status_code == 400

    async def ask():
        async with ollama.AsyncClient(host=fleet.url) as there:
            return await there.embed("nomic-embed-text", CATS)

    assert asyncio.run(ask()) == answer


def test_models(llama):
    models = llama.list().models
    names = [model.model for model in models]
    assert len(names) == len(set(names)) > 10
    assert "llama3.2:latest" in names
    assert all(":" in name for name in names)
    assert all(model.size > 1_000_000 and model.digest and model.details.format == "gguf" for model in models)
    shown = llama.show("qwen3")
    assert shown.capabilities == ["completion", "tools", "thinking"]
    assert shown.modelinfo["qwen3.context_length"] == 40_960
    assert llama.ps().models == []
    with pytest.raises(ollama.ResponseError, match="model 'nothing' not found"):
        llama.show("nothing")


def test_upkeep(llama):
    assert llama.pull("llama3.2").status == "success"
    steps = list(llama.pull("llama3.2", stream=True))
    assert [step.status for step in steps][::4] == ["pulling manifest", "success"]
    assert steps[1].completed == steps[1].total
    assert llama.push("llama3.2").status == "success"
    assert llama.create("mine", from_="llama3.2", system="Be terse.").status == "success"
    assert llama.copy("llama3.2", "mine").status == "success"
    assert llama.delete("llama3.2").status == "success"
    assert llama.show("llama3.2")
    with pytest.raises(ollama.ResponseError, match="file does not exist"):
        list(llama.pull("nothing", stream=True))
    with pytest.raises(ollama.ResponseError, match="not found"):
        llama.delete("nothing")


def test_blobs(llama, tmp_path):
    path = tmp_path / "model.gguf"
    path.write_bytes(b"GGUF")
    assert llama.create_blob(path) == "sha256:" + hashlib.sha256(b"GGUF").hexdigest()


def test_the_server_says_that_it_runs(fleet):
    """Its command line asks with HEAD before anything else; the next request shares the connection."""
    with fleet.connect() as connection:
        assert fleet.ask("/", None, None, connection, "HEAD").body == b""
        assert fleet.ask("/", None, None, connection).body == b"Ollama is running"
        assert fleet.ask("/api/version", None, None, connection, "HEAD").body == b""
        assert fleet.ask("/api/version", None, None, connection).json()["version"]


def test_paths_that_are_not_there_are_refused_in_its_words(fleet):
    own = {"user-agent": "ollama-python/0.6.3"}
    assert fleet.ask("/api/nothing", {}, own).body == b"404 page not found"
    assert fleet.ask("/api/chat", None, own).status == 405
