"""A connection whose server leaves: which responses are the last, and when it is idle; the ways out in order."""

import asyncio
import logging

import pytest
from supervisor_connections import REQUEST, connect, direct, late, plain, run

from simulator.config.schema import Server
from supervisor.departure import Departure, Way
from supervisor.protocol import LLMProtocol


@pytest.fixture
def leave(monkeypatch):
    """Have the server of all connections leave, as `Server` does."""

    def begin(*protocols):
        monkeypatch.setattr(LLMProtocol, "leaving", True)
        for protocol in protocols:
            protocol.leave()

    return begin


@pytest.mark.parametrize("app", [direct, plain])
def test_a_request_that_comes_after_is_answered_with_close(leave, app):
    async def scenario():
        protocol, transport = connect(app)
        protocol.data_received(REQUEST)
        assert b"connection: close" not in transport.sent
        leave(protocol)
        assert not transport.closed, "its client may be sending at this moment"
        protocol.data_received(REQUEST)
        assert transport.sent.count(b"connection: close") == 1
        assert transport.closed

    run(scenario)


def test_a_response_that_has_not_begun_is_the_last(leave):
    async def scenario():
        protocol, transport = connect(late)
        protocol.data_received(REQUEST)
        leave(protocol)
        await asyncio.gather(*protocol.tasks)
        assert b"connection: close" in transport.sent
        assert transport.closed

    run(scenario)


def test_a_response_that_has_begun_keeps_its_promise(leave):
    """It said nothing of closing: its client may send the next request as soon as it ends."""
    go = asyncio.Event()

    async def halting(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await go.wait()
        await send({"type": "http.response.body", "body": b"end"})

    async def scenario():
        protocol, transport = connect(halting)
        protocol.data_received(REQUEST)
        await asyncio.sleep(0)
        leave(protocol)
        go.set()
        await asyncio.gather(*protocol.tasks)
        assert transport.sent.endswith(b"0\r\n\r\n")
        assert not transport.closed
        protocol.data_received(REQUEST)
        assert transport.sent.count(b"connection: close") == 1

    run(scenario)


def test_of_pipelined_requests_the_last_is_told(leave):
    async def scenario():
        protocol, transport = connect(late)
        protocol.data_received(REQUEST * 3)
        leave(protocol)
        while not transport.closed:
            await asyncio.sleep(0.001)
        first, second, third = transport.sent.split(b"HTTP/1.1 200 OK")[1:]
        assert b"connection: close" not in first + second
        assert b"connection: close" in third

    run(scenario)


def test_what_follows_a_last_response_is_not_answered(leave):
    async def scenario():
        protocol, transport = connect(direct)
        leave(protocol)
        protocol.data_received(REQUEST * 2)
        assert transport.sent.count(b"HTTP/1.1 200") == 1

    run(scenario)


def test_idleness():
    async def scenario():
        protocol, _ = connect(late)
        assert protocol.idle_since() is not None, "it has been opened, and no more"
        assert not protocol.quiet, "its first request may be on its way"
        protocol.data_received(REQUEST[:10])
        assert protocol.idle_since() is None, "amid a head"
        protocol.data_received(REQUEST[10:-1])
        assert protocol.idle_since() is None, "amid a body"
        assert protocol.busy
        protocol.data_received(REQUEST[-1:])
        assert protocol.idle_since() is None, "amid the answer"
        await asyncio.gather(*protocol.tasks)
        assert protocol.quiet
        assert protocol.idle_since() is not None
        protocol.data_received(REQUEST[:10])
        assert protocol.idle_since() is None, "amid the next head"
        assert not protocol.quiet
        assert not protocol.busy

    run(scenario)


class Acceptor:
    def __init__(self, told):
        self.told = told

    def stop(self):
        self.told.append("stop")

    def finish(self):
        self.told.append("finish")

    async def settle(self):
        return None


class App:
    def __init__(self, told, *, broken=False):
        self.told, self.broken = told, broken

    def refuse(self):
        self.told.append("refuse")
        if self.broken:
            raise RuntimeError("no")

    def conclude(self):
        self.told.append("conclude")


def depart(way, *, app=None, protocols=(), settings=None, told=()):
    """Leave, and return what acceptor and application were told."""
    log = list(told)

    async def scenario():
        app_ = App(log) if app is None else app(log)
        settings_ = settings or Server(shutdown_timeout_secs=0.05)
        departure = Departure(app_, list(protocols), [], settings_)
        departure.tell(way)
        await departure.wait()
        await departure.run([Acceptor(log)], [])

    run(scenario)
    return log


@pytest.mark.parametrize(
    ("way", "first"),
    [(Way.RETIRE, "stop"), (Way.STOP, "refuse"), (Way.ORPHAN, "stop"), (Way.QUICK, "stop")],
)
def test_what_comes_first(way, first):
    told = depart(way)
    assert told[0] == first
    assert ("refuse" in told) is (way in (Way.STOP, Way.ORPHAN))
    assert "conclude" not in told, "nothing runs"


def test_a_fault_in_the_application_s_own_methods_keeps_no_worker(caplog):
    with caplog.at_level(logging.ERROR):
        assert "finish" in depart(Way.STOP, app=lambda log: App(log, broken=True))
    assert "the application failed while it left" in caplog.text


def test_an_application_without_these_methods_is_left_in_peace():
    assert "finish" in depart(Way.STOP, app=lambda _log: object())


def test_a_less_urgent_way_does_not_replace_a_more_urgent_one():
    async def scenario():
        departure = Departure(object(), [], [], Server())
        assert not departure.told
        departure.tell(Way.QUICK)
        departure.tell(Way.RETIRE)
        assert departure.quick

    run(scenario)
