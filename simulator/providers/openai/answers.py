"""What chat and text completions share in an answer: names, ids, finish reasons. Pure."""

from functools import lru_cache

import msgspec
import orjson

from simulator.engine.plan import Answer, Embedded, Finish, Plan
from simulator.providers.ids import base62, fingerprint

ID_LENGTH = 29

FINISH = {
    Finish.STOP: b"stop",
    Finish.LENGTH: b"length",
    Finish.STOP_SEQUENCE: b"stop",
    Finish.TOOL_CALLS: b"tool_calls",
    Finish.CONTENT_FILTER: b"content_filter",
    Finish.REFUSAL: b"stop",
}


class Face(msgspec.Struct, frozen=True):
    """What every answer of a model shows of it, as JSON literals."""

    model: bytes
    fingerprint: bytes


@lru_cache(maxsize=1024)
def face(model: str) -> Face:
    """The model's name and its system fingerprint, which depends on the name alone."""
    return Face(orjson.dumps(model), b'"fp_%b"' % fingerprint(model, 10).encode())


def answer_id(plan: Plan, bits: bytes, prefix: str) -> bytes:
    """The answer's id as a JSON literal, 29 characters after its prefix, made of as many random `bits` or more."""
    if plan.id_prefix is not None:
        return orjson.dumps(plan.id_prefix + base62(bits, ID_LENGTH))
    return f'"{prefix}{base62(bits, ID_LENGTH)}"'.encode()


def answer_of(plan: Plan) -> Answer:
    """The plan's answer. Raises TypeError when it has none: a fault is refused, not encoded."""
    if not isinstance(plan.outcome, Answer):
        raise TypeError(f"this endpoint encodes an Answer, not {type(plan.outcome).__name__}")
    return plan.outcome


def embedded_of(plan: Plan) -> Embedded:
    """The plan's embeddings. Raises TypeError when it has none."""
    if not isinstance(plan.outcome, Embedded):
        raise TypeError(f"this endpoint encodes an Embedded, not {type(plan.outcome).__name__}")
    return plan.outcome
