"""Synthetic sound of a given length, in each of the formats of speech. Pure.

Uncompressed formats have a quiet tone, made of random bits; the compressed ones have silence, which needs no encoder.
All are 24 kHz, 16 bit, mono. A minute takes well under a millisecond, compressed or not.
"""

import math
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from simulator.providers.openai.media.flac import flac
from simulator.providers.openai.media.ogg import opus

RATE: Final = 24_000
LONGEST: Final = 300.0
"""Seconds; speech that would take longer ends there."""
_LOUDNESS = 1_200
_MP3_FRAME, _MP3_SAMPLES = 192, 576
_AAC_SAMPLES = 1_024


def wav(samples: int, bits: bytes) -> bytes:
    """RIFF WAVE with PCM."""
    size = 2 * samples
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16,
                       b"data", size)  # fmt: skip
    return head + pcm(samples, bits)


def pcm(samples: int, bits: bytes) -> bytes:
    """Bare samples, little-endian: a sine of 110 to 365 Hz, as the first of the bits says."""
    period = _period(110 + (bits[0] if bits else 0))
    return (period * (2 * samples // len(period) + 1))[: 2 * samples]


def mp3(samples: int, bits: bytes) -> bytes:
    """MPEG-2 layer III at 64 kbit/s: frames whose side information is all zero, which is silence."""
    del bits
    frame = b"\xff\xf3\x84\xc4" + bytes(_MP3_FRAME - 4)
    return frame * -(-samples // _MP3_SAMPLES)


def aac(samples: int, bits: bytes) -> bytes:
    """AAC-LC in ADTS (ISO/IEC 13818-7): one channel without any scale factor band, which is silence."""
    del bits
    data = b"\x00\x00\x00\x07"
    # Syncword and MPEG-4 without a checksum; LC, 24 kHz, one channel; the length; buffer fullness of variable rate.
    length = 7 + len(data)
    head = bytes(
        [0xFF, 0xF1, 1 << 6 | 6 << 2, 1 << 6 | length >> 11, length >> 3 & 0xFF, (length & 7) << 5 | 0x1F, 0xFC]
    )
    return (head + data) * -(-samples // _AAC_SAMPLES)


FORMATS: Final[dict[str, tuple[bytes, Callable[[int, bytes], bytes]]]] = {
    "mp3": (b"audio/mpeg", mp3),
    "opus": (b"audio/opus", opus),
    "aac": (b"audio/aac", aac),
    "flac": (b"audio/flac", flac),
    "wav": (b"audio/wav", wav),
    "pcm": (b"audio/pcm", pcm),
}
"""The content type and the maker of each format: from a number of samples and random bits to the bytes of a file."""


def spoken(text: str, speed: float) -> int:
    """How many samples it takes to speak a text: 15 characters a second, at least half a second."""
    seconds = max(0.5, len(text) / 15) / speed
    return round(min(seconds, LONGEST) * RATE)


@lru_cache(maxsize=256)
def _period(frequency: int) -> bytes:
    length = RATE // frequency
    return struct.pack(f"<{length}h", *[round(_LOUDNESS * math.sin(2 * math.pi * at / length)) for at in range(length)])
