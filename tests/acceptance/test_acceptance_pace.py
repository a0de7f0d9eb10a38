"""What a client measures is what was configured: every family of distributions, and streams of 10,000 tokens.

One fleet and one run: five profiles side by side with the long streams. The client is this file's own. What each
answer was to be is known exactly from its address, so most of it is compared without any room for chance.
"""

import asyncio
import json
import time
from array import array

import numpy as np
import pytest
import uvloop

from simulator.calibration.sampling import bounds
from simulator.config.load import load
from simulator.engine.engine import Engine
from simulator.engine.latency import build
from simulator.engine.plan import Address
from simulator.fitting.goodness import ks
from simulator.providers.registry import registry

TOLERANCE = 0.02
TRIES = 3
PERCENTS = (50, 95, 99)
TOKENS = 40
STREAMS = 160
"""Of each profile."""
AT_ONCE = 18
"""Of each profile."""
LONG_TOKENS = 10_000
LONG_STREAMS = 2
TICK = 1e-3
DRIFT = 1e-3 * 16 / 60
"""Seconds that a stream of 16 s may be off at its end: a millisecond a minute."""

PROFILES = {
    "even": {
        "ttft": {"distribution": "constant", "value_ms": 300},
        "itl": {"distribution": "uniform", "min_ms": 20, "max_ms": 60},
    },
    "bell": {
        "ttft": {"distribution": "normal", "mean_ms": 300, "std_dev_ms": 40},
        "itl": {"distribution": "log_normal", "p50_ms": 36, "p95_ms": 60},
    },
    "memoryless": {
        "ttft": {"distribution": "exponential", "mean_ms": 150, "min_ms": 200},
        "itl": {"distribution": "gamma", "mean_ms": 40, "std_dev_ms": 12},
    },
    "tailed": {
        "ttft": {"distribution": "weibull", "shape": 2, "scale_ms": 250, "min_ms": 150},
        "itl": {"distribution": "pareto", "shape": 4, "scale_ms": 30},
    },
    "seen": {
        "ttft": {"distribution": "empirical", "percentiles_ms": [[5, 180], [50, 260], [95, 450], [99, 600]]},
        "itl": {
            "distribution": "mixture",
            "components": [
                {"distribution": "normal", "mean_ms": 34, "std_dev_ms": 3, "weight": 3},
                {"distribution": "log_normal", "p50_ms": 55, "p95_ms": 90},
            ],
        },
    },
}
LONG = "gpt-4.1"
"""A model of the catalogue: those that are not in it have no room for so many tokens."""


def settings(latency, tokens):
    """Answers that `max_tokens` always cuts, so that each stream has the same number of tokens."""
    longer = 3 * tokens
    length = {"p50": longer, "p95": longer, "min": longer, "max": longer}
    return {"provider": "openai", "latency": {**latency, "prefill_ms_per_token": 0}, "response": {"length": length}}


CONFIG = {
    "providers": {
        **{name: settings(latency, TOKENS) for name, latency in PROFILES.items()},
        LONG: settings(
            {
                "ttft": {"distribution": "constant", "value_ms": 100},
                "itl": {"distribution": "log_normal", "p50_ms": 1.5, "p95_ms": 3},
            },
            LONG_TOKENS,
        ),
    }
}
PATH = "/v1/chat/completions"


def body(model):
    messages = [{"role": "user", "content": "How long does it take?"}]
    tokens = LONG_TOKENS if model == LONG else TOKENS
    return json.dumps({"model": model, "stream": True, "max_tokens": tokens, "messages": messages}).encode()


class Client(asyncio.Protocol):
    """One keep-alive connection that asks for one stream after the other and times every token."""

    def __init__(self, model, left, answers):
        sent = body(model)
        head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(sent)}\r\n"
        self.request = head.encode() + b"\r\n" + sent
        self.left = left
        self.answers = answers
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        self.ask()

    def ask(self):
        if not self.left:
            self.transport.close()
            self.done.set_result(None)
            return
        self.left.pop()
        self.head = self.tail = b""
        self.times = array("d")
        self.began = time.monotonic()
        self.transport.write(self.request)

    def data_received(self, data):
        now = time.monotonic()
        if not self.head:
            self.head = data.partition(b"\r\n\r\n")[0]
        tokens = data.count(b'"delta":{"content":"')
        if tokens:
            # Tokens that came together were apart by less than can be told.
            self.times.extend([now - self.began] * tokens)
        self.tail = (self.tail + data[-5:])[-5:]
        if self.tail == b"0\r\n\r\n":
            self.answers.append((self.head, self.times))
            self.ask()

    def connection_lost(self, error):
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))


