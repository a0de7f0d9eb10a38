"""What a recording is: its format and how long it lasts, read from its first bytes. Pure; nothing is decoded.

WAV and FLAC tell their length. For the other formats it is estimated by the bytes, as if at 128 kbit/s.
"""

import struct
from typing import Final

from simulator.providers.multipart import Part
from simulator.providers.openai.wording import invalid

FORMATS: Final = ("flac", "m4a", "mp3", "mp4", "mpeg", "mpga", "oga", "ogg", "wav", "webm")
MOST_BYTES: Final = 25 * 1024 * 1024
_SHORTEST: Final = 0.1
_LONGEST: Final = 86_400.0
"""Seconds; a header that claims more is taken for this."""
_BYTES_PER_SECOND: Final = 16_000
_LEAST_WAV = 12


def seconds_of(part: Part) -> float:
    """How long a recording lasts. Raises `Refusal` for what is no recording of a known format, or too short a one."""
    body = part.body
    if not body:
        raise invalid("The audio file is empty.", "file", "invalid_value")
    told = _told(body)
    name = (part.filename or "").rpartition(".")[2].lower()
    if told is None and name not in FORMATS:
        raise invalid(f"Invalid file format. Supported formats: {list(FORMATS)}", "file", "invalid_value")
    if told is None and name in {"wav", "flac"}:
        raise invalid("Audio file might be corrupted or unsupported", "file", "invalid_value")
    seconds = len(body) / _BYTES_PER_SECOND if told is None else told
    if told is not None and seconds < _SHORTEST:
        raise invalid(
            f"Audio file is too short. Minimum audio length is {_SHORTEST} seconds.", "file", "audio_too_short"
        )
    return min(seconds, _LONGEST)


def _told(body: bytes) -> float | None:
    """The length that the file tells, an estimate for known formats that tell none, None for an unknown format."""
    try:
        if body[:4] == b"RIFF" and body[8:12] == b"WAVE":
            return _wav(body)
        if body[:4] == b"fLaC":
            return _flac(body)
    except (struct.error, ZeroDivisionError):
        return None
    known = body[:4] in {b"OggS", b"\x1aE\xdf\xa3"} or body[4:8] == b"ftyp" or body[:3] == b"ID3"
    known = known or (len(body) > 1 and body[0] == 0xFF and body[1] >= 0xE0)
    return max(_SHORTEST, len(body) / _BYTES_PER_SECOND) if known else None


def _wav(body: bytes) -> float:
    """The data's bytes by the format's bytes a second; of a stream that tells no size, what there is."""
    at, rate = _LEAST_WAV, 0
    while True:
        kind, size = struct.unpack_from("<4sI", body, at)
        at += 8
        if kind == b"fmt ":
            (rate,) = struct.unpack_from("<I", body, at + 8)
        elif kind == b"data":
            return float(min(size, len(body) - at) / rate)
        at += size + size % 2


def _flac(body: bytes) -> float:
    """The sample count by the sample rate of the first block (RFC 9639, 8.2)."""
    (packed,) = struct.unpack_from(">Q", body, 18)
    return float((packed & (1 << 36) - 1) / (packed >> 44))
