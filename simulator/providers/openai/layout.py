"""The bytes around what a chat answer says: of a whole answer, and of the chunks of a stream. Pure.

A whole answer has the layout of recorded ones: two spaces a level, keys in this order, a newline at the end.
"""

from typing import Final

import orjson

from simulator.engine.plan import Answer, Plan
from simulator.providers.openai.answers import answer_id, face

PREFIX: Final = "chatcmpl-"

REPLY: Final = (
    b'{\n  "id": %b,\n  "object": "chat.completion",\n  "created": %d,\n  "model": %b,\n  "choices": [\n%b\n  ],\n'
    b'  "usage": %b,\n  "service_tier": "%b",\n  "system_fingerprint": %b%b\n}\n'
)
"""Places: id, created, model, choices, usage, service tier, fingerprint, further members."""

_HEAD: Final = (
    b'    {\n      "index": %d,\n      "message": {\n        "role": "assistant",\n        "content": %b,\n'
    b'        "refusal": '
)
CHOICE: Final = (
    _HEAD + b'null,\n        "annotations": []\n      },\n      "logprobs": null,\n      "finish_reason": "%b"\n    }'
)
"""Places: index, content with any calls behind it, finish reason."""
FULL_CHOICE: Final = (
    _HEAD + b'%b,\n        "annotations": []%b\n      },\n      "logprobs": %b,\n      "finish_reason": "%b"\n    }'
)
"""Places: index, content with any calls behind it, refusal, further members of the message, log-probabilities, finish
reason."""

_CHUNK: Final = (
    b'data: {"id":%b,"object":"chat.completion.chunk","created":%d,"model":%b,"service_tier":"%b",'
    b'"system_fingerprint":%b,"choices":['
)
ROLE: Final = b'{"role":"assistant","content":"","refusal":null}'
REFUSING_ROLE: Final = b'{"role":"assistant","content":null,"refusal":""}'
UNFINISHED: Final = b',"logprobs":null,"finish_reason":null}'

_TIERS: Final = {"flex": b"flex", "priority": b"priority", "fast": b"priority", "scale": b"scale"}


def laid_out(value: object, level: int) -> bytes:
    """A value as it stands in a whole answer, `level` levels deep."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).replace(b"\n", b"\n" + b"  " * level)


def tier_of(asked: str | None) -> bytes:
    """The service tier that an answer names, by the one that was asked for."""
    return b"default" if asked is None else _TIERS.get(asked, b"default")


def chunk_of(plan: Plan, answer: Answer, tier: bytes, bits: bytes) -> bytes:
    """What every chunk of a stream begins with, up to its choices; its id is made of `bits`."""
    shown = face(plan.model)
    return _CHUNK % (answer_id(plan, bits, PREFIX), answer.created, shown.model, tier, shown.fingerprint)
