"""Reload, growth, shrinking and recycling under load: not one request is lost, and nothing grows."""

import asyncio
import json
import re
import signal
from pathlib import Path
from statistics import median

import pytest
from loading import Client, Steady, prepared, run, until
from serving import Simulator

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 20}
STREAM = {**CHAT, "stream": True, "model": "gpt-4.1"}
PACE = {"gpt-4.1": {"latency": {"ttft": {"distribution": "constant", "value_ms": 50},
                                "itl": {"distribution": "constant", "value_ms": 50}}},
        "gpt-4o": {"latency": {"ttft": {"distribution": "constant", "value_ms": 2},
                               "itl": {"distribution": "constant", "value_ms": 0}}}}  # fmt: skip
RELOADS = 20
SETTLED = 5
"""Reloads after which nothing may grow."""


@pytest.fixture
def fleet(tmp_path):
    config = {"providers": PACE, "server": {"shutdown_timeout_secs": 10}, "watch": {"enabled": False}}
    with Simulator(tmp_path, config=config, workers=4) as simulator:
        yield simulator


class Streams:
    """Streams that begin anew as they end, until told to stop."""

    def __init__(self, port, many):
        self.clients = [Client(port) for _ in range(many)]
        self.found = []
        self.stopping = False

    async def __aenter__(self):
        self.tasks = [asyncio.create_task(self._run(client)) for client in self.clients]
        return self

    async def __aexit__(self, *error):
        self.stopping = True
        await asyncio.wait_for(asyncio.gather(*self.tasks), 60)

    async def _run(self, client):
        request = prepared("/v1/chat/completions", STREAM)
        while not self.stopping:
            self.found.append(await client.ask(request))
        client.close()

    @property
    def broken(self):
        return [each.error or each.status for each in self.found if each.failed or not whole(each)]


def whole(response):
    return response.status == 200 and response.body.endswith(b"data: [DONE]\n\n")


def rolled(fleet, times):
    return lambda: fleet.log().count("with the configuration that is in force") >= times


def ready(fleet):
    return sum(slot["state"] == "ready" for slot in fleet.stats()["workers"])


def family(fleet):
    """The supervisor and its children."""
    pid = fleet.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def no_connection(descriptor):
    try:
        return not str(descriptor.readlink()).startswith("socket:")
    except FileNotFoundError:
        return False  # closed since it was listed: a connection that has ended


def figures(pids):
    """Descriptors that are no connections, threads, and megabytes of memory, over some processes."""
    files = threads = memory = 0
    for pid in pids:
        folder = Path(f"/proc/{pid}")
        files += sum(map(no_connection, (folder / "fd").iterdir()))
        threads += len(list((folder / "task").iterdir()))
        memory += int(re.search(r"^Pss:\s+(\d+) kB", (folder / "smaps_rollup").read_text(), re.MULTILINE)[1]) / 1024
    return files, threads, memory


def no_doubles(responses):
    addresses = [response.address for response in responses if not response.failed]
    assert len(set(addresses)) == len(addresses)


def test_reloads_growth_and_shrinking_lose_nothing(fleet):
    async def scenario():
        seen = []
        async with (
            Steady(fleet.port, prepared("/v1/chat/completions", CHAT), 500, 64) as load,
            Streams(fleet.port, 50) as streams,
        ):
            for turn in range(RELOADS):
                fleet.process.send_signal(signal.SIGHUP)
                await until(rolled(fleet, turn + 1), f"reload {turn + 1}")
                await until(lambda: len(family(fleet)) == 5, "the old workers to leave")
                seen.append(await asyncio.to_thread(lambda: figures(family(fleet))))
            for number, wanted in [(signal.SIGTTIN, 4 + k) for k in range(1, 5)] + [
                (signal.SIGTTOU, 8 - k) for k in range(1, 5)
            ]:
                fleet.process.send_signal(number)
                await until(lambda wanted=wanted: ready(fleet) == wanted, f"{wanted} workers")
            await until(lambda: len(family(fleet)) == 5, "the last workers to leave")
        assert load.failures == []
        assert {response.status for response in load.found} == {200}
        assert streams.broken == []
        assert len(load.found) > 500
        assert len(streams.found) > 50
        no_doubles(load.found + streams.found)
        files, threads, memory = zip(*seen[SETTLED:], strict=True)
        assert max(files) <= files[0]
        assert max(threads) <= threads[0]
        # What is in flight at the moment of a look is in it: growth would show in most of the last looks.
        assert median(memory[-5:]) <= memory[0] * 1.1 + 4

    run(scenario)


def test_recycling_loses_nothing(tmp_path):
    config = {"providers": PACE, "server": {"max_requests": 300, "max_requests_jitter": 50}}
    with Simulator(tmp_path, config=config, workers=4) as fleet:
        first = set(fleet.pids().values())

        async def scenario():
            async with Steady(fleet.port, prepared("/v1/chat/completions", CHAT), 500, 64) as load:
                await until(lambda: not first & set(fleet.pids().values()), "every worker to be replaced")
            assert load.failures == []
            assert {response.status for response in load.found} == {200}
            no_doubles(load.found)

        run(scenario)


def test_a_broken_file_changes_nothing_and_is_told(fleet):
    async def scenario():
        async with Steady(fleet.port, prepared("/v1/chat/completions", CHAT), 200, 16) as load:
            before = fleet.pids()
            good = fleet.config_path.read_text()
            fleet.config_path.write_text('{"server": {"prot": 1}}')
            fleet.process.send_signal(signal.SIGHUP)
            await until(lambda: "server.prot" in fleet.log(), "the reason in the log")
            health = (await asyncio.to_thread(fleet.ask, "/health")).json()
            assert any("server.prot" in warning for warning in health["warnings"])
            metrics = await asyncio.to_thread(fleet.metrics)
            assert metrics['llm_simulator_config_reloads_total{result="failed"}'] == 1
            assert fleet.pids() == before
            fleet.config_path.write_text(json.dumps(json.loads(good) | {"response": {"model_suffix": "-new"}}))
            fleet.process.send_signal(signal.SIGHUP)
            await until(rolled(fleet, 1), "the reload")
            health = (await asyncio.to_thread(fleet.ask, "/health")).json()
            assert not any("server.prot" in warning for warning in health["warnings"])
        assert load.failures == []
        last = await Client(fleet.port).ask(prepared("/v1/chat/completions", CHAT))
        assert last.json()["model"].endswith("-new")

    run(scenario)
