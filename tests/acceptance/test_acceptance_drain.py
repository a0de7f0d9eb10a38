"""The end of a fleet, and of single workers that do not answer: politely, in band, in time."""

import asyncio
import json
import os
import signal
import time
from pathlib import Path

import pytest
from loading import Client, prepared, run, until
from serving import Simulator

STREAMS = 100
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "stream": True}
QUICK = {"model": "gpt-4.1", "messages": [{"role": "user", "content": "Hello"}]}


def pace(itl):
    def constant(value):
        return {"distribution": "constant", "value_ms": value}

    length = {"min": 40, "max": 40, "p50": 40, "p95": 40}
    return {
        "gpt-4o": {"latency": {"ttft": constant(10), "itl": constant(itl)}, "response": {"length": length}},
        "gpt-4.1": {"latency": {"ttft": constant(0), "itl": constant(0)}},
    }


def serve(folder, itl, **server):
    return Simulator(folder, config={"providers": pace(itl), "server": server}, workers=4)


async def streaming(fleet):
    """Streams that have all begun: their tasks."""
    clients = [Client(fleet.port) for _ in range(STREAMS)]
    tasks = [asyncio.create_task(client.ask(prepared("/v1/chat/completions", CHAT))) for client in clients]
    await until(lambda: fleet.stats()["totals"]["streams"] == STREAMS, "the streams to begin")
    return tasks


def refused_politely(response):
    """The provider's own 503 with a time to come back, or a connection that is not accepted any more."""
    if response.failed:
        return "refused" in response.error or "Connect call failed" in response.error
    return response.status == 503 and "retry-after" in response.headers and response.headers["connection"] == "close"


def test_streams_finish_and_what_comes_meanwhile_is_refused(tmp_path):
    async def scenario(fleet):
        tasks = await streaming(fleet)
        began = time.monotonic()
        fleet.process.send_signal(signal.SIGTERM)
        await until(lambda: "stopping 4 workers" in fleet.log(), "the drain to begin")
        refused = []
        while not all(task.done() for task in tasks):
            refused.append(await Client(fleet.port).ask(prepared("/v1/chat/completions", QUICK)))
            await asyncio.sleep(0.05)
        found = await asyncio.gather(*tasks)
        assert await asyncio.to_thread(fleet.process.wait, 10) == 0
        assert all(each.status == 200 and each.body.endswith(b"data: [DONE]\n\n") for each in found)
        assert len(refused) > 5
        assert all(map(refused_politely, refused)), [(each.status, each.error) for each in refused]
        assert any(each.status == 503 for each in refused)
        assert time.monotonic() - began < 15

    with serve(tmp_path, 50, shutdown_timeout_secs=20) as fleet:
        run(lambda: scenario(fleet))


def test_streams_end_in_band_at_the_deadline(tmp_path):
    async def scenario(fleet):
        tasks = await streaming(fleet)
        began = time.monotonic()
        fleet.process.send_signal(signal.SIGTERM)
        found = await asyncio.gather(*tasks)
        assert await asyncio.to_thread(fleet.process.wait, 10) == 0
        assert 1.5 < time.monotonic() - began < 8
        for response in found:
            assert response.error == ""
            last = response.body.decode().strip().splitlines()[-1]
            assert json.loads(last.removeprefix("data: "))["error"]["type"] == "server_error"

    with serve(tmp_path, 2000, shutdown_timeout_secs=2) as fleet:
        run(lambda: scenario(fleet))


def test_the_lame_duck_serves_with_connection_close(tmp_path):
    async def scenario(fleet):
        client = Client(fleet.port)
        assert (await client.ask(prepared("/v1/chat/completions", QUICK))).status == 200
        fleet.process.send_signal(signal.SIGTERM)
        await until(lambda: fleet.ask("/ready").status == 503, "the readiness to go")
        for asking in (client, Client(fleet.port)):
            # Readiness goes off for all at once, and each worker hears of the end a moment later.
            response = await asking.ask(prepared("/v1/chat/completions", QUICK))
            while response.status == 200 and "connection" not in response.headers:
                response = await asking.ask(prepared("/v1/chat/completions", QUICK))
            assert (response.status, response.headers["connection"]) == (200, "close")
        assert await asyncio.to_thread(fleet.process.wait, 20) == 0

    with serve(tmp_path, 10, lame_duck_secs=3) as fleet:
        run(lambda: scenario(fleet))


@pytest.mark.parametrize("victims", [1, 2])
def test_a_stopped_worker_is_found_and_replaced(tmp_path, victims):
    with serve(tmp_path, 10, heartbeat_timeout_secs=1) as fleet:
        pids = fleet.pids()
        began = time.monotonic()
        for ordinal in range(victims):
            os.kill(pids[ordinal], signal.SIGSTOP)

        def replaced():
            present = fleet.pids()
            return len(present) == 4 and all(present[ordinal] != pids[ordinal] for ordinal in range(victims))

        run(lambda: until(replaced, "the slots to serve again", 10))
        # Half a second more than promised: the asking itself may first meet the stopped worker.
        assert time.monotonic() - began < 2.5
        present = fleet.pids()
        assert [present[ordinal] for ordinal in range(victims, 4)] == [pids[o] for o in range(victims, 4)]


def test_no_worker_outlives_its_supervisor(tmp_path):
    with serve(tmp_path, 2000) as fleet:
        pids = list(fleet.pids().values())
        tasks = []

        async def scenario():
            tasks.extend(await streaming(fleet))
            fleet.process.kill()
            began = time.monotonic()
            await until(lambda: not any(alive(pid) for pid in pids), "the workers to leave", 6)
            assert time.monotonic() - began < 5
            await asyncio.gather(*tasks)

        run(scenario)


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
