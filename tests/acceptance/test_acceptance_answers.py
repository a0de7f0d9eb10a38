"""The same request gets the same bytes: on fleets of 1, 2 and 8, twice, streamed or not, across a killed worker."""

import contextlib
import json
import time

import pytest
from requests200 import REQUESTS
from serving import PATIENCE


@contextlib.contextmanager
def connected(simulator):
    """A connection to each worker: more are opened until every worker holds one, and all stay open meanwhile."""
    with contextlib.ExitStack() as stack:
        found = {}
        deadline = time.monotonic() + PATIENCE
        while len(found) < simulator.workers:
            assert time.monotonic() < deadline, f"only {sorted(found)} answered"
            connection = stack.enter_context(simulator.connect())
            shard = simulator.ask("/v1/models", connection=connection).headers["x-llm-sim-shard"]
            found.setdefault(shard, connection)
        yield [found[shard] for shard in sorted(found)]


def answers(simulator, *, stream):
    """The body of every request, each asked of the next worker."""
    found = []
    with connected(simulator) as connections:
        for number, (path, body, headers) in enumerate(REQUESTS):
            if stream and path == "/v1/embeddings":
                continue
            asked = {**body, "stream": True} if stream else body
            answer = simulator.ask(path, asked, headers, connections[number % len(connections)])
            assert answer.status == 200, answer.body
            found.append(answer.body)
    return found


def collect(simulator):
    """Every answer twice, with a worker killed in between; the two rounds must agree already."""
    plain = answers(simulator, stream=False)
    streamed = answers(simulator, stream=True)
    simulator.kill(0)
    assert answers(simulator, stream=False) == plain
    assert answers(simulator, stream=True) == streamed
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
