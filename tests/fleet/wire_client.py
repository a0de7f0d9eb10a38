"""A client that looks below HTTP: what came over the wire and when, and how the connection was left."""

import contextlib
import json
import socket
import struct
import time

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 12}
CONTENTS = {"contents": [{"parts": [{"text": "Hello"}]}], "generationConfig": {"maxOutputTokens": 12}}
DIALECTS = {
    "openai": ("/v1/chat/completions", {**CHAT, "stream": True}),
    "completions": ("/v1/completions", {"model": "gpt-3.5-turbo-instruct", "prompt": "Hello", "stream": True}),
    "responses": ("/v1/responses", {"model": "gpt-4o", "input": "Hello", "stream": True}),
    "azure": ("/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21", {**CHAT, "stream": True}),
    "anthropic": ("/v1/messages", {**CHAT, "model": "claude-sonnet-4-5", "stream": True}),
    "gemini": ("/v1beta/models/gemini-2.5-flash-lite:streamGenerateContent?alt=sse", CONTENTS),
    "gemini-array": ("/v1beta/models/gemini-2.5-flash-lite:streamGenerateContent", CONTENTS),
    "cohere": ("/v2/chat", {**CHAT, "model": "command-r-plus-08-2024", "stream": True}),
    "cohere-1": ("/v1/chat", {"model": "command-r-plus-08-2024", "message": "Hello", "stream": True}),
    "mistral": ("/v1/chat/completions", {**CHAT, "model": "mistral-large-latest", "stream": True}),
    "ollama": ("/api/chat", {"model": "llama3.2", "messages": CHAT["messages"], "stream": True}),
}
"""A streamed request of each way in which answers are streamed."""


def request(path, body, fault="", version="1.1", method="POST", *lines):
    """The bytes of a request that asks for a failure."""
    data = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {path} HTTP/{version}", "host: fleet", "authorization: Bearer sk-test", "x-api-key: sk-ant-test"]
    head += ["x-goog-api-key: AIza-test", "anthropic-version: 2023-06-01", f"content-length: {len(data)}", *lines]
    if fault:
        head.append(f"x-llm-sim-fault: {fault}")
    return "\r\n".join([*head, "", ""]).encode() + data


class Heard:
    """All that came: `parts` are (seconds since the request was sent, bytes); `left` is fin, reset or open."""

    def __init__(self):
        self.parts = []
        self.left = "open"

    @property
    def raw(self):
        return b"".join(data for _, data in self.parts)

    @property
    def head(self):
        return self.raw.partition(b"\r\n\r\n")[0]

    @property
    def status(self):
        return int(self.head.split()[1])

    def header(self, name):
        found = [line.partition(b": ")[2] for line in self.head.split(b"\r\n") if line.startswith(name.encode() + b":")]
        return found[0].decode() if found else None

    @property
    def rest(self):
        """What stands behind the head."""
        return self.raw.partition(b"\r\n\r\n")[2]

    @property
    def chunks(self):
        """([(what a chunk says that it is, what it has)], whether the last chunk came)."""
        found, rest = [], self.rest
        while rest:
            line, _, rest = rest.partition(b"\r\n")
            size = int(line, 16)
            if size == 0:
                return found, True
            found.append((size, rest[:size]))
            rest = rest[size + 2 :]
        return found, False

    @property
    def body(self):
        if self.header("transfer-encoding") == "chunked":
            return b"".join(data for _, data in self.chunks[0])
        return self.rest

    @property
    def whole(self):
        """Whether HTTP finds the response complete."""
        if self.header("transfer-encoding") == "chunked":
            return self.chunks[1]
        return self.header("content-length") is not None and len(self.rest) == int(self.header("content-length"))

    def gaps(self):
        """Seconds between parts."""
        return [late - early for (early, _), (late, _) in zip(self.parts, self.parts[1:], strict=False)]


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


def hear(connection, data, until=lambda heard: False):
    """Send bytes and listen until the connection ends, or `until` is so."""
    heard = Heard()
    begun = time.monotonic()
    connection.sendall(data)
    while not until(heard):
        try:
            part = connection.recv(1 << 20)
        except ConnectionResetError:
            heard.left = "reset"
            break
        if not part:
            heard.left = "fin"
            break
        heard.parts.append((time.monotonic() - begun, part))
    return heard


def complete(heard):
    """Whether the response is here, as HTTP has it."""
    return b"\r\n\r\n" in heard.raw and heard.whole


def ask(fleet, path, body, fault="", version="1.1"):
    """One request on a connection of its own, heard until it is complete or the connection ends."""
    with connected(fleet) as connection:
        return hear(connection, request(path, body, fault, version), complete)


def leave(connection):
    """Leave as a process that is killed: with a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
