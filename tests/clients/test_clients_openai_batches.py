"""Batches through the official OpenAI client: made, polled to their end, their files read."""

import json
import uuid

import openai
import pytest
from client_checks import strangers, turn
from serving import wait_for

from simulator.providers.openai.files.progress import FINAL

CHAT = "/v1/chat/completions"


@pytest.fixture
def mine(make_openai):
    """A client with a key of its own, so that nobody else's batches are listed."""
    return make_openai(api_key=f"sk-{uuid.uuid4()}")


def lines_of(bodies, url=CHAT):
    lines = [
        {"custom_id": f"request-{index}", "method": "POST", "url": url, "body": body}
        for index, body in enumerate(bodies)
    ]
    return "\n".join(map(json.dumps, lines)).encode()


def chat(text):
    return {"model": "gpt-4o", "messages": [turn(text)], "max_tokens": 20}


def made(client, content, url=CHAT, **fields):
    file = client.files.create(file=("in.jsonl", content), purpose="batch")
    return client.batches.create(input_file_id=file.id, endpoint=url, completion_window="24h", **fields)


def ended(client, batch, *statuses):
    def look():
        found = client.batches.retrieve(batch.id)
        return found.status in (statuses or FINAL) and found

    return wait_for(look, "the batch to end")


def results(client, name):
    lines = client.files.content(name).text.splitlines()
    return {line["custom_id"]: line for line in map(json.loads, lines)}


def test_a_batch_of_twenty_with_one_that_is_refused(mine):
    bodies = [chat(f"Question {index}") for index in range(20)]
    bodies[7]["temperature"] = 9
    batch = made(mine, lines_of(bodies), metadata={"run": "one"})
    assert strangers(batch) == []
    assert (batch.status, batch.metadata, batch.endpoint) == ("validating", {"run": "one"}, CHAT)
    seen = []

    def look():
        found = mine.batches.retrieve(batch.id)
        assert strangers(found) == []
        seen.append(found)
        return found.status == "completed"

    wait_for(look, "the batch to be completed")
    order = ["validating", "in_progress", "finalizing", "completed"]
    statuses = [order.index(found.status) for found in seen]
    assert statuses == sorted(statuses)
    done = [found.request_counts.completed for found in seen]
    assert done == sorted(done)
    last = seen[-1]
    assert (last.request_counts.total, last.request_counts.completed, last.request_counts.failed) == (20, 19, 1)
    assert last.created_at <= last.in_progress_at <= last.finalizing_at <= last.completed_at
    output, errors = results(mine, last.output_file_id), results(mine, last.error_file_id)
    assert set(output) == {f"request-{index}" for index in range(20)} - {"request-7"}
    assert errors["request-7"]["response"]["status_code"] == 400
    assert errors["request-7"]["response"]["body"]["error"]["param"] == "temperature"
    tokens = 0
    for index, body in enumerate(bodies):
        if index == 7:
            continue
        line = output[f"request-{index}"]
        assert line["response"]["status_code"] == 200
        assert line["error"] is None
        direct = mine.chat.completions.create(**body)
        assert line["response"]["body"]["choices"][0]["message"]["content"] == direct.choices[0].message.content
        tokens += direct.usage.total_tokens
    assert last.usage.total_tokens == tokens
    assert mine.files.retrieve(last.output_file_id).purpose == "batch_output"


def test_embeddings_and_moderations(mine):
    bodies = [{"model": "text-embedding-3-small", "input": f"text {index}"} for index in range(3)]
    vectors = made(mine, lines_of(bodies, "/v1/embeddings"), "/v1/embeddings")
    texts = [{"input": text} for text in ("I will kill you", "Hello")]
    verdicts = made(mine, lines_of(texts, "/v1/moderations"), "/v1/moderations")
    output = results(mine, ended(mine, vectors).output_file_id)
    assert [len(line["response"]["body"]["data"][0]["embedding"]) for line in output.values()] == [1536] * 3
    done = ended(mine, verdicts)
    assert done.error_file_id is None
    flagged = [
        line["response"]["body"]["results"][0]["flagged"] for line in results(mine, done.output_file_id).values()
    ]
    assert flagged == [True, False]


def test_a_batch_of_only_refused_requests_has_no_output(mine):
    done = ended(mine, made(mine, lines_of([{"model": "gpt-9", "messages": [turn("Hi")]}])))
    assert (done.status, done.output_file_id) == ("completed", None)
    assert results(mine, done.error_file_id)["request-0"]["response"]["status_code"] == 404


def test_wrong_lines_fail_the_batch(mine):
    good, other = lines_of([chat("Hi")]), lines_of([chat("Hi")], "/v1/embeddings")
    content = b"\n".join([good, b"{", good, other, b'{"custom_id": "x"}'])
    batch = made(mine, content)
    failed = ended(mine, batch, "failed")
    assert strangers(failed) == []
    assert [(error.line, error.code) for error in failed.errors.data] == [
        (2, "invalid_json_line"),
        (3, "duplicate_custom_id"),
        (4, "duplicate_custom_id"),
        (5, "missing_required_parameter"),
    ]
    assert failed.failed_at
    with pytest.raises(openai.ConflictError):
        mine.batches.cancel(batch.id)


def test_a_cancelled_batch_keeps_what_is_done(mine):
    batch = made(mine, lines_of([chat(f"Number {index}") for index in range(60)]))
    wait_for(lambda: mine.batches.retrieve(batch.id).request_counts.completed > 2, "some of its requests")
    stopped = mine.batches.cancel(batch.id)
    assert strangers(stopped) == []
    assert stopped.status == "cancelling"
    done = ended(mine, batch, "cancelled")
    count = done.request_counts.completed
    assert 2 < count < 60
    assert len(results(mine, done.output_file_id)) == count


def test_listing(mine):
    batches = [made(mine, lines_of([chat("Hi")])) for _ in range(3)]
    assert [batch.id for batch in mine.batches.list(limit=2)] == [batch.id for batch in reversed(batches)]
    assert strangers(mine.batches.list().data[0]) == []


def test_refusals(mine):
    with pytest.raises(openai.NotFoundError) as caught:
        mine.batches.create(input_file_id="file-0", endpoint=CHAT, completion_window="24h")
    assert caught.value.param == "input_file_id"
    note = mine.files.create(file=("note.txt", b"hi"), purpose="user_data")
    with pytest.raises(openai.BadRequestError) as caught:
        mine.batches.create(input_file_id=note.id, endpoint=CHAT, completion_window="24h")
    assert caught.value.param == "input_file_id"
    for fields, param in (
        ({"endpoint": "/v1/videos"}, "endpoint"),
        ({"completion_window": "1h"}, "completion_window"),
        ({"metadata": {"a": "x" * 513}}, "metadata"),
    ):
        ask = {"input_file_id": note.id, "endpoint": CHAT, "completion_window": "24h", **fields}
        with pytest.raises(openai.BadRequestError) as caught:
            mine.batches.create(**ask)
        assert caught.value.param == param
    for ask in (mine.batches.retrieve, mine.batches.cancel):
        with pytest.raises(openai.NotFoundError, match="No batch found with id 'batch_0'"):
            ask("batch_0")
