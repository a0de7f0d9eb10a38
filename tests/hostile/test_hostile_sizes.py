"""More than is allowed: bodies, heads, and bodies whose length nobody tells."""

import json

import pytest
from hostile_wire import (
    CHAT,
    ENDPOINTS,
    MAX_BODY,
    chat,
    check_refusal,
    chunked,
    connected,
    exchange,
    headers_of,
    request,
    responses,
    until_closed,
)

PATHS = pytest.mark.parametrize("path", ENDPOINTS)


def lines_of(path):
    return [f"{name}: {value}" for name, value in headers_of(path).items()]


def padded(path, size):
    """The endpoint's valid body with spaces, `size` bytes in all."""
    return json.dumps(ENDPOINTS[path]).encode().ljust(size)


@PATHS
def test_the_largest_body_is_taken_and_one_byte_more_is_not(fleet, path):
    assert fleet.ask(path, padded(path, MAX_BODY), headers_of(path)).status == 200
    message, _ = check_refusal(fleet.ask(path, padded(path, MAX_BODY + 1), headers_of(path)), path, 413)
    assert "size" in message


@PATHS
@pytest.mark.parametrize("declared", [MAX_BODY + 1, 10**12, 2**63 - 1])
def test_a_declared_length_is_refused_before_the_body_comes(fleet, path, declared):
    (answer,) = exchange(fleet, request("POST", path, *lines_of(path), f"content-length: {declared}"))
    check_refusal(answer, path, 413)


@PATHS
def test_chunks_are_counted(fleet, path):
    """Refused as soon as they are too many, though their end has not come."""
    head = request("POST", path, *lines_of(path), "transfer-encoding: chunked")
    part = b"%x\r\n%b\r\n" % (50_000, b" " * 50_000)
    with connected(fleet) as connection:
        connection.sendall(head + part * (MAX_BODY // 50_000 + 1))
        (answer,) = responses(connection, "POST")
    check_refusal(answer, path, 413)


@PATHS
def test_chunks_up_to_the_limit_are_taken(fleet, path):
    body = padded(path, MAX_BODY)
    parts = [body[start : start + 7_001] for start in range(0, MAX_BODY, 7_001)]
    (answer,) = exchange(
        fleet, request("POST", path, *lines_of(path), "transfer-encoding: chunked", body=chunked(*parts))
    )
    assert answer.status == 200


@PATHS
@pytest.mark.parametrize("expect", [(), ("expect: 100-continue",)], ids=["plain", "expect"])
def test_no_chunks_at_all_are_an_empty_body(fleet, path, expect):
    """Such a request was once waited for without end."""
    head = request("POST", path, *lines_of(path), *expect, "transfer-encoding: chunked", "connection: close")
    (answer,) = exchange(fleet, head + chunked())
    assert "JSON" in check_refusal(answer, path)[0]


def test_the_connection_goes_on_after_a_body_was_too_large(fleet):
    """What was refused is read to its end, and the next request is understood."""
    large = request("POST", "/v1/chat/completions", body=b" " * (MAX_BODY * 3))
    first, second = exchange(fleet, large + chat(), "POST", "POST")
    assert (first.status, second.status) == (413, 200)


HEADS = {
    "one header at once": request("GET", "/live", "x: " + "a" * 70_000),
    "one header": request("GET", "/live", "x: " + "a" * 1_000_000),
    "many headers": request("GET", "/live", *[f"x{number}: a" for number in range(20_000)]),
    "a name": request("GET", "/live", "x" * 100_000 + ": a"),
    "the target": request("GET", "/" + "a" * 100_000),
    "the query": request("GET", "/live?" + "a" * 300_000),
    "no end": b"GET /live HTTP/1.1\r\nx: " + b"a" * 100_000,
    "after a body": chat() + request("GET", "/live", "x: " + "a" * 150_000),
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_is_too_large(fleet, name):
    """The server stops reading, so the client may find the connection reset; then it has no answer to read."""
    with connected(fleet) as connection:
        try:
            connection.sendall(HEADS[name])
        except (ConnectionResetError, BrokenPipeError):
            return
        heard = until_closed(connection)
    heard = heard.partition(b"}\n")[2] if name == "after a body" and heard.startswith(b"HTTP/1.1 200") else heard
    assert b"HTTP/1.1 431 " in heard or not heard
    assert b"HTTP/1.1 200 " not in heard.partition(b"HTTP/1.1 431 ")[2]


@pytest.mark.parametrize("size", [66_000, 100_000, 200_000])
def test_a_large_head_gets_431_whether_or_not_it_comes_at_once(fleet, size):
    """A head that was complete within one read was once not measured."""
    whole = request("GET", "/live", "x: " + "a" * size)
    with connected(fleet) as connection:
        connection.sendall(whole[:-2])
        assert until_closed(connection).startswith(b"HTTP/1.1 431 ")
    with connected(fleet) as connection:
        connection.sendall(whole)
        assert until_closed(connection).startswith(b"HTTP/1.1 431 ")


def test_a_head_within_the_limit(fleet):
    large = request("POST", "/v1/chat/completions", "x: " + "a" * 60_000, body=json.dumps(CHAT).encode())
    answers = exchange(fleet, large * 3, "POST", "POST", "POST")
    assert [answer.status for answer in answers] == [200] * 3
