"""A transcript cut into timed pieces: words, segments, subtitles. Pure.

The engine says what is heard; when each part of it was said is taken in proportion to its characters.
"""

import zlib
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

LONGEST: Final = 16
"""Words of a segment that ends at no full stop."""
_VOCABULARY: Final = 50_257
SPEAKERS: Final = ("A", "B")


class Segment(msgspec.Struct, frozen=True):
    """A part of a transcript; times are in seconds from the beginning of the recording."""

    start: float
    end: float
    text: str


def words(text: str, seconds: float) -> list[Segment]:
    """The words of a text, from its first to the end of the recording."""
    return list(_timed(text.split(), seconds))


def segments(text: str, seconds: float) -> list[Segment]:
    """Sentences, and parts of those that are long. An empty text has none."""
    parts: list[str] = []
    waiting: list[str] = []
    for word in text.split():
        waiting.append(word)
        if word[-1] in ".!?" or len(waiting) == LONGEST:
            parts.append(" ".join(waiting))
            waiting = []
    if waiting:
        parts.append(" ".join(waiting))
    return list(_timed(parts, seconds))


def detailed(parts: Sequence[Segment], temperature: float) -> list[dict[str, object]]:
    """Segments as `verbose_json` shows them. Figures of the recognition are stable ones made of the text."""
    return [
        {
            "id": index,
            "seek": int(part.start // 30) * 3_000,
            "start": part.start,
            "end": part.end,
            "text": " " + part.text,
            "tokens": [zlib.crc32(word.encode()) % _VOCABULARY for word in part.text.split()],
            "temperature": temperature,
            "avg_logprob": -0.2 - zlib.crc32(part.text.encode()) % 1_000 / 10_000,
            "compression_ratio": round(1 + len(part.text) / 200, 4),
            "no_speech_prob": zlib.crc32(part.text.encode()) % 997 / 100_000,
        }
        for index, part in enumerate(parts)
    ]


def spoken_by(parts: Sequence[Segment], names: Sequence[str]) -> list[dict[str, object]]:
    """Segments by who speaks, in turns: the known speakers, or `A` and `B`."""
    speakers = names or SPEAKERS
    return [
        {
            "type": "transcript.text.segment",
            "id": f"seg_{index:03d}",
            "start": part.start,
            "end": part.end,
            "text": part.text,
            "speaker": speakers[index % len(speakers)],
        }
        for index, part in enumerate(parts)
    ]


def srt(parts: Sequence[Segment]) -> str:
    """SubRip."""
    return "".join(
        [
            f"{index}\n{_clock(part.start, ',')} --> {_clock(part.end, ',')}\n{part.text}\n\n"
            for index, part in enumerate(parts, 1)
        ]
    )


def vtt(parts: Sequence[Segment]) -> str:
    """WebVTT."""
    cues = [f"{_clock(part.start, '.')} --> {_clock(part.end, '.')}\n{part.text}\n\n" for part in parts]
    return "WEBVTT\n\n" + "".join(cues)


def _timed(parts: Sequence[str], seconds: float) -> Iterator[Segment]:
    whole = sum(map(len, parts)) or 1
    passed = 0
    for part in parts:
        start = passed
        passed += len(part)
        yield Segment(round(seconds * start / whole, 2), round(seconds * passed / whole, 2), part)


def _clock(seconds: float, point: str) -> str:
    millis = round(seconds * 1_000)
    minutes, rest = divmod(millis, 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{rest // 1_000:02d}{point}{rest % 1_000:03d}"
