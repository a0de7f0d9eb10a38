"""A desk that is asked with the headers that a client sends."""

import json

from desk import MemoryDesk

from simulator.providers.anthropic import Anthropic

LATEST = {b"anthropic-version": b"2026-10-21", b"host": b"sim:8080"}


class AnthropicDesk(MemoryDesk):
    """`ask` sends `LATEST` unless told otherwise."""

    def __init__(self, **more):
        super().__init__(Anthropic(), **more)

    def ask(self, method, path, body=b"", *, headers=LATEST, **more):
        return super().ask(method, path, body, headers=headers, **more)


def json_of(reply, status=200):
    """The body of a reply that has this status."""
    assert reply.status == status, reply.body
    return json.loads(reply.body)


def error_of(reply, status):
    """Type and message of an error."""
    error = json_of(reply, status)["error"]
    return error["type"], error["message"]
