"""A mixed scenario with keyed conditions fails alike on one worker and on eight, and its record replays alike."""

import asyncio
import json
import os
import subprocess
import sys

from simulator.replay.client import Target, ask

SCENARIO = {
    "simulation": {
        "latency_scale": 0.02,
        "conditions": "request",
        "recording": {"enabled": True, "max_requests": 1_000},
    },
    "errors": {"rate_limit": {"probability": 0.05, "retry_after_secs": 1}},
    "faults": {
        "first": {"kind": "overloaded", "first": 1, "probability": 0.3, "priority": 5},
        "nth": {"kind": "unavailable", "every": 15},
        "flaky": {"kind": "bad_gateway", "burst": {"begin": 0.05, "end": 0.2, "inside": 0.8}},
        "reset": {"kind": "reset", "probability": 0.07},
        "cut": {"kind": "cut", "probability": 0.07, "mid_frame": True},
        "stall": {"kind": "stall", "probability": 0.1, "duration_ms": 60},
        "trickle": {"kind": "trickle", "probability": 0.05, "bytes_per_sec": 50_000},
        "torn": {"kind": "malformed", "probability": 0.05},
        "length": {"kind": "wrong_length", "probability": 0.05},
        "event": {"kind": "error_event", "probability": 0.07, "error": "overloaded"},
        "hold": {"kind": "timeout", "after_ms": 30, "probability": 0.04},
    },
}
COUNT = 150


def requests(url):
    """The bytes of 150 requests: two dialects, streamed and not, some of them the second try of another."""
    host = url.partition("//")[2]
    for number in range(COUNT):
        openai, retry = number % 3 != 0, 1 if number % 10 == 9 else 0
        model = "gpt-4o" if openai else "claude-sonnet-4-5"
        asked = {"model": model, "max_tokens": 40, "stream": number % 2 == 0}
        body = json.dumps({**asked, "messages": [{"role": "user", "content": f"Question {number - retry}"}]}).encode()
        head = (
            f"POST {'/v1/chat/completions' if openai else '/v1/messages'} HTTP/1.1\r\nhost: {host}\r\n"
            f"connection: close\r\nauthorization: Bearer sk-test\r\nx-llm-sim-key: run-{number % 7}\r\n"
            f"x-stainless-retry-count: {retry}\r\ncontent-length: {len(body)}\r\n\r\n"
        )
        yield head.encode() + body


def outcomes(url):
    """What comes of each request, twelve at a time."""
    target = Target(url)

    async def one(room, request):
        async with room:
            return await ask(target, request, 30)

    async def everything():
        room = asyncio.Semaphore(12)
        return await asyncio.gather(*[one(room, request) for request in requests(url)])

    return asyncio.run(everything())


def failure(got):
    """All of an outcome but its address and its times. Errors name their request, as real ones do: of them the size."""
    struck = got.headers.get("x-llm-sim-fault", "")
    error = (got.status or 0) >= 400 or "event" in struck
    return (got.status, got.ending, struck, got.headers.get("retry-after"), got.size, None if error else got.digest)


def replay(folder, *arguments):
    command = [sys.executable, "-m", "simulator", "replay", str(folder / "run.jsonl"), *arguments]
    environ = {name: value for name, value in os.environ.items() if name != "LLM_SIM_ADMIN_KEY"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def test_one_worker_and_eight_fail_alike_and_the_record_replays(serve, tmp_path):
    eight = serve(workers=8, config=SCENARIO)
    one = serve(workers=1, config=SCENARIO)
    here, there = outcomes(eight.url), outcomes(one.url)
    for number, (first, second) in enumerate(zip(here, there, strict=True)):
        assert failure(first) == failure(second), number
    struck = {name for got in here for name in got.headers.get("x-llm-sim-fault", "").split(", ")}
    assert struck >= SCENARIO["faults"].keys() - {"hold"}
    assert {got.ending for got in here} == {"complete", "close", "reset"}
    assert {got.status for got in here} >= {None, 200, 429, 503}
    assert len({got.headers.get("x-llm-sim-shard") for got in here} - {None}) > 4

    assert replay(tmp_path, "--from", eight.url) == (0, "")
    calm = ("--url", one.url, "--speed", "max", "--concurrency", "12", "--tolerance", "5")
    all_the_same = f"{COUNT} requests sent to {one.url}: {COUNT} the same, 0 differ\n"
    assert replay(tmp_path, *calm) == (0, all_the_same)
    assert replay(tmp_path, *calm, "--fresh") == (0, all_the_same)
