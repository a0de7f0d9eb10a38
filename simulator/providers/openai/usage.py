"""The usage that a chat answer tells, in the layout of a whole answer and in that of a chunk. Pure.

What the engine counts is text. Sound that is spoken beside it, and tokens of a prediction that were not used, are on
top: the service bills both as output.
"""

from typing import Final, NamedTuple

import orjson

from simulator.engine.plan import Usage
from simulator.providers.openai.layout import laid_out

_WHOLE: Final = (
    b'{\n    "prompt_tokens": %d,\n    "completion_tokens": %d,\n    "total_tokens": %d,\n'
    b'    "prompt_tokens_details": {\n      "cached_tokens": %d,\n      "audio_tokens": 0,\n'
    b'      "cache_write_tokens": %d\n    },\n'
    b'    "completion_tokens_details": {\n      "reasoning_tokens": %d,\n      "audio_tokens": 0,\n'
    b'      "accepted_prediction_tokens": 0,\n      "rejected_prediction_tokens": 0\n    }\n  }'
)
_CHUNK: Final = (
    b'{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,'
    b'"prompt_tokens_details":{"cached_tokens":%d,"audio_tokens":0,"cache_write_tokens":%d},'
    b'"completion_tokens_details":{"reasoning_tokens":%d,"audio_tokens":0,'
    b'"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
)


class Beside(NamedTuple):
    """Tokens that are no plain text: of the prompt's sounds and pictures, of the answer's sound, of its prediction.

    `kinds` says that tokens are told by their kind, as models with audio do.
    """

    heard: int = 0
    seen: int = 0
    spoken: int = 0
    accepted: int = 0
    rejected: int = 0
    kinds: bool = False


NOTHING: Final = Beside()


def whole(usage: Usage, beside: Beside = NOTHING) -> bytes:
    """The usage within a whole answer, two levels deep."""
    if beside is NOTHING:
        return _WHOLE % _counts(usage)
    return laid_out(_detailed(usage, beside), 1)


def in_chunk(usage: Usage, beside: Beside = NOTHING) -> bytes:
    """The usage within a chunk."""
    if beside is NOTHING:
        return _CHUNK % _counts(usage)
    return orjson.dumps(_detailed(usage, beside))


def _counts(usage: Usage) -> tuple[int, int, int, int, int, int]:
    asked, said = usage.input_tokens, usage.output_tokens
    return asked, said, asked + said, usage.cached_tokens, usage.written_tokens, usage.reasoning_tokens


def _detailed(usage: Usage, beside: Beside) -> dict[str, object]:
    asked = usage.input_tokens
    said = usage.output_tokens + beside.spoken + beside.rejected
    heard: dict[str, int] = {"cached_tokens": usage.cached_tokens, "audio_tokens": beside.heard}
    spoken: dict[str, int] = {"reasoning_tokens": usage.reasoning_tokens, "audio_tokens": beside.spoken}
    if beside.kinds:
        heard |= {"text_tokens": asked - beside.heard - beside.seen, "image_tokens": beside.seen}
        spoken["text_tokens"] = usage.output_tokens - usage.reasoning_tokens
    return {
        "prompt_tokens": asked,
        "completion_tokens": said,
        "total_tokens": asked + said,
        "prompt_tokens_details": heard | {"cache_write_tokens": usage.written_tokens},
        "completion_tokens_details": spoken
        | {"accepted_prediction_tokens": beside.accepted, "rejected_prediction_tokens": beside.rejected},
    }
