"""Pictures: what they cost in tokens, and what their headers tell. Pure; reads base64 data, never a network.

The price is the published one (docs.cohere.com, "Image inputs"): a picture of low detail costs 256 tokens; one of high
detail is scaled into 1536 x 2048 pixels (either way round) and costs 256 for each tile of 512 x 512 and for a preview.
Without a detail a side of more than 768 pixels makes it high. The size of a picture given by URL is not known:
`UNKNOWN_SIZE` stands for it.
"""

import base64
import binascii
import math
import re
import struct
from hashlib import blake2b
from typing import Final

import msgspec

TILE: Final = 512
TILE_TOKENS: Final = 256
LONG_SIDE: Final = 2048
SHORT_SIDE: Final = 1536
AUTO_SIDE: Final = 768
UNKNOWN_SIZE: Final = (1024, 1024)
MOST_IMAGES: Final = 20

_DATA: Final = re.compile(r"data:image/(png|jpeg|jpg|webp|gif);base64,", re.IGNORECASE)
_HEADER_CHARACTERS: Final = 64
_JPEG_CHARACTERS: Final = 4 * 32_768
"""How much base64 is read for a size: a JPEG's frame header may follow 64 KB of metadata."""
_CHANNELS: Final = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""Samples a pixel by a PNG's colour type (W3C PNG, table 11.1)."""


class Picture(msgspec.Struct, frozen=True):
    """What an answer tells of a picture."""

    width: int
    height: int
    format: str
    bit_depth: int


def is_data(url: str) -> bool:
    """Whether a URL holds a picture of a format that the service takes."""
    return _DATA.match(url) is not None


def is_url(url: str) -> bool:
    """Whether a URL is a picture's data or leads to one."""
    return is_data(url) or url.startswith(("http://", "https://"))


def source_of(url: str) -> str:
    """A short text that stands for a picture: its URL, or a digest of its data."""
    if not is_data(url):
        return url
    return "image " + blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def tokens_of(url: str, detail: str | None = None) -> int:
    """The price of a picture at `detail` low, high, auto or None."""
    picture = picture_of(url)
    width, height = (picture.width, picture.height) if picture is not None else UNKNOWN_SIZE
    if detail == "low" or (detail != "high" and max(width, height) <= AUTO_SIDE):
        return TILE_TOKENS
    long, short = max(width, height, 1), max(min(width, height), 1)
    shrink = min(1.0, LONG_SIDE / long, SHORT_SIDE / short)
    tiles = math.ceil(round(long * shrink, 6) / TILE) * math.ceil(round(short * shrink, 6) / TILE)
    return TILE_TOKENS * (max(tiles, 1) + 1)


def picture_of(url: str) -> Picture | None:
    """What the header of a picture in a data URL tells; None for another URL and for broken data."""
    if not is_data(url):
        return None
    data = url[url.index(",") + 1 :][:_JPEG_CHARACTERS]
    try:
        head = _decoded(data[:_HEADER_CHARACTERS])
        if head.startswith(b"\xff\xd8"):
            return _jpeg(_decoded(data))
        return _small(head)
    except (binascii.Error, ValueError, struct.error, IndexError):
        return None


def _decoded(data: str) -> bytes:
    return base64.b64decode(data + "=" * (-len(data) % 4), validate=True)


def _small(head: bytes) -> Picture | None:
    """A PNG, GIF or WebP."""
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height, depth, colour = struct.unpack_from(">IIBB", head, 16)
        return Picture(width, height, "png", depth * _CHANNELS.get(colour, 1))
    if head.startswith((b"GIF87a", b"GIF89a")):
        width, height, packed = struct.unpack_from("<HHB", head, 6)
        return Picture(width, height, "gif", (packed & 7) + 1)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return Picture(*_webp(head), "webp", 24)
    return None


def _webp(head: bytes) -> tuple[int, int]:
    """The three kinds of first chunk; widths as in RFC 9649, sections 2.5 to 2.7."""
    kind = head[12:16]
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg(head: bytes) -> Picture | None:
    """The first start-of-frame segment; markers as in ITU T.81, table B.1."""
    at = 2
    while head[at] == 0xFF:
        marker = head[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            depth, height, width, channels = struct.unpack_from(">BHHB", head, at + 4)
            return Picture(width, height, "jpeg", depth * channels)
        if marker == 0xFF:
            at += 1
            continue
        (length,) = struct.unpack_from(">H", head, at + 2)
        at += 2 + max(length, 2)
    return None
