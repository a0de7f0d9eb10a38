"""The connection's protocol by itself: fed with bytes, its writes kept in a list."""

import asyncio
import gc

import pytest
from supervisor_connections import REQUEST, connect, direct, late, plain, run


def test_an_answer_that_needs_no_waiting_is_sent_within_the_read_that_completes_its_request():
    async def scenario():
        protocol, transport = connect(direct)
        protocol.data_received(REQUEST[:-1])
        assert transport.sent == b""
        protocol.data_received(REQUEST[-1:])
        return transport.sent

    sent = run(scenario)
    assert sent.startswith(b"HTTP/1.1 200 OK\r\n")
    assert sent.endswith(b"\r\n\r\nhello")


def test_asgis_messages_are_sent_in_chunks():
    async def scenario():
        protocol, transport = connect(plain)
        protocol.data_received(REQUEST)
        return transport.sent

    sent = run(scenario)
    assert b"x-path: /x\r\n" in sent
    assert sent.endswith(b"transfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


def test_an_application_that_waits_is_carried_on_by_a_task():
    async def scenario():
        protocol, transport = connect(late)
        protocol.data_received(REQUEST)
        assert len(protocol.tasks) == 1
        await asyncio.gather(*protocol.tasks)
        return transport.sent

    assert run(scenario).endswith(b"hello")


def test_cancelling_that_task_reaches_the_application():
    ended = []

    async def stubborn(scope, receive, send):
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def scenario():
        protocol, _ = connect(stubborn)
        protocol.data_received(REQUEST)
        (task,) = protocol.tasks
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(scenario)
    assert ended == ["cancelled"]


@pytest.mark.parametrize("app", [direct, plain, late])
def test_a_request_leaves_no_garbage_for_the_collector(app):
    """The scope held the cycle and the cycle the scope: every request waited for a collection, which cost 8 % of a
    busy worker's time and kept all its memory cold."""

    async def scenario():
        protocol, _ = connect(app)

        async def ask():
            protocol.data_received(REQUEST)
            while protocol.tasks:
                await asyncio.gather(*protocol.tasks)

        await ask()
        gc.collect()
        gc.disable()
        try:
            for _ in range(50):
                await ask()
            return gc.collect()
        finally:
            gc.enable()

    assert run(scenario) < 50


def test_an_application_that_fails_is_answered_with_500_and_the_connection_ends(caplog):
    async def broken(scope, receive, send):
        raise RuntimeError("no")

    async def scenario():
        protocol, transport = connect(broken)
        protocol.data_received(REQUEST)
        return transport

    transport = run(scenario)
    assert transport.sent.startswith(b"HTTP/1.1 500 ")
    assert transport.closed
    assert "the application failed" in caplog.text


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([{"type": "http.response.body"}], "expected http.response.start"),
        ([{"type": "http.response.start", "status": 200, "headers": [(b"a", b"b\r\nc: d")]}], "would end its line"),
        (
            [
                {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"3")]},
                {"type": "http.response.body", "body": b"four"},
            ],
            "not as long as its content-length",
        ),
        ([{"type": "http.response.start", "status": 204}], "without completing"),
    ],
)
def test_what_asgi_forbids_ends_the_connection_and_is_logged(messages, told, caplog):
    async def wrong(scope, receive, send):
        for message in messages:
            await send(message)

    async def scenario():
        protocol, transport = connect(wrong)
        protocol.data_received(REQUEST)
        return transport

    assert run(scenario).closed
    assert told in caplog.text
