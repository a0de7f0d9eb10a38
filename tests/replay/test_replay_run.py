"""Sending a log: at its distances, within its bounds, to whoever answers."""

import asyncio
import contextlib

import pytest

from simulator.replay.again import Keys
from simulator.replay.client import Target, Unreachable, ask
from simulator.replay.log import Recorded
from simulator.replay.run import Settings, replayed
from simulator.replay.source import Denied, fetched, is_simulator, loopback

ANSWER = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok"


def record(number, time):
    return Recorded(
        number=number, time=time, method="GET", path=f"/{number}", query="", headers={}, key="", status=200, reason="",
        address="", size=0, cut=False,
    )  # fmt: skip


class Server:
    """A stand-in on loopback. `hold`: nobody is answered before so many are there at the same time."""

    def __init__(self, answer=ANSWER, hold=1):
        self.answer, self.hold = answer, hold
        self.paths, self.times, self.here, self.most = [], [], 0, 0

    @contextlib.asynccontextmanager
    async def running(self):
        self.enough = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        self.paths.append(head.split()[1].decode())
        self.times.append(asyncio.get_running_loop().time())
        self.here += 1
        self.most = max(self.most, self.here)
        if len(self.paths) >= self.hold:
            self.enough.set()
        if self.answer is None:
            await reader.read()
        else:
            await self.enough.wait()
            writer.write(self.answer)
        self.here -= 1
        writer.close()


def play(server, records, settings):
    async def run():
        async with server.running():
            return await replayed(records, Target(server.url), Keys((), set()), settings)

    return asyncio.run(asyncio.wait_for(run(), 20))


def test_requests_keep_their_distances():
    server = Server()
    outcomes = play(server, [record(number, 100 + number * 0.2) for number in range(4)], Settings(speed=2.0))
    assert server.paths == ["/0", "/1", "/2", "/3"]
    gaps = [later - earlier for earlier, later in zip(server.times, server.times[1:], strict=False)]
    assert sum(gaps) == pytest.approx(0.3, abs=0.1)
    assert [(outcome.sent, outcome.differences) for outcome in outcomes] == [(True, [])] * 4


def test_at_most_so_many_are_under_way():
    server = Server(hold=3)
    outcomes = play(server, [record(number, 100) for number in range(9)], Settings(speed=None, concurrency=3))
    assert len(outcomes) == 9
    assert server.most == 3


def test_an_answer_that_never_comes_is_given_up():
    outcomes = play(Server(answer=None), [record(1, 100)], Settings(patience=0.1))
    assert [one.what for one in outcomes[0].differences] == ["status"]


def test_who_is_away_is_told():
    async def nobody():
        server = Server()
        async with server.running():
            gone = Target(server.url)
        with pytest.raises(Unreachable, match="does not answer"):
            await ask(gone, b"", 1)
        with pytest.raises(Unreachable, match="does not answer"):
            await replayed([record(1, 0), record(2, 0)], gone, Keys((), set()), Settings())
        with pytest.raises(Unreachable):
            await asyncio.to_thread(is_simulator, gone)

    asyncio.run(nobody())


def test_who_is_no_simulator_is_told():
    async def another():
        async with Server().running() as server:
            assert not await asyncio.to_thread(is_simulator, Target(server.url))
            with pytest.raises(Denied, match="is this the address of llm-simulator"):
                await asyncio.to_thread(fetched, Target(server.url), " key ")

    asyncio.run(another())


def test_what_this_machine_is():
    assert [loopback(host) for host in ("localhost", "127.0.0.1", "::1", "10.0.0.1", "api.openai.com")] == [
        True, True, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://", "http://127.0.0.1:x", "http://a/?b=c"])
def test_what_is_no_address(url):
    with pytest.raises(ValueError, match=r"address|[Pp]ort"):
        Target(url)
