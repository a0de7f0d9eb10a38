"""Clients that leave, fall silent, close half of the connection or do not read."""

import contextlib
import json
import socket
import time

import pytest
from hostile_wire import CHAT, ENDPOINTS, MESSAGE, WRITE_TIMEOUT, chat, connected, request, responses, until_closed
from serving import wait_for

AT_ONCE = 1.0
"""Seconds in which a stream whose client has left must be over (spec 7.3)."""


def begun(fleet, **changes):
    """A stream whose first bytes have come."""
    stack = contextlib.ExitStack()
    connection = stack.enter_context(connected(fleet))
    connection.sendall(chat(**{"stream": True, "max_tokens": 2000, **changes}))
    assert connection.recv(20).startswith(b"HTTP/1.1 200")
    return stack, connection


def busy(fleet):
    totals = fleet.stats()["totals"]
    return totals["in_flight"], totals["streams"]


def wait_until_idle(fleet, patience):
    wait_for(lambda: busy(fleet) == (0, 0), "the fleet to be idle", patience=patience)


@pytest.mark.parametrize("how", ["close", "reset", "shutdown"])
def test_clients_that_leave_in_mid_stream(paced, how):
    streams = [begun(paced) for _ in range(10)]
    assert busy(paced) == (10, 10)
    for stack, connection in streams:
        if how == "reset":
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        if how == "shutdown":
            connection.shutdown(socket.SHUT_RDWR)
        stack.close()
    wait_until_idle(paced, AT_ONCE)


def test_clients_that_leave_before_a_plain_answer(paced):
    with contextlib.ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(connected(paced)).sendall(chat(max_tokens=2000))
        wait_for(lambda: busy(paced) == (10, 0), "ten requests to be held")
    wait_until_idle(paced, AT_ONCE)


def test_a_client_that_leaves_with_requests_still_in_line(paced):
    stack, connection = begun(paced)
    connection.sendall(chat(stream=True) * 20)
    stack.close()
    wait_until_idle(paced, AT_ONCE)


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_a_half_closed_connection_frees_what_it_held(paced, stream):
    """Whoever has stopped sending is taken to have left: uvicorn's rule, as that of most servers."""
    with connected(paced) as connection:
        connection.sendall(chat(stream=stream, max_tokens=2000))
        connection.shutdown(socket.SHUT_WR)
        until_closed(connection)
        wait_until_idle(paced, AT_ONCE)


def test_a_half_closed_connection_gets_what_is_due_at_once(fleet):
    with connected(fleet) as connection:
        connection.sendall(chat())
        connection.shutdown(socket.SHUT_WR)
        heard = until_closed(connection)
    assert json.loads(heard.partition(b"\r\n\r\n")[2])["object"] == "chat.completion"


@pytest.mark.parametrize("cut", [1, 20, 60, -30, -1])
def test_clients_that_leave_in_mid_request(fleet, cut):
    refused = fleet.stats()["totals"]["refused"]
    for path, body in ENDPOINTS.items():
        for lines in ((), ("expect: 100-continue",)):
            with connected(fleet) as connection:
                connection.sendall(request("POST", path, *lines, body=json.dumps(body).encode())[:cut])
    wait_until_idle(fleet, AT_ONCE)
    assert fleet.stats()["totals"]["refused"] == refused


def test_a_reader_that_does_not_read_is_cut_off(paced):
    """A stream that fills all buffers between: after `write_timeout_secs` it is over and its connection closed."""
    streams_before = paced.metrics()
    with connected(paced, receive_buffer=4096) as connection:
        connection.sendall(chat(stream=True, n=128, max_tokens=2500))
        wait_for(lambda: busy(paced) == (1, 1), "the stream to begin")
        began = time.monotonic()
        wait_until_idle(paced, 20)
        assert time.monotonic() - began >= WRITE_TIMEOUT
        heard = until_closed(connection)
    assert heard.startswith(b"HTTP/1.1 200")
    assert b"[DONE]" not in heard
    slow = 'llm_simulator_errors_total{endpoint="chat_completions",kind="client_slow",model="gpt-4o",provider="openai"}'
    assert paced.metrics()[slow] == streams_before.get(slow, 0) + 1


def test_a_slow_reader_that_does_read_is_served_to_the_end(paced):
    """Reading later than the pace is no offence: nothing is lost."""
    with connected(paced, receive_buffer=4096) as connection:
        connection.sendall(chat(stream=True, n=4, max_tokens=60))
        (answer,) = responses(connection, "POST")
    assert answer.body.endswith(b"data: [DONE]\n\n")
    assert answer.body.count(b'"delta":{"content"') == 4 * 60


def test_an_unread_answer_does_not_hold_its_connection_for_ever(paced):
    """The answer is complete for the server but nobody reads it: `write_timeout_secs` is for it too (spec 7.3)."""
    texts = [f"text {number}" for number in range(1500)]
    body = json.dumps({"model": "text-embedding-3-large", "input": texts, "encoding_format": "float"}).encode()
    idle = paced.stats()["totals"]["connections"]
    with connected(paced, receive_buffer=4096) as connection:
        connection.sendall(request("POST", "/v1/embeddings", body=body))
        wait_for(lambda: paced.stats()["totals"]["connections"] == idle + 1, "the connection to be seen", patience=5)
        wait_until_idle(paced, 10)
        wait_for(lambda: paced.stats()["totals"]["connections"] == idle, "the unread connection to end", patience=20)


def test_silent_connections_do_not_disturb_others(fleet):
    with contextlib.ExitStack() as stack:
        for number in range(200):
            silent = stack.enter_context(connected(fleet))
            silent.sendall(chat()[: number % 100])
        for _ in range(20):
            assert fleet.ask("/v1/chat/completions", CHAT).status == 200
        path = "/v1/messages"
        assert fleet.ask(path, MESSAGE, {"anthropic-version": "2026-10-21"}).status == 200
