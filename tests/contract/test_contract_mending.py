"""What is struck out, put in and left of a body, and what is read of a request."""

import json

import pytest

from simulator.contract.answers import page
from simulator.contract.given import Unreadable, given
from simulator.contract.mending import LEAST, ROUNDS, mended
from simulator.contract.tables import indexes
from simulator.providers.base import NO_TARGET
from simulator.providers.registry import registry

PROVIDERS = {provider.name: provider for provider in registry()}


@pytest.mark.parametrize(("provider", "label"), [(name, label) for name, found in LEAST.items() for label in found])
def test_the_least_is_accepted(provider, label):
    endpoint = next(one for one in PROVIDERS[provider].endpoints if one.label == label)
    call = endpoint.decode(
        json.dumps(LEAST[provider][label]).encode(), {b"anthropic-version": b"2026-10-21"}, NO_TARGET
    )
    assert call.request.provider == provider


def test_rounds():
    body = json.dumps({"model": "m", "n": 3, "stop": {"bad": 1}, "stream": True, "user": None}).encode()
    told = [mended("openai", "chat_completions", body, "stop.bad", number) for number in range(ROUNDS + 1)]
    first, last = json.loads(told[0]), json.loads(told[ROUNDS - 1])
    assert first.keys() == {"model", "messages", "n", "stream"}
    assert last.keys() == {"model", "messages", "stream"}
    assert told[ROUNDS] is None
    assert mended("openai", "images_edits", body, None, 0) is None
    assert mended("gemini", "generate_content", body, None, 0) is None
    with pytest.raises(Unreadable):
        mended("openai", "chat_completions", b"{", None, 0)


def asked(method, path, body=b"", headers=None):
    index = indexes()["openai"]
    operation, parameters = index.find(method, path, beta=False)
    return given(index, operation, parameters, body, headers or {})


def test_whose_id_it_is():
    assert asked("GET", "/v1/threads/t/runs/r") == {"thread_id": "t", "run_id": "r", "id": "r"}
    assert asked("POST", "/v1/threads/t/runs/r/cancel")["id"] == "r"
    assert "id" not in asked("POST", "/v1/threads/t/runs")
    assert "id" not in asked("POST", "/v1/threads")
    assert asked("POST", "/v1/threads/t", b'{"id": "x", "thread_id": 5, "a": 1}') == {
        "thread_id": "t",
        "id": "t",
        "a": 1,
    }


def test_a_form():
    parts = ['name="purpose"\r\n\r\nbatch', 'name="é"\r\n\r\nx', 'name="file"; filename="a.txt"\r\n\r\n12345']
    lines = [f"--bnd\r\nContent-Disposition: form-data; {part}\r\n" for part in parts]
    body = "".join([*lines, "--bnd--\r\n"]).encode()
    headers = {b"content-type": b"multipart/form-data; boundary=bnd"}
    told = asked("POST", "/v1/containers/c/files", body, headers)
    assert told == {"purpose": "batch", "é": "x", "filename": "a.txt", "bytes": 5, "size_bytes": 5, "container_id": "c"}
    with pytest.raises(Unreadable):
        asked("POST", "/v1/containers/c/files", body[:-9], headers)


def test_a_body_of_another_kind_tells_nothing():
    assert asked("POST", "/v1/realtime/calls", b"v=0", {b"content-type": b"application/sdp"}) == {}


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("list", {"object"}),
        ("cursor", {"object", "first_id", "last_id", "has_more"}),
        ("nextpage", {"object", "has_more", "next"}),
        ("idpage", {"first_id", "last_id", "has_more"}),
        ("page", {"next_page"}),
    ],
)
def test_pages_end(kind, more):
    made = page(kind, {"id": "a"})
    assert made.keys() == {"data", *more}
    assert not made.get("has_more")
    assert made.get("last_id", "a") == "a"
