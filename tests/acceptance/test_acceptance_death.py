"""kill -9 of a worker under load: only its requests fail, its slot goes on, and no counter falls."""

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
    simulator = serve("--latency", "none", workers=2)
    for path in ("/v1/chat/completions", "/v1/chat/completions"):
        simulator.ask(path, BODY)

    def files():
        return sorted(path.name for path in Path(simulator.folder / "tmp").rglob("*.db"))

    def ask_all():
        answered = set()
        wait_for(
            lambda: answered.add(simulator.ask("/v1/chat/completions", BODY).address[0]) or len(answered) == 2,
            "an answer from each worker",
        )

    ask_all()
    simulator.metrics()
    before, total = files(), 0.0
    assert before
    name = 'llm_simulator_requests_total{endpoint="chat_completions",model="gpt-4o",provider="openai",status="200"}'
    for round_ in range(20):
        simulator.kill(round_ % 2)
        ask_all()
        counted = simulator.metrics()[name]
        assert counted > total
        total = counted
    assert files() == before
    restarts = simulator.metrics()
    assert sum(value for key, value in restarts.items() if "worker_restarts_total" in key) == 20
