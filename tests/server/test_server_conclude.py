"""A worker that stops: what is under way ends in band, what waits is refused, what comes is refused."""

import asyncio
import json

import pytest
from asgi_client import Response, ask, call, make, until
from hand_made import Connection, Letters

from simulator.server.play import End, Playback, hold, stream_direct
from simulator.server.wheel import Concluded, Wheel
from simulator.state.board import Column

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
MESSAGE = {"model": "claude-sonnet-4-5", "max_tokens": 50, "messages": [{"role": "user", "content": "Hello"}]}
VERSION = ((b"anthropic-version", b"2023-06-01"),)
SLOW = {"distribution": "constant", "value_ms": 60_000}
ASKED = {"/v1/chat/completions": (CHAT, ()), "/v1/messages": (MESSAGE, VERSION)}


def paced(ttft, itl):
    return make(**{"providers.*.latency": {"ttft": ttft, "itl": itl}})


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario(), 10))


async def concluded(app, path, *, stream, begun):
    """A request that is under way when the worker stops; its response."""
    body, headers = ASKED[path]
    house = app._house
    response = Response()
    asked = asyncio.ensure_future(call(app, "POST", path, {**body, "stream": stream}, headers, into=response))
    await until(lambda: response.parts if begun else len(house.wheel))
    app.conclude()
    return await asked


@pytest.mark.parametrize("path", ASKED)
def test_a_stream_ends_with_the_providers_own_error(path):
    app = paced({"distribution": "constant", "value_ms": 0}, SLOW)
    response = run(lambda: concluded(app, path, stream=True, begun=True))
    assert response.status == 200
    last = [line for line in response.body.decode().splitlines() if line.startswith("data: ")][-1]
    error = json.loads(last.removeprefix("data: "))["error"]
    assert error["type"] == ("server_error" if "chat" in path else "overloaded_error")
    assert b"[DONE]" not in response.body


def test_a_response_s_stream_ends_with_its_own_events(monkeypatch):
    monkeypatch.setitem(ASKED, "/v1/responses", ({"model": "gpt-4o", "input": "Hello", "store": False}, ()))
    app = paced({"distribution": "constant", "value_ms": 0}, SLOW)
    response = run(lambda: concluded(app, "/v1/responses", stream=True, begun=True))
    events = [json.loads(line[6:]) for line in response.body.decode().splitlines() if line.startswith("data: ")]
    assert events[-1]["type"] in ("response.failed", "error")
    assert [event["sequence_number"] for event in events] == list(range(len(events)))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ASKED)
def test_what_has_not_begun_is_refused_with_a_time_to_come_back(path, stream):
    app = paced(SLOW, SLOW)
    response = run(lambda: concluded(app, path, stream=stream, begun=False))
    assert response.status == (503 if "chat" in path else 529)
    assert response.headers["retry-after"] == "1"
    assert app._house.row[Column.IN_FLIGHT] == 0


@pytest.mark.parametrize("path", ASKED)
def test_a_fleet_that_stops_refuses_politely(path):
    app = make(simulation__latency="none")
    app.refuse()
    body, headers = ASKED[path]
    response = ask(app, "POST", path, body, headers)
    assert response.status == (503 if "chat" in path else 529)
    assert response.headers["retry-after"] == "1"
    assert response.json()["error"]["message"]
    assert ask(app, "GET", "/v1/models").status == 200


def test_the_direct_way_ends_with_the_farewell():
    async def scenario():
        connection = Connection()
        wheel = Wheel(asyncio.get_running_loop())
        playback = Playback(
            Letters("abc"), [0.0, 60.0, 61.0], asyncio.get_running_loop().time(), (90, 9), lambda sent: b"!%d" % sent
        )
        playing = asyncio.ensure_future(stream_direct(wheel, connection, playback, (200, b"")))
        await until(lambda: connection.written)
        wheel.conclude()
        assert (await playing)[0] is End.CONCLUDED
        assert connection.text == b"a!1"
        assert connection.finished
        assert len(wheel) == 0

    run(scenario)


def test_what_has_not_begun_is_left_to_whoever_awaits_it():
    async def scenario():
        connection = Connection()
        wheel = Wheel(asyncio.get_running_loop())
        playback = Playback(
            Letters("ab"), [60.0, 61.0], asyncio.get_running_loop().time(), (90, 9), lambda sent: b"!%d" % sent
        )
        playing = asyncio.ensure_future(stream_direct(wheel, connection, playback, (200, b"")))
        await asyncio.sleep(0)
        held = asyncio.ensure_future(hold(wheel, connection, None, asyncio.get_running_loop().time() + 60))
        await asyncio.sleep(0)
        wheel.conclude()
        assert await playing == (End.CONCLUDED, 0.0, 0)
        assert connection.written == []
        with pytest.raises(Concluded):
            await held

    run(scenario)
