"""What a chat answer sounds like: as long as its transcript has tokens, in the format asked for. Pure.

A token takes 10 ms, which keeps answers small; so its samples (24 kHz, 16 bit, mono) have a length that base64 needs
no padding for, and the parts of a stream put together are the base64 of the whole.
"""

import base64
import math
from hashlib import blake2b
from typing import Final

from simulator.providers.openai.media.sounds import FORMATS, RATE

SAMPLES: Final = RATE // 100
"""Of one token."""
BYTES: Final = 2 * SAMPLES
TOKENS_PER_SECOND: Final = 20
"""Audio tokens that the service bills for a second of its answer."""
KEPT_SECS: Final = 3_600
"""How long an answer's sound may be referred to in a conversation."""


def spoken_tokens(tokens: int) -> int:
    """The audio tokens of so many tokens of text."""
    return math.ceil(tokens * SAMPLES * TOKENS_PER_SECOND / RATE)


def sound_id(bits: bytes, choice: int) -> str:
    """The id of a choice's sound; `bits` are the answer's id bits."""
    return "audio_" + blake2b(bits + choice.to_bytes(4, "little"), digest_size=16).hexdigest()


def sound(tokens: int, form: str, bits: bytes) -> bytes:
    """The sound of so many tokens: a file, or for `pcm16` bare samples."""
    return FORMATS["pcm" if form == "pcm16" else form][1](tokens * SAMPLES, bits)


def in_text(data: bytes) -> str:
    """Base64, as answers carry it."""
    return base64.b64encode(data).decode()
