"""The same request gets the same bytes: on fleets of 1, 2 and 8, twice, streamed or not, across a killed worker."""

import json

import pytest
from requests200 import REQUESTS


def answers(simulator, *, stream):
    """The status and body of every request, each on a connection of its own, so that all workers answer some."""
    found = []
    shards = set()
    for path, body, headers in REQUESTS:
        if stream and path == "/v1/embeddings":
            continue
        asked = {**body, "stream": True} if stream else body
        answer = simulator.ask(path, asked, headers)
        assert answer.status == 200, answer.body
        found.append(answer.body)
        shards.add(answer.headers["x-llm-sim-shard"])
    return found, shards


def collect(simulator):
    """Every answer twice, with a worker killed in between; the two rounds must agree already."""
    plain, shards = answers(simulator, stream=False)
    streamed, others = answers(simulator, stream=True)
    assert len(shards | others) == simulator.workers, "some worker answered nothing"
    simulator.kill(0)
    assert answers(simulator, stream=False)[0] == plain
    assert answers(simulator, stream=True)[0] == streamed
    return plain, streamed


def test_no_two_requests_are_alike():
    assert len({json.dumps(request, sort_keys=True) for request in REQUESTS}) == 200


@pytest.mark.parametrize("latency", ["none"])
def test_identical_answers_on_1_2_and_8_workers(serve, latency):
    reference = None
    for workers in (1, 2, 8):
        found = collect(serve("--latency", latency, workers=workers))
        reference = reference or found
        assert found == reference
    plain, streamed = reference
    assert len(set(plain)) == 200
    assert len(set(streamed)) == 180


def test_a_stream_concatenates_to_the_plain_answer(serve):
    simulator = serve("--latency", "none", workers=2)
    for path, body, headers in REQUESTS[:160:8]:
        plain = simulator.ask(path, body, headers).json()
        streamed = simulator.ask(path, {**body, "stream": True}, headers).body.decode()
        events = [json.loads(line[6:]) for line in streamed.splitlines() if line.startswith("data: {")]
        if path == "/v1/messages":
            text = "".join(e["delta"]["text"] for e in events if e["type"] == "content_block_delta")
            assert text == "".join(block["text"] for block in plain["content"])
        else:
            for choice in plain["choices"]:
                parts = (c for e in events for c in e["choices"] if c["index"] == choice["index"])
                assert "".join(c["delta"].get("content", "") for c in parts) == choice["message"]["content"]


def test_another_seed_gives_other_answers(serve):
    path, body, headers = REQUESTS[0]
    one, two = (serve("--latency", "none", "--seed", str(seed), workers=1) for seed in (1, 2))
    assert one.ask(path, body, headers).body != two.ask(path, body, headers).body


def test_freed_from_determinism_every_answer_is_its_own(serve):
    simulator = serve("--latency", "none", workers=1, config={"simulation": {"deterministic": False}})
    path, body, headers = REQUESTS[1]
    ids = {simulator.ask(path, body, headers).json()["id"] for _ in range(5)}
    assert len(ids) == 5
