"""A session follows its client: over workers, a killed worker, a stopped fleet, and to another pod with Redis."""

import signal

import pytest
from redis_server import RedisServer
from serving import Simulator

NAME = {"x-session-id": "trip-to-oslo"}
ASKED = ["I plan a trip to Oslo.", "How long is the flight?", "And by train?", "Which is cheaper?", "Book it."]
PATH = "/v1/chat/completions"


def turn(fleet, text, headers=NAME):
    body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": text}], "max_tokens": 12}
    answer = fleet.ask(PATH, body, headers)
    assert answer.status == 200
    return answer


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What a client is answered that sends its whole conversation each time."""
    answers, messages = [], []
    with Simulator(tmp_path_factory.mktemp("whole"), "--latency", "none", workers=1) as fleet:
        for text in ASKED:
            messages.append({"role": "user", "content": text})
            found = fleet.ask(PATH, {"model": "gpt-4o-mini", "messages": messages, "max_tokens": 12}).json()
            answers.append((found["choices"][0]["message"]["content"], found["usage"]["prompt_tokens"]))
            messages.append({"role": "assistant", "content": answers[-1][0]})
    return answers


def said(answer):
    found = answer.json()
    return found["choices"][0]["message"]["content"], found["usage"]["prompt_tokens"]


def test_it_outlives_workers_and_fleets(tmp_path, told):
    config = {"state": {"path": str(tmp_path / "state")}}
    with Simulator(tmp_path / "one", "--latency", "none", config=config, workers=4) as fleet:
        shards = set()
        for place in range(2):
            answer = turn(fleet, ASKED[place])
            assert said(answer) == told[place]
            assert answer.headers["x-session-id"] == NAME["x-session-id"]
            shards.add(answer.headers["x-llm-sim-shard"])
        fleet.kill(int(answer.headers["x-llm-sim-shard"].partition(".")[2]))
        assert said(turn(fleet, ASKED[2])) == told[2]
        fleet.process.send_signal(signal.SIGTERM)
        assert fleet.process.wait(20) == 0
    with Simulator(tmp_path / "two", "--latency", "none", config=config, workers=2) as fleet:
        assert said(turn(fleet, ASKED[3])) == told[3]
        listed = fleet.ask("/admin/sessions").json()
        assert [session["id"] for session in listed["sessions"]] == [NAME["x-session-id"]]
        assert listed["sessions"][0]["turns"] == 8
        assert fleet.ask("/admin/sessions/trip-to-oslo", method="DELETE").status in (200, 204)
        assert said(turn(fleet, ASKED[0])) == told[0]


def test_another_key_has_another_session(tmp_path, told):
    with Simulator(tmp_path, "--latency", "none", workers=2) as fleet:
        turn(fleet, ASKED[0])
        assert said(turn(fleet, ASKED[0], {**NAME, "authorization": "Bearer sk-other"})) == told[0]


def test_it_follows_its_client_to_another_pod(tmp_path, told):
    with RedisServer() as redis:
        config = {"state": {"backend": "redis", "url": redis.url}}
        with (
            Simulator(tmp_path / "one", "--latency", "none", config=config, workers=2) as one,
            Simulator(tmp_path / "two", "--latency", "none", config=config, workers=2) as two,
        ):
            for place, text in enumerate(ASKED):
                assert said(turn((one, two)[place % 2], text)) == told[place]