async def measure(port):
    """The answers of each model: heads, and when tokens came."""
    loop = asyncio.get_running_loop()
    found = {model: [] for model in CONFIG["providers"]}
    clients = []
    for model, answers in found.items():
        streams, at_once = (LONG_STREAMS, LONG_STREAMS) if model == LONG else (STREAMS, AT_ONCE)
        left = [None] * streams
        for _ in range(at_once):
            _, client = await loop.create_connection(
                lambda model=model, left=left, answers=answers: Client(model, left, answers), "127.0.0.1", port
            )
            clients.append(client)
            await asyncio.sleep(0.005)  # or all would tick together for ever
    await asyncio.gather(*(client.done for client in clients))
    return found


class Planner:
    """The plan of any answer of the fleet, from its head alone."""

    def __init__(self, path):
        loaded = load(path, environ={})
        self.engine = Engine(loaded.config, loaded.catalogue)
        provider = next(each for each in registry() if each.name == "openai")
        endpoint = next(each for each in provider.endpoints if each.path == PATH)
        self.requests = {model: endpoint.decode(body(model), {}).request for model in CONFIG["providers"]}

    def offsets(self, model, head):
        lines = [line.split(b": ", 1) for line in head.split(b"\r\n")[1:]]
        told = {name.decode(): value.decode() for name, value in lines}
        pod, worker = map(int, told["x-llm-sim-shard"].split("."))
        address = Address(int(told["x-llm-sim-seed"]), pod, worker, int(told["x-llm-sim-sequence"]))
        return np.array(self.engine.plan(self.requests[model], address).offsets)


def problems_of(model, answers, planner):
    """What is not as it was configured or planned: its name, and how it came."""
    plans = [planner.offsets(model, head) for head, _ in answers]
    times = [np.array(each) for _, each in answers]
    assert [len(each) for each in times] == [TOKENS] * STREAMS == [len(plan) for plan in plans]
    for part in ("ttft", "itl"):
        law = build(getattr(planner.engine.effective[model].latency, part)).quantile
        pick = (lambda each: each[:1]) if part == "ttft" else np.diff
        seen, planned = (np.concatenate([pick(each) for each in some]) for some in (times, plans))
        assert len(seen) == STREAMS * (1 if part == "ttft" else TOKENS - 1)
        chance = ks(planned, law).p
        if chance < 1e-6 and law(np.array([0.01])) < law(np.array([0.99])):
            yield f"{model} {part}: the plans are not distributed as configured", f"p {chance:.1g}"
        if part == "itl" and abs(seen.mean() - planned.mean()) > TICK / 20:
            yield f"{model}: gaps are off on average", f"{1000 * (seen.mean() - planned.mean()):.3f} ms"
        for percent in PERCENTS:
            found, plan = np.percentile(seen, percent), np.percentile(planned, percent)
            if abs(found / plan - 1) > TOLERANCE:
                yield f"{model} {part} p{percent}: not as planned", f"{1000 * plan:.2f} came at {1000 * found:.2f} ms"
            low, high = law(np.array(bounds(len(seen), percent)))
            if not low * (1 - TOLERANCE) <= found <= high * (1 + TOLERANCE):
                yield f"{model} {part} p{percent}: cannot come of what is configured", f"{1000 * found:.2f} ms"


def drift_of(late):
    """What is wrong with the lateness of a long stream's tokens (seconds): it must not grow from one end to the other.

    The least late tokens tell it: a busy machine delays some, a schedule that drifts delays all.
    """
    begin, end = (np.percentile(part, 5) for part in (late[:500], late[-500:]))
    if abs(end - begin) > DRIFT:
        yield "a stream of 10,000 tokens drifts", f"{1000 * (end - begin):.3f} ms"
    if abs(late[-100:].min()) > DRIFT + TICK / 2:
        yield "a stream of 10,000 tokens ends late", f"{1000 * late[-100:].min():.3f} ms"


def test_a_client_measures_what_is_configured(serve):
    """A machine that is busy with other things delays both ends, now this and now that: what is wrong is so each time.

    Then the run is repeated, at most twice.
    """
    simulator = serve(workers=2, config=CONFIG)
    planner = Planner(simulator.config_path)
    runs = []
    for _ in range(TRIES):
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(measure(simulator.port))
        problems = [problem for name in PROFILES for problem in problems_of(name, found[name], planner)]
        for head, times in found[LONG]:
            plan = planner.offsets(LONG, head)
            assert len(times) == len(plan) == LONG_TOKENS
            problems += drift_of(np.array(times) - plan)
        runs.append(dict(problems))
        if not set.intersection(*map(set, runs)):
            return
    pytest.fail(f"{runs}")
