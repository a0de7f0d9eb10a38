"""kill -9 of a worker under load: only its requests fail, its slot goes on, and no counter falls."""

import contextlib
import http.client
import threading
from pathlib import Path

from serving import wait_for

BODY = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 20}
PACE = {
    "providers": {
        "*": {
            "latency": {
                "ttft": {"distribution": "constant", "value_ms": 20},
                "itl": {"distribution": "constant", "value_ms": 1},
            }
        }
    }
}


class Load:
    """Clients that ask without pause on connections of their own, each noting what it got and from whom."""

    def __init__(self, simulator, clients):
        self.simulator = simulator
        self.stop = threading.Event()
        self.answers = []
        self.broken = []
        self.wrong = []
        self.threads = [threading.Thread(target=self._client) for _ in range(clients)]

    def _client(self):
        shard = None
        while not self.stop.is_set():
            with self.simulator.connect() as connection:
                shard = None
                try:
                    while not self.stop.is_set():
                        answer = self.simulator.ask("/v1/chat/completions", BODY, connection=connection)
                        shard = answer.headers["x-llm-sim-shard"]
                        self.answers.append(answer.address)
                        if answer.status != 200:
                            self.wrong.append(answer.body)
                except (OSError, http.client.HTTPException):
                    self.broken.append(shard)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        wait_for(lambda: len(self.answers) > 2 * len(self.threads), "the load to run")
        return self

    def __exit__(self, *error):
        self.stop.set()
        for thread in self.threads:
            thread.join()


def self_of(simulator, shard):
    """The sequence of one more request, if that shard answered it."""
    answered, sequence = simulator.ask("/v1/chat/completions", BODY).address
    return sequence if answered == shard else None


def counters(samples):
    return {name: value for name, value in samples.items() if "_total" in name or "_count" in name or "_bucket" in name}


def test_only_the_killed_workers_requests_fail(serve):
    simulator = serve(workers=4, config=PACE)
    with Load(simulator, 12) as load:
        before = counters(simulator.metrics())
        sequences = {slot["ordinal"]: slot["sequence"] for slot in simulator.stats()["workers"]}
        took = simulator.kill(2)
        after = counters(simulator.metrics())
        seen = len(load.answers)
        wait_for(lambda: len(load.answers) > seen + 100, "the load to go on")
        # The clients that lost it hold other connections by now: a new one goes to the slot that has fewest.
        again = wait_for(lambda: self_of(simulator, "0.2"), "slot 2 to answer again")
    assert took < 1.0, "the slot was away for longer than a second"
    assert load.wrong == []
    assert set(load.broken) <= {"0.2", None}
    assert len(load.broken) <= 12
    assert len(set(load.answers)) == len(load.answers), "an address was given out twice"
    assert again >= sequences[2], "the slot's sequence began anew"
    assert again > max(sequence for shard, sequence in load.answers[:seen] if shard == "0.2")
    fallen = {name: (value, after[name]) for name, value in before.items() if after.get(name, -1) < value}
    assert not fallen


def test_20_respawns_leave_no_new_metric_files(serve):
    simulator = serve("--latency", "none", workers=10)
    with contextlib.ExitStack() as stack:
        connections = [stack.enter_context(simulator.connect()) for _ in range(10)]
        shards = {simulator.ask("/v1/chat/completions", BODY, connection=each).address[0] for each in connections}
        assert len(shards) == 10
    simulator.metrics()
    name = 'llm_simulator_requests_total{endpoint="chat_completions",model="gpt-4o",provider="openai",status="200"}'

    def files():
        return sorted(path.name for path in Path(simulator.folder / "tmp").rglob("*.db"))

    before, total = files(), 10
    assert len(before) >= 10
    for round_ in range(20):
        simulator.kill(round_ % 10)
        assert simulator.ask("/v1/chat/completions", BODY).status == 200
        total += 1
        assert simulator.metrics()[name] == total
    assert files() == before
    restarts = {key: value for key, value in simulator.metrics().items() if "worker_restarts_total" in key}
    assert sorted(restarts.values()) == [2] * 10
