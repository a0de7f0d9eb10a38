"""10,000 requests at the same time: each is answered or refused properly, and afterwards all is as before."""

import asyncio
import re
from pathlib import Path

from loading import Client, prepared, run, until
from serving import Simulator

MANY = 10_000
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 10}
CONFIG = {
    "simulation": {"concurrency": {"max_concurrent_requests": 500, "queue_size": 1000}},
    "server": {"max_connections": 12_000},
    "providers": {
        "*": {
            "latency": {
                "ttft": {"distribution": "constant", "value_ms": 200},
                "itl": {"distribution": "constant", "value_ms": 5},
            }
        }
    },
}


def memory(fleet):
    """Megabytes of all workers."""
    total = 0
    for pid in fleet.pids().values():
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        total += int(re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)[1]) / 1024
    return total


async def settled(fleet):
    """The memory once it falls no further: what a burst has taken is given back with the next beats."""
    seen = [memory(fleet)]
    while len(seen) < 4 or min(seen[:-2]) - min(seen[-2:]) > 1:
        await asyncio.sleep(0.5)
        seen.append(memory(fleet))
    return min(seen)


def test_a_burst_is_answered_or_refused_and_leaves_nothing_behind(tmp_path):
    request = prepared("/v1/chat/completions", CHAT)

    async def burst(fleet):
        clients = [Client(fleet.port) for _ in range(MANY)]
        # Connected first, so that the requests really are there at the same time.
        connecting = asyncio.Semaphore(500)

        async def ready(client):
            async with connecting:
                assert (await client.ask(prepared("/live"))).status == 200

        await asyncio.gather(*map(ready, clients))
        found = await asyncio.gather(*[client.ask(request) for client in clients])
        for client in clients:
            client.close()
        return found

    with Simulator(tmp_path, config=CONFIG, workers=4) as fleet:
        run(lambda: burst(fleet))
        run(lambda: until(lambda: fleet.stats()["totals"]["connections"] <= 1, "the connections to go"))
        before = run(lambda: settled(fleet))
        found = run(lambda: burst(fleet))
        assert [response.error for response in found if response.failed] == []
        answered = [response for response in found if response.status == 200]
        refused = [response for response in found if response.status == 503]
        assert len(answered) + len(refused) == MANY
        assert len(answered) >= 500
        assert len(refused) > 0
        for response in refused:
            assert response.json()["error"]["type"] == "server_error"
            assert int(response.headers["retry-after"]) >= 1
        run(lambda: until(lambda: fleet.stats()["totals"]["connections"] <= 1, "the connections to go"))
        totals = fleet.stats()["totals"]
        assert (totals["in_flight"], totals["queued"], totals["streams"]) == (0, 0, 0)
        assert totals["restarts"] == 0
        metrics = fleet.metrics()
        assert metrics["llm_simulator_active_requests"] == 0
        assert metrics["llm_simulator_queue_depth"] == 0
        assert run(lambda: settled(fleet)) < before * 1.1 + 8
