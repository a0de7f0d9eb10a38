"""The requests that are sent: chat completions of about 300 bytes with a system and a user message. Pure."""

import json

from benchmarks.processes import HOST

PATH = "/v1/chat/completions"
MODEL = "gpt-4o-mini"
HEADERS = {"content-type": "application/json", "authorization": "Bearer sk-benchmark-0123456789abcdefghijklmnop"}
SYSTEM = "You are a careful assistant of a travel company. Answer briefly and name your sources."
PLACES = ("Lisbon", "Oslo", "Kyoto", "Quito", "Nairobi", "Tallinn", "Hanoi", "Montreal", "Perth", "Cusco", "Porto")
THINGS = ("the museums", "a quiet hotel", "the night train", "good bread", "the weather", "a walk by the water")

DIGITS = 9
"""Every body holds its number with so many digits, so that the number can be exchanged in place."""


def chat(number: int = 0, *, tokens: int | None = None) -> bytes:
    """Body number `number`: equal numbers give equal bytes, different numbers different conversations.

    With `tokens` the answer is streamed and cut off there.
    """
    place, thing = PLACES[number % len(PLACES)], THINGS[number % len(THINGS)]
    trip = f"{thing} in {place}, for {number % 13 + 2} days"
    asked = f"Traveller {number:0{DIGITS}} asks about {trip}. What do you suggest, and why?"
    body: dict[str, object] = {
        "model": MODEL,
        "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": asked}],
        "temperature": 0.7,
    }
    if tokens is not None:
        body |= {"stream": True, "max_tokens": tokens}
    return json.dumps(body).encode()


def around(body: bytes) -> tuple[bytes, bytes]:
    """What stands before and after the number in body 0; any number in between makes a body of its own."""
    before, _, after = body.partition(b"0" * DIGITS)
    return before, after


def whole(body: bytes, port: int) -> bytes:
    """The complete HTTP/1.1 request, for clients that write to a socket themselves."""
    fields = {"host": f"{HOST}:{port}", **HEADERS, "content-length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {PATH} HTTP/1.1\r\n{head}\r\n".encode() + body
