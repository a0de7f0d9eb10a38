"""A response that is written below HTTP: nothing is added to it, and the connection is left as it is told."""

import asyncio

import pytest
from supervisor_connections import REQUEST, connect, direct, run

from supervisor import cycle
from supervisor.cycle import EXTENSION


def answering(*steps):
    """An application whose first request is answered by steps on its way, and the others plainly."""
    asked = []

    async def app(scope, receive, send):
        asked.append(scope)
        if len(asked) > 1:
            await direct(scope, receive, send)
            return
        way = scope["extensions"][EXTENSION]
        way.take_body()
        for step in steps:
            step(way)

    return app


def begin(way):
    way.begin(200, b"content-length: 99\r\n", b"first ")


def raw(way):
    way.raw(b"second")


async def turns(count=3):
    for _ in range(count):
        await asyncio.sleep(0)


def test_what_is_written_is_all_that_is_sent_and_a_kept_connection_serves_on(caplog):
    async def scenario():
        protocol, transport = connect(answering(begin, raw, lambda way: way.finish(close=False)))
        protocol.data_received(REQUEST)
        await turns()
        head, _, body = transport.sent.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert head.endswith(b"content-length: 99"), "as it is given"
        assert body == b"first second"
        assert not transport.closed
        assert not protocol.busy
        protocol.data_received(REQUEST)
        await turns()
        assert transport.sent.endswith(b"hello")

    run(scenario)
    assert caplog.text == ""


def test_a_connection_that_is_finished_closes_without_a_word():
    async def scenario():
        protocol, transport = connect(answering(begin, lambda way: way.finish(close=True)))
        protocol.data_received(REQUEST)
        await turns()
        assert transport.closed
        assert b"connection: close" not in transport.sent
        assert transport.sent.endswith(b"first ")

    run(scenario)


class Socket:
    """Remembers what is set."""

    def __init__(self):
        self.options = []

    def setsockopt(self, *option):
        self.options.append(option)


def resetting(buffered):
    """(protocol, transport, socket) of a connection that is told to reset with so many looks' worth unwritten."""
    protocol, transport = connect(answering(begin, lambda way: way.reset(), raw))
    made, left = Socket(), [buffered]
    transport.get_extra_info = lambda name, default=None: made if name == "socket" else default

    def unwritten():
        left[0] -= 1
        return max(0, left[0])

    transport.get_write_buffer_size = unwritten
    return protocol, transport, made


def test_a_reset_waits_for_what_was_written_before_it_and_drops_what_comes_after(caplog):
    async def scenario():
        protocol, transport, made = resetting(buffered=4)
        protocol.data_received(REQUEST)
        await turns()
        assert not transport.closed
        assert made.options == []
        while not transport.closed:
            await asyncio.sleep(cycle.RESET_LOOK_SECONDS)
        assert [option[2] for option in made.options] == [b"\x01\0\0\0\0\0\0\0"]
        assert transport.sent.endswith(b"first ")

    run(scenario)
    assert caplog.text == "", "the application has done what it should"


def test_a_reset_does_not_wait_for_a_client_that_reads_nothing(monkeypatch):
    monkeypatch.setattr(cycle, "RESET_SECONDS", 0.02)

    async def scenario():
        protocol, transport, made = resetting(buffered=10**9)
        protocol.data_received(REQUEST)
        while not transport.closed:
            await asyncio.sleep(cycle.RESET_LOOK_SECONDS)
        assert len(made.options) == 1

    run(scenario)


@pytest.mark.parametrize("act", [begin, raw, lambda way: way.finish(close=True), lambda way: way.reset()])
def test_nothing_is_done_to_a_connection_whose_client_has_left(act):
    async def scenario():
        ways = []
        protocol, transport = connect(answering(ways.append))
        protocol.data_received(REQUEST)
        protocol.connection_lost(None)
        act(ways[0])
        await turns()
        assert transport.sent == b""

    run(scenario)
