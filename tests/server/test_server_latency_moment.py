"""A fleet under load: who comes later waits longer, as the response tells; its headers bring the same pace again."""

import json
import threading
import time

import pytest
from serving import Simulator, wait_for

TTFT, ITL, TOKENS, STREAMS = 0.1, 0.01, 5, 30
KNEE, CAPACITY, SERVICE = 5, 20, 1.0
BODY = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": TOKENS, "stream": True}
LATENCY = {
    "ttft": {"distribution": "constant", "value_ms": TTFT * 1000},
    "itl": {"distribution": "constant", "value_ms": ITL * 1000},
    "prefill_ms_per_token": 0,
}
LOAD = {"knee": KNEE, "decode_slowdown": 2, "prefill_slowdown": 3, "capacity": CAPACITY, "service_ms": SERVICE * 1000}
CONFIG = {
    "providers": {
        "gpt-4o": {"latency": {**LATENCY, "load": LOAD}},
        "gpt-4.1": {"latency": {**LATENCY, "degradation": {"per_hour": 1, "speed": 3600, "most": 3}}},
        "gpt-4o-mini": {"latency": LATENCY},
    }
}
CIRCUMSTANCES = "x-llm-sim-circumstances"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("moment"), config=CONFIG, workers=2) as it:
        yield it


class Stream:
    """A stream that was read: what its headers tell, when its first token came and when its end, in seconds."""

    def __init__(self, fleet, model, headers=None, ready=None):
        with fleet.connect() as connection:
            connection.connect()
            if ready is not None:
                ready.wait(20)
            began = time.monotonic()
            given = {"content-type": "application/json", "authorization": "Bearer sk-test", **(headers or {})}
            connection.request("POST", "/v1/chat/completions", json.dumps({"model": model, **BODY}), given)
            response = connection.getresponse()
            assert response.status == 200
            self.headers = {name.lower(): value for name, value in response.getheaders()}
            # The first event names the role and comes with the first token.
            response.readline()
            self.first = time.monotonic() - began
            self.rest = response.read()
            self.whole = time.monotonic() - began
        self.told = dict(part.split("=") for part in self.headers.get(CIRCUMSTANCES, "").split(", ") if part)

    @property
    def replay(self):
        headers = {"x-llm-sim-replay": f"{self.headers['x-llm-sim-shard']}/{self.headers['x-llm-sim-sequence']}"}
        return headers | {CIRCUMSTANCES: self.headers[CIRCUMSTANCES]}


def due(load):
    """When the first and the last token come by the formula of the load model."""
    over = max(0.0, min(load, CAPACITY) / KNEE - 1)
    first = TTFT * (1 + 2 * over) + max(0, load - CAPACITY) * SERVICE / CAPACITY
    return first, first + (TOKENS - 1) * ITL * (1 + over)


def test_ttft_and_itl_grow_with_the_requests_in_flight_and_a_replay_repeats_them(fleet):
    ready = threading.Barrier(STREAMS)
    streams = []
    threads = [
        threading.Thread(target=lambda: streams.append(Stream(fleet, "gpt-4o", ready=ready))) for _ in range(STREAMS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(streams) == STREAMS
    streams.sort(key=lambda stream: int(stream.told["load"]))
    loads = [int(stream.told["load"]) for stream in streams]
    assert loads[0] <= KNEE < CAPACITY < loads[-1] <= STREAMS
    for load, stream in zip(loads, streams, strict=True):
        first, last = due(load)
        # Never sooner than its plan (but for the wheel's half millisecond), and not much later on a busy machine.
        assert first - 0.001 < stream.first < first + 1
        assert last - 0.001 < stream.whole < last + 1

    wait_for(lambda: not sum(slot["in_flight"] for slot in fleet.stats()["workers"]), "all streams to give back")
    alone = Stream(fleet, "gpt-4o")
    assert alone.told == {"load": "1"}
    assert alone.whole < due(CAPACITY)[1]
    again = Stream(fleet, "gpt-4o", streams[-1].replay)
    assert again.told == streams[-1].told
    assert again.first > due(loads[-1])[0] - 0.001
    for name in ("x-llm-sim-shard", "x-llm-sim-sequence"):
        assert again.headers[name] == streams[-1].headers[name]
    assert again.rest == streams[-1].rest


def test_what_has_degraded_is_slower_and_tells_its_age(fleet):
    first = Stream(fleet, "gpt-4.1")
    age = float(first.told["age"])
    assert list(first.told) == ["age"]
    assert age > 0
    assert first.first > min(3, 1 + age) * TTFT - 0.001
    # The factor is 1 at the beginning, and grows by 1 a second here.
    early = Stream(fleet, "gpt-4.1", first.replay | {CIRCUMSTANCES: "age=0.001"})
    assert early.told == {"age": "0.001"}
    late = Stream(fleet, "gpt-4.1", first.replay | {CIRCUMSTANCES: "age=500"})
    assert late.told == {"age": "500.000"}
    assert late.whole > 3 * (TTFT + (TOKENS - 1) * ITL) - 0.001
    assert late.rest == early.rest == first.rest


def test_a_model_without_either_is_told_nothing_and_an_unreadable_header_is_refused(fleet):
    assert Stream(fleet, "gpt-4o-mini").told == {}
    body = {"model": "gpt-4o", **BODY}
    refused = fleet.ask("/v1/chat/completions", body, {CIRCUMSTANCES: "load=many"})
    assert (refused.status, CIRCUMSTANCES in refused.json()["error"]["message"]) == (400, True)
