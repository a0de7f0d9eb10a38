"""A desk whose batch requests are made with the headers that a client sends."""

import json
from hashlib import blake2b

from desk import MemoryDesk

from simulator.providers.anthropic import Anthropic
from simulator.providers.base import NO_TARGET, Refusal

LATEST = {b"anthropic-version": b"2026-10-21", b"host": b"sim:8080"}


class AnthropicDesk(MemoryDesk):
    """`ask` and `run` send `LATEST` unless told otherwise."""

    def __init__(self, **more):
        super().__init__(Anthropic(), **more)

    def ask(self, method, path, body=b"", *, headers=LATEST, **more):
        return super().ask(method, path, body, headers=headers, **more)

    def run(self, path, body, ordinal=0):
        bits = blake2b(self.request_bits + b"%d" % ordinal, digest_size=16).digest()
        endpoint = next(one for one in self.provider.endpoints if one.path == path)
        try:
            call = endpoint.decode(body, LATEST, NO_TARGET)
            return endpoint.reply(call, self.plan(call))
        except Refusal as refusal:
            return self.provider.refuse(refusal, bits)


def json_of(reply, status=200):
    """The body of a reply that has this status."""
    assert reply.status == status, reply.body
    return json.loads(reply.body)


def error_of(reply, status):
    """Type and message of an error."""
    error = json_of(reply, status)["error"]
    return error["type"], error["message"]
