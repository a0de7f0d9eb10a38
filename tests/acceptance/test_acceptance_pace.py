"""What a client measures is what was configured: TTFT and ITL of two profiles over 2,000 streams at moderate load."""

import asyncio
import json
import time

import pytest

TOKENS = 15
STREAMS = 2_000
AT_ONCE = 40
TOLERANCE = 0.02
TRIES = 3

PROFILES = {
    "log-normal first, normal gaps": {
        "ttft": {"distribution": "log_normal", "p50_ms": 150, "p95_ms": 200},
        "itl": {"distribution": "normal", "mean_ms": 20, "std_dev_ms": 4},
    },
    "normal first, log-normal gaps": {
        "ttft": {"distribution": "normal", "mean_ms": 150, "std_dev_ms": 25},
        "itl": {"distribution": "log_normal", "p50_ms": 20, "p95_ms": 30},
    },
}
WANTED = {
    "log-normal first, normal gaps": {"ttft": (150, 200), "itl": (20, 20 + 1.6449 * 4)},
    "normal first, log-normal gaps": {"ttft": (150, 150 + 1.6449 * 25), "itl": (20, 30)},
}
"""(p50, p95) in milliseconds."""

LENGTH = {"p50": 4 * TOKENS, "p95": 4 * TOKENS, "min": 4 * TOKENS, "max": 4 * TOKENS}
"""Answers that `max_tokens` always cuts, so that each stream has the same number of tokens."""
BODY = json.dumps(
    {
        "model": "gpt-4o",
        "stream": True,
        "max_tokens": TOKENS,
        "messages": [{"role": "user", "content": "How long does it take?"}],
    }
).encode()
REQUEST = (
    b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
    % (len(BODY), BODY)
)


class Client(asyncio.Protocol):
    """One keep-alive connection that asks for one stream after the other and times every token."""

    def __init__(self, left, measured):
        self.left = left
        self.ttft, self.gaps = measured
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
        self.tail = b""
        self.last = None
        self.began = time.monotonic()
        self.transport.write(REQUEST)

    def data_received(self, data):
        now = time.monotonic()
        tokens = data.count(b'"delta":{"content":"')
        if tokens:
            if self.last is None:
                self.ttft.append(now - self.began)
            else:
                self.gaps.append(now - self.last)
            # Tokens that came together were apart by less than can be told.
            self.gaps += [0.0] * (tokens - 1)
            self.last = now
        self.tail = (self.tail + data)[-5:]
        if self.tail == b"0\r\n\r\n":
            self.ask()

    def connection_lost(self, error):
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server hung up"))


async def measure(port):
    loop = asyncio.get_running_loop()
    left, measured = [None] * STREAMS, ([], [])
    clients = []
    for _ in range(AT_ONCE):
        _, client = await loop.create_connection(lambda: Client(left, measured), "127.0.0.1", port)
        clients.append(client)
        await asyncio.sleep(0.3 / AT_ONCE)  # or all would tick together for ever
    await asyncio.gather(*(client.done for client in clients))
    return measured


def percentiles(values):
    ordered = sorted(values)
    return tuple(1000 * ordered[int(len(ordered) * share)] for share in (0.50, 0.95))


def off(found, wanted):
    """The largest relative deviation."""
    return max(abs(got - should) / should for got, should in zip(found, wanted, strict=True))


@pytest.mark.parametrize("name", PROFILES)
def test_a_client_measures_what_is_configured(serve, name):
    """A machine that is busy with other things delays both ends: then the run is repeated, at most twice."""
    providers = {"*": {"latency": {**PROFILES[name], "prefill_ms_per_token": 0}}}
    simulator = serve(workers=2, config={"providers": providers, "response": {"length": LENGTH}})
    runs = []
    for _ in range(TRIES):
        ttft, gaps = asyncio.run(measure(simulator.port))
        assert len(ttft) == STREAMS
        assert len(gaps) == STREAMS * (TOKENS - 1)
        found = {"ttft": percentiles(ttft), "itl": percentiles(gaps)}
        runs.append(found)
        if all(off(found[what], WANTED[name][what]) <= TOLERANCE for what in found):
            return
    pytest.fail(f"wanted {WANTED[name]}, measured {runs}")
