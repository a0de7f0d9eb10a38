"""Asks many requests at a time, as the replay command does: what is broken on purpose is read to its end."""

import asyncio
import json

from simulator.replay.client import Target, ask

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"


def chat(number, *, stream=False, model="gpt-4o", **more):
    body = {"model": model, "max_tokens": 40, "stream": stream, **more}
    return CHAT, {**body, "messages": [{"role": "user", "content": f"Question {number}"}]}


def message(number, *, stream=False):
    body = {"model": "claude-sonnet-4-5", "max_tokens": 40, "stream": stream}
    return MESSAGES, {**body, "messages": [{"role": "user", "content": f"Question {number}"}]}


def request_bytes(url, path, body, headers=None):
    given = {
        "host": url.partition("//")[2],
        "connection": "close",
        "content-type": "application/json",
        "authorization": "Bearer sk-test",
        "anthropic-version": "2023-06-01",
        **(headers or {}),
    }
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = "".join(f"{name}: {value}\r\n" for name, value in {**given, "content-length": len(sent)}.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + sent


def ask_all(url, requests, at_once=16):
    """What comes of each of the requests (path, body, headers), in their order."""
    target = Target(url)

    async def one(room, request):
        async with room:
            return await ask(target, request_bytes(url, *request), 30)

    async def everything():
        room = asyncio.Semaphore(at_once)
        return await asyncio.gather(*[one(room, request) for request in requests])

    return asyncio.run(everything())


def seen(got):
    """What of a response no clock tells."""
    return (got.status, got.ending, got.digest, got.size, got.headers.get("x-llm-sim-fault", ""))


def replaying(got):
    """The request headers that ask for a response again, made of the response's own."""
    told = got.headers
    again = {"x-llm-sim-replay": f"{told['x-llm-sim-shard']}/{told['x-llm-sim-sequence']}"}
    if "x-llm-sim-circumstances" in told:
        again["x-llm-sim-circumstances"] = told["x-llm-sim-circumstances"]
    if told.get("x-llm-sim-key"):
        again |= {"x-llm-sim-key": told["x-llm-sim-key"], "x-stainless-retry-count": told["x-llm-sim-retry"]}
    return again
