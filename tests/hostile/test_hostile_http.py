"""HTTP that is broken, old, rare or sent in strange pieces."""

import json

import pytest
from hostile_wire import CHAT, chat, check_refusal, chunked, connected, exchange, request, responses, until_closed

PATH = "/v1/chat/completions"
BODY = json.dumps(CHAT).encode()
LENGTH = f"content-length: {len(BODY)}"
MALFORMED = {
    "garbage": b"garbage\r\n\r\n",
    "TLS": bytes.fromhex("16030100a5010000a10303"),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no version": b"GET /live HTTP\r\n\r\n",
    "future": request("GET", "/live", version="9.9"),
    "lower case": b"get /live http/1.1\r\n\r\n",
    "unknown method": request("BREW", "/live"),
    "no target": b"GET  HTTP/1.1\r\n\r\n",
    "space before colon": request("GET", "/live", "x : a"),
    "no colon": request("GET", "/live", "x"),
    "no name": request("GET", "/live", ": a"),
    "folded": request("GET", "/live", "x: a\r\n b"),
    "null in value": request("GET", "/live", "x: a\0b"),
    "null in target": b"GET /\0 HTTP/1.1\r\n\r\n",
    "bare newlines": b"GET /live HTTP/1.1\nx: a\n\n",
    "bare return": b"GET /live HTTP/1.1\rx: a\r\r",
    "two lengths": request("POST", PATH, LENGTH, "content-length: 5", body=BODY),
    "the same length twice": request("POST", PATH, LENGTH, LENGTH, body=BODY),
    "length and chunks": request("POST", PATH, LENGTH, "transfer-encoding: chunked", body=chunked(BODY)),
    "chunks and length": request("POST", PATH, "transfer-encoding: chunked", LENGTH, body=chunked(BODY)),
    "length list": request("POST", PATH, "content-length: 5, 5", body=BODY),
    "negative length": request("POST", PATH, "content-length: -1", body=BODY),
    "plus length": request("POST", PATH, "content-length: +5", body=BODY),
    "hexadecimal length": request("POST", PATH, "content-length: 0x10", body=BODY),
    "endless length": request("POST", PATH, "content-length: " + "9" * 40, body=BODY),
    "empty length": request("POST", PATH, "content-length:", body=BODY),
    "unknown coding": request("POST", PATH, "transfer-encoding: gzip", body=BODY),
    "chunked is not last": request("POST", PATH, "transfer-encoding: chunked, gzip", body=chunked(BODY)),
    "chunk size": request("POST", PATH, "transfer-encoding: chunked", body=b"zz\r\n\r\n"),
    "negative chunk": request("POST", PATH, "transfer-encoding: chunked", body=b"-5\r\nhello\r\n"),
    "endless chunk": request("POST", PATH, "transfer-encoding: chunked", body=b"f" * 30 + b"\r\n"),
    "chunk without its end": request("POST", PATH, "transfer-encoding: chunked", body=b"2\r\nhello\r\n0\r\n\r\n"),
    "tunnel": b"CONNECT fleet:443 HTTP/1.1\r\nhost: fleet:443\r\n\r\n",
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed(fleet, data):
    """No provider can be told from it, so the answer is plain text; the connection ends with it."""
    with connected(fleet) as connection:
        connection.sendall(data)
        heard = until_closed(connection)
    assert heard.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nconnection: close\r\n" in heard
    assert heard.count(b"HTTP/1.1 ") == 1


def test_garbage_after_a_request(fleet):
    with connected(fleet) as connection:
        connection.sendall(chat() + b"\x01garbage\r\n\r\n")
        first, second = responses(connection, "POST", "POST")
    assert (first.status, second.status) == (200, 400)


def test_garbage_after_a_request_that_waits_is_no_answer_to_it(paced):
    """The answer is still due, so the 400 would be taken for it."""
    with connected(paced) as connection:
        connection.sendall(chat() + b"\x01garbage\r\n\r\n")
        assert until_closed(connection) == b""


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_old_and_closing_clients(fleet, version, stream):
    """HTTP/1.0 knows no chunks: the end of the connection ends a stream."""
    body = json.dumps({**CHAT, "stream": stream}).encode()
    with connected(fleet) as connection:
        connection.sendall(request("POST", PATH, "connection: close", body=body, version=version))
        heard = until_closed(connection)
    head, _, rest = heard.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in head
    assert (b"transfer-encoding: chunked" in head) == (stream and version == "1.1")
    assert b"data: [DONE]" in rest if stream else json.loads(rest)["object"] == "chat.completion"


def test_keep_alive_of_an_old_client_is_not_promised(fleet):
    with connected(fleet) as connection:
        connection.sendall(request("POST", PATH, "connection: keep-alive", body=BODY, version="1.0"))
        heard = until_closed(connection)
    assert b"connection: close" in heard.partition(b"\r\n\r\n")[0]


def test_chunks_from_an_old_client(fleet):
    """RFC 9112 6.1: the request may be answered, and then its connection must end."""
    with connected(fleet) as connection:
        connection.sendall(request("POST", PATH, "transfer-encoding: chunked", body=chunked(BODY), version="1.0"))
        assert until_closed(connection).startswith(b"HTTP/1.1 200 ")


def test_a_request_in_single_bytes(fleet):
    with connected(fleet) as connection:
        for byte in chat():
            connection.sendall(bytes([byte]))
        (answer,) = responses(connection, "POST")
    assert answer.status == 200
    assert answer.body == exchange(fleet, chat())[0].body


@pytest.mark.parametrize("size", [3, 7, 50])
def test_chunks_in_pieces(fleet, size):
    parts = [BODY[start : start + 5] for start in range(0, len(BODY), 5)]
    data = request("POST", PATH, "transfer-encoding: chunked", body=chunked(*parts))
    with connected(fleet) as connection:
        for start in range(0, len(data), size):
            connection.sendall(data[start : start + size])
        (answer,) = responses(connection, "POST")
    assert answer.status == 200


def test_chunk_extensions_and_trailers(fleet):
    body = b'%x;name="value"\r\n%b\r\n0\r\nx-trailer: a\r\n\r\n' % (len(BODY), BODY)
    (answer,) = exchange(fleet, request("POST", PATH, "transfer-encoding: chunked", body=body))
    assert answer.status == 200


def test_pipelined_requests_are_answered_in_order(fleet):
    asked = [chat(stream=number % 3 == 0, max_tokens=number + 1) for number in range(40)]
    expected = [exchange(fleet, data)[0].body for data in asked]
    assert len(set(expected)) > 10
    answers = exchange(fleet, b"".join(asked), *["POST"] * len(asked))
    assert [answer.body for answer in answers] == expected


def test_pipelined_refusals_do_not_garble_what_follows(fleet):
    wrong = request("POST", PATH, body=b"{")
    missing = request("GET", "/v1/nothing")
    answers = exchange(fleet, (wrong + missing + chat()) * 5, *["POST", "GET", "POST"] * 5)
    assert [answer.status for answer in answers] == [400, 404, 200] * 5


@pytest.mark.parametrize("value", ["100-continue", "100-Continue"])
def test_a_client_that_waits_for_leave_to_send_its_body(fleet, value):
    with connected(fleet) as connection:
        connection.sendall(request("POST", PATH, f"expect: {value}", LENGTH))
        with connection.makefile("rb") as file:
            assert file.readline() == b"HTTP/1.1 100 Continue\r\n"
            assert file.readline() == b"\r\n"
        connection.sendall(BODY)
        (answer,) = responses(connection, "POST")
    assert answer.status == 200


def test_leave_is_not_given_for_a_body_that_is_too_large(fleet):
    with connected(fleet) as connection:
        connection.sendall(request("POST", PATH, "expect: 100-continue", "content-length: 1000000000"))
        with connection.makefile("rb") as file:
            # The phrase after the number is another with each release of Python, and means nothing.
            assert file.readline().startswith(b"HTTP/1.1 413 ")


UPGRADES = {
    "h2c": ("connection: Upgrade, HTTP2-Settings", "upgrade: h2c", "http2-settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAA"),
    "websocket": ("connection: upgrade", "upgrade: websocket", "sec-websocket-version: 13", "sec-websocket-key: eA=="),
    "unknown": ("connection: keep-alive, Upgrade", "upgrade: something/9"),
}


@pytest.mark.parametrize("lines", UPGRADES.values(), ids=UPGRADES)
def test_an_upgrade_is_ignored(fleet, lines):
    """Java's HttpClient asks for h2c with its first request; its body was once lost and the request answered twice."""
    (expected,) = exchange(fleet, chat())
    first, models, last = exchange(
        fleet, chat(*lines) + request("GET", "/v1/models/gpt-4o", *lines) + chat(), "POST", "GET", "POST"
    )
    assert first.body == last.body == expected.body
    assert models.json()["id"] == "gpt-4o"


@pytest.mark.parametrize("size", [1, 40])
def test_an_upgrade_in_pieces(fleet, size):
    data = chat(*UPGRADES["h2c"])
    with connected(fleet) as connection:
        for start in range(0, len(data), size):
            connection.sendall(data[start : start + size])
        connection.sendall(request("GET", "/live", "connection: close"))
        first, live = responses(connection, "POST", "GET")
    assert first.status == 200
    assert live.json() == {"live": True}


def test_a_socket_for_web_sockets_is_an_unknown_path(fleet):
    (answer,) = exchange(fleet, request("GET", "/v1/realtime", *UPGRADES["websocket"]), "GET")
    check_refusal(answer, "/v1/realtime", 404)


@pytest.mark.parametrize("target", [f"http://elsewhere{PATH}", f"http://fleet{PATH}?x=%zz", f"{PATH}?api-version=1"])
def test_other_forms_of_the_target(fleet, target):
    (answer,) = exchange(fleet, request("POST", target, body=BODY))
    assert answer.status == 200


def test_options_of_the_server_itself(fleet):
    (answer,) = exchange(fleet, request("OPTIONS", "*"), "OPTIONS")
    check_refusal(answer, "*", 404)
