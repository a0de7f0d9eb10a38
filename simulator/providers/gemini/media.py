"""What images, sound, video and documents count, by the provider's published prices. Pure.

ai.google.dev ("Understand and count tokens", "Media resolution"): an image of a 2.x model is 258 tokens where both
sides have at most 384 pixels, and else 258 a tile; a tile's side is two thirds of the image's shorter one, within 256
and 768 pixels. From Gemini 3 on an image has 1,120 tokens, a page 560, a frame 70 unless another resolution is asked
for. A second of sound is 32 tokens; video is read at a frame a second. What only decoding would tell is an estimate:
the length of sound and video from their size, the pages of a document from its page objects or its size.
"""

import base64
import math
import re
from typing import Final

from simulator.engine.request import Part
from simulator.providers.gemini.generation import Generation

IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/jpg", "image/webp", "image/heic", "image/heif"})
_DOCUMENTS: Final = frozenset({"application/pdf"})
_TEXTS: Final = frozenset(
    {"application/json", "application/xml", "application/x-javascript", "application/x-typescript", "application/rtf",
     "application/x-python-code", "application/x-ipynb+json"}
)  # fmt: skip

SMALL_IMAGE: Final = 258
SMALL_SIDE: Final = 384
LEVELS: Final = {"LOW": 280, "MEDIUM": 560, "HIGH": 1_120, "ULTRA_HIGH": 2_240}
"""Tokens of an image by its resolution, from Gemini 3 on."""
FRAMES: Final = {"HIGH": 280, "ULTRA_HIGH": 280}
OLD_LEVELS: Final = {"LOW": 64, "MEDIUM": 256}
"""Likewise before; HIGH is the usual tiling."""
FRAME: Final = 70
OLD_FRAME: Final = 258
SOUND: Final = 32
SOUND_BYTES: Final = 16_000
"""Of a second: 128 kbit/s."""
VIDEO_BYTES: Final = 250_000
"""Of a second: 2 Mbit/s."""
PAGE_BYTES: Final = 50_000
_TEXT_BYTES: Final = 4

_HEAD: Final = 349_528
"""Characters of base64 that are looked into for an image's size: 256 kB, behind which no usual header is."""
_MOST_SEGMENTS: Final = 64
"""Of a JPEG that are passed over in search of its size."""
_PAGE: Final = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]*={0,2}")


def kind_of(mime: str) -> str:
    """`image`, `audio`, `video`, `document` or `text`; empty for a type that the service does not take."""
    family = mime.partition("/")[0]
    if family == "image":
        return "image" if mime in IMAGES else ""
    if mime in _DOCUMENTS:
        return "document"
    if family in {"audio", "video", "text"}:
        return family
    return "text" if mime in _TEXTS else ""


def is_base64(data: str) -> bool:
    """Whether a text can be read as base64, of either alphabet."""
    return len(data.rstrip("=")) % 4 != 1 and _BASE64.fullmatch(data) is not None


def inline_part(mime: str, data: str, level: str, generation: Generation) -> Part:
    """The part for bytes in the request, which are base64. `level` is a resolution without its prefix, or empty."""
    kind = kind_of(mime)
    size = len(data) * 3 // 4
    head = b""
    if kind in {"image", "document"}:
        cut = data[: _HEAD if kind == "image" else len(data)].rstrip("=")
        head = base64.urlsafe_b64decode(cut.replace("+", "-").replace("/", "_") + "=" * (-len(cut) % 4))
    return Part(kind, data, tokens_of(kind, size, head, level, generation))


def tokens_of(kind: str, size: int, head: bytes, level: str, generation: Generation) -> int:
    """The tokens of so many bytes of a kind; `head` is their beginning, empty where it is not known."""
    recent = generation.signed
    match kind:
        case "image":
            if recent:
                return LEVELS.get(level, LEVELS["HIGH"])
            return OLD_LEVELS.get(level) or SMALL_IMAGE * _tiles(head)
        case "document":
            pages = len(_PAGE.findall(head)) or math.ceil(size / PAGE_BYTES) or 1
            return pages * (LEVELS.get(level, LEVELS["MEDIUM"]) if recent else OLD_LEVELS.get(level, SMALL_IMAGE))
        case "audio":
            return SOUND * max(1, math.ceil(size / SOUND_BYTES))
        case "video":
            frame = FRAMES.get(level, FRAME) if recent else OLD_LEVELS.get(level, OLD_FRAME)
            return (frame + SOUND) * max(1, math.ceil(size / VIDEO_BYTES))
        case _:
            return math.ceil(size / _TEXT_BYTES)


def _tiles(head: bytes) -> int:
    """How many tiles an image of a 2.x model is cut into; 1 where its size cannot be read."""
    width, height = image_size(head)
    if max(width, height) <= SMALL_SIDE:
        return 1
    side = min(max(min(width, height) * 2 // 3, 256), 768)
    return math.ceil(width / side) * math.ceil(height / side)


def image_size(head: bytes) -> tuple[int, int]:
    """Width and height in pixels from the beginning of a PNG, JPEG or WebP; (0, 0) where they cannot be read."""
    if head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 24:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP" and len(head) >= 30:
        return _webp(head)
    return _jpeg(head) if head[:2] == b"\xff\xd8" else (0, 0)


def _webp(head: bytes) -> tuple[int, int]:
    match head[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(head[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            sides = int.from_bytes(head[26:28], "little"), int.from_bytes(head[28:30], "little")
            return sides[0] & 0x3FFF, sides[1] & 0x3FFF


def _jpeg(head: bytes) -> tuple[int, int]:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        if at + 9 > len(head) or head[at] != 0xFF:
            break
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            return int.from_bytes(head[at + 7 : at + 9], "big"), int.from_bytes(head[at + 5 : at + 7], "big")
        at += 2 + int.from_bytes(head[at + 2 : at + 4], "big")
    return 0, 0
