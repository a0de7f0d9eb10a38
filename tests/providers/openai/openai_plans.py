"""Plans and bodies that the tests of the OpenAI dialect share."""

import json

import pytest

from simulator.engine.plan import Address, Answer, Choice, Embedded, Finish, Plan, Usage
from simulator.providers.base import Refusal
from simulator.providers.openai import OpenAI

PROVIDER = OpenAI()
CHAT, COMPLETIONS, EMBEDDINGS = [
    next(endpoint for endpoint in PROVIDER.endpoints if endpoint.path == f"/v1/{name}")
    for name in ("chat/completions", "completions", "embeddings")
]
BITS = bytes(range(32))
REQUEST_BITS = bytes(range(16))


def plan_of(outcome, *, offsets=(), model="gpt-4o-2024-08-06", id_prefix=None):
    return Plan(
        address=Address(42, 0, 1, 7),
        digest=b"d" * 16,
        model=model,
        outcome=outcome,
        offsets=offsets,
        request_bits=REQUEST_BITS,
        id_prefix=id_prefix,
    )


def answer_of(*choices, usage=None):
    """An answer with a choice for each sequence of pieces; or give `Choice`s."""
    made = tuple(choice if isinstance(choice, Choice) else Choice(tuple(choice), Finish.STOP) for choice in choices)
    tokens = sum(len(choice.pieces) for choice in made)
    return Answer(made, usage or Usage(11, tokens, cached_tokens=3, reasoning_tokens=2), BITS, 1_700_000_000)


def embedded_of(*vectors, tokens=5):
    return Embedded(tuple(vectors), len(vectors[0]) // 4, Usage(tokens, 0))


def chat_body(**fields):
    return json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}], **fields}).encode()


def decoded(endpoint, **fields):
    return endpoint.decode(json.dumps(fields).encode(), {})


def chat_call(**fields):
    return CHAT.decode(chat_body(**fields), {})


def refusal_of(endpoint, body):
    """The refusal of a body given as bytes or as a JSON value."""
    with pytest.raises(Refusal) as caught:
        endpoint.decode(body if isinstance(body, bytes) else json.dumps(body).encode(), {})
    return caught.value


def chat_refusal(**fields):
    return refusal_of(CHAT, chat_body(**fields))


def events_of(stream):
    """The data of every frame of a whole stream, the last one `[DONE]`."""
    frames = stream.frames(0, stream.steps)
    assert frames.endswith(b"\n\n")
    lines = frames.decode().split("\n\n")[:-1]
    assert all(line.startswith("data: ") and "\n" not in line for line in lines)
    return [line.removeprefix("data: ") for line in lines]


def no_extras(value):
    """Whether the SDK's types know every field of a validated value."""
    if isinstance(value, list):
        return all(map(no_extras, value))
    if hasattr(value, "model_fields_set"):
        return not value.model_extra and all(no_extras(item) for _, item in value)
    return True
