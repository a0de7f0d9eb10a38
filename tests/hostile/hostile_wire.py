"""Raw bytes to a fleet, and what comes back; the shapes of both providers' refusals."""

import contextlib
import http.client
import json
import socket

MAX_BODY = 400_000
"""Of the fleet that answers at once: small enough to go beyond it cheaply, large enough for 100,000 brackets."""
WRITE_TIMEOUT = 0.4
"""Of the fleet with a pace, in seconds."""
ANTHROPIC = {"anthropic-version": "2026-10-21"}
CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 8}
COMPLETION = {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello", "max_tokens": 8}
EMBEDDING = {"model": "text-embedding-3-small", "input": "Hello"}
MESSAGE = {"model": "claude-haiku-4-5", "max_tokens": 8, "messages": [{"role": "user", "content": "Hello"}]}
COUNT = {"model": "claude-haiku-4-5", "messages": [{"role": "user", "content": "Hello"}]}
ENDPOINTS = {
    "/v1/chat/completions": CHAT,
    "/v1/completions": COMPLETION,
    "/v1/embeddings": EMBEDDING,
    "/v1/messages": MESSAGE,
    "/v1/messages/count_tokens": COUNT,
}
"""Every data endpoint with a body that it takes."""
ANTHROPIC_TYPES = {400: "invalid_request_error", 404: "not_found_error", 405: "invalid_request_error"}
ANTHROPIC_TYPES[413] = "request_too_large"


def headers_of(path):
    """What a client of the path's provider sends."""
    return ANTHROPIC if "messages" in path else {}


def check_refusal(answer, path, status=400, *, anthropic=None):
    """Whether a refusal has the shape of the path's provider; gives its message and, where there is one, its param."""
    assert answer.status == status, answer.body[:500]
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    if "messages" in path if anthropic is None else anthropic:
        assert set(body) == {"type", "error", "request_id"}
        assert body["type"] == "error"
        assert set(body["error"]) == {"type", "message"}
        assert body["error"]["type"] == ANTHROPIC_TYPES[status]
        assert body["request_id"] == answer.headers["request-id"]
        param = None
    else:
        assert set(body) == {"error"}
        assert set(body["error"]) == {"message", "type", "param", "code"}
        assert body["error"]["type"] == "invalid_request_error"
        assert answer.headers["x-request-id"].startswith("req_")
        param = body["error"]["param"]
    message = body["error"]["message"]
    assert message
    assert len(message) < 5_000
    assert answer.headers["x-llm-sim-shard"] in ("0.0", "0.1")
    return message, param


def request(method, path, *lines, body=None, version="1.1"):
    """The bytes of a request. `lines` are more header lines; a body brings its length unless a line tells one."""
    head = [f"{method} {path} HTTP/{version}", "host: fleet", *lines]
    if body is not None and not any(line.lower().startswith(("content-length", "transfer-encoding")) for line in lines):
        head.append(f"content-length: {len(body)}")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + (body or b"")


def chat(*lines, **changes):
    """The bytes of a valid chat request."""
    return request("POST", "/v1/chat/completions", *lines, body=json.dumps({**CHAT, **changes}).encode())


def chunked(*parts):
    """A body in chunks, with its end."""
    return b"".join([b"%x\r\n%b\r\n" % (len(part), part) for part in parts]) + b"0\r\n\r\n"


@contextlib.contextmanager
def connected(fleet, receive_buffer=None):
    """A bare socket to a fleet."""
    with socket.socket() as made:
        if receive_buffer is not None:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        made.settimeout(10)
        made.connect(("127.0.0.1", fleet.port))
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield made


class Response:
    """One response as it stood on the wire."""

    def __init__(self, file, method):
        answer = http.client.HTTPResponse(_Unclosed(file), method=method)
        answer.begin()
        self.status = answer.status
        self.headers = {name.lower(): value for name, value in answer.getheaders()}
        self.body = answer.read()

    def json(self):
        return json.loads(self.body)


class _Unclosed:
    """A socket's stand-in for `HTTPResponse`, which closes what it reads from."""

    def __init__(self, file):
        self._file = file

    def makefile(self, mode):
        return self

    def close(self):
        pass

    def flush(self):
        pass

    def __getattr__(self, name):
        return getattr(self._file, name)


def responses(connection, *methods):
    """As many responses as methods, read one after the other from one connection."""
    with connection.makefile("rb") as file:
        return [Response(file, method) for method in methods]


def exchange(fleet, data, *methods):
    """Send bytes on a connection of their own and read the responses to requests with these methods."""
    with connected(fleet) as connection:
        connection.sendall(data)
        return responses(connection, *(methods or ("POST",)))


def until_closed(connection):
    """All that comes until the server closes. A reset counts as a close."""
    parts = []
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 20):
            parts.append(part)
    return b"".join(parts)
