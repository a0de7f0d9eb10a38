"""Refusing connections on real listening sockets, without a fleet."""

import asyncio
import contextlib
import logging
import os
import socket
import sys

import pytest
import uvloop

from simulator.state.board import Board, Column, SlotState
from simulator.state.slot import Slot
from supervisor.accept import Acceptor, listens
from supervisor.refusing import Gate
from supervisor.sockets import bind

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux takes a socket out of LISTEN")


class Side:
    """What a gate needs of an acceptor."""

    def __init__(self, listener):
        self.listener = listener
        self.stopped = False
        self.told = []

    def hold(self):
        self.told.append("hold")

    def go_on(self):
        self.told.append("go on")


@pytest.fixture
def listener():
    (made,) = bind("127.0.0.1", 0)
    with made:
        yield made


def reach(listener):
    """Whether a connection is taken."""
    with socket.socket(listener.family) as client:
        client.settimeout(5)
        try:
            client.connect(listener.getsockname())
        except ConnectionRefusedError:
            return False
        return True


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_a_port_that_the_system_chose_stays_ours_while_it_refuses(host):
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(made) for made in bind(host, 0)]
        assert len({made.getsockname()[1] for made in listeners}) == 1
        names = [made.getsockname() for made in listeners]
        assert names[0][1]
        gate = Gate([Side(made) for made in listeners])
        gate.tell(True)
        assert [reach(made) for made in listeners] == [False] * len(listeners)
        assert [made.getsockname() for made in listeners] == names
        other = stack.enter_context(socket.socket(listeners[0].family))
        with pytest.raises(OSError, match="Address already in use"):
            other.bind(names[0])
        gate.tell(False)
        assert [reach(made) for made in listeners] == [True] * len(listeners)
        assert [made.getsockname() for made in listeners] == names


def test_a_queued_connection_is_reset(listener):
    gate = Gate([Side(listener)])
    with socket.create_connection(listener.getsockname(), timeout=5) as client:
        gate.tell(True)
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_many_workers_do_it_together_and_heal_what_one_has_done_late(listener):
    sides = [Side(listener) for _ in range(3)]
    gates = [Gate([side]) for side in sides]
    for gate in gates:
        gate.tell(True)
    assert not reach(listener)
    assert [side.told for side in sides] == [["hold"]] * 3
    gates[0].tell(False)
    gates[1].tell(True)
    assert not reach(listener), "a worker that was not told yet"
    for gate in gates:
        gate.tell(False)
    assert reach(listener)
    assert [side.told[-1] for side in sides] == ["go on"] * 3


def test_a_worker_that_leaves_does_not_touch_the_socket(listener):
    side = Side(listener)
    gate = Gate([side])
    side.stopped = True
    gate.tell(True)
    assert reach(listener)
    listener.shutdown(socket.SHUT_RD)
    gate.tell(False)
    assert not reach(listener)
    assert side.told == []


def test_a_port_that_somebody_else_has_taken_is_told_once_and_tried_again(listener, caplog):
    side = Side(listener)
    gate = Gate([side])
    gate.tell(True)
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(listener.getsockname())
        other.listen()
        with caplog.at_level(logging.ERROR):
            gate.tell(False)
            gate.tell(False)
        assert [record.getMessage() for record in caplog.records] == [
            "connections cannot be accepted again: Address already in use"
        ]
        assert side.told == ["hold"]
    gate.tell(False)
    assert side.told == ["hold", "go on"]
    assert reach(listener)


def test_a_system_that_cannot_refuse_goes_on_and_says_so(caplog):
    class Stubborn:
        def getsockopt(self, *_):
            return 1

        def shutdown(self, _):
            raise OSError(107, "Transport endpoint is not connected")

    side = Side(Stubborn())
    with caplog.at_level(logging.ERROR):
        Gate([side]).tell(True)
    assert "this system cannot refuse connections" in caplog.text
    assert side.told == ["go on"]


class Taken(asyncio.Protocol):
    def connection_made(self, transport):
        transport.close()


class Watched(Acceptor):
    """Counts how often it is woken."""

    wakes = 0

    def _on_readable(self):
        self.wakes += 1
        super()._on_readable()


@pytest.mark.parametrize("make_loop", [asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def test_a_worker_does_not_spin_on_a_socket_that_refuses(listener, make_loop, caplog):
    """epoll tells such a socket as hung up, for ever: told or not, a worker must not be woken all the time."""
    slot = Slot(ordinal=0, pod=0, board=Board(1))
    slot.row[Column.STATE] = SlotState.READY

    async def scenario():
        loop = asyncio.get_running_loop()
        acceptor = Watched(loop, listener, slot, Taken, max_connections=10)
        gate = Gate([acceptor])
        acceptor.start()
        listener.shutdown(socket.SHUT_RD)  # by another worker, of which this one knows nothing
        await asyncio.sleep(0.25)
        untold = acceptor.wakes
        gate.tell(True)
        acceptor.wakes = 0
        before = os.times()
        await asyncio.sleep(0.25)
        after = os.times()
        told = acceptor.wakes
        gate.tell(False)
        assert listens(listener)
        with socket.socket() as client:
            client.setblocking(False)
            await asyncio.wait_for(loop.sock_connect(client, listener.getsockname()), 5)
            assert await asyncio.wait_for(loop.sock_recv(client, 1), 5) == b""
        acceptor.stop()
        acceptor.go_on()
        acceptor.hold()
        await acceptor.settle()
        return untold, told, after.user + after.system - before.user - before.system

    with asyncio.Runner(loop_factory=make_loop) as runner:
        untold, told, used = runner.run(asyncio.wait_for(scenario(), 10))
    assert untold <= 5
    assert told == 0
    assert used < 0.2
    assert "system call" not in caplog.text
