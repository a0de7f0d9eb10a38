"""What a picture, a sound or a file costs in tokens. Pure; reads headers of base64 data, never a network.

Pictures follow OpenAI's published rule for its tile-priced models: 85 tokens, and unless the detail is
low another 170 for each 512-pixel tile, after scaling down into a 2048-pixel square and then to 768 pixels on
the shorter side. The size of a picture given by URL is not known: `UNKNOWN_SIZE` stands for it (765 tokens).
Sounds and files have no published rule; the estimates are stated at each function.
"""

import base64
import binascii
import math
import struct

BASE_TOKENS = 85
TILE_TOKENS = 170
TILE = 512
LARGE_SIDE = 2048
SHORT_SIDE = 768
UNKNOWN_SIZE = (1024, 1024)

AUDIO_TOKENS_PER_SECOND = 10
MP3_BYTES_PER_SECOND = 16_000
WAV_BYTES_PER_SECOND = 48_000
"""Where the header tells no rate: 24 kHz, 16 bit, mono."""

FILE_BYTES_PER_TOKEN = 4
UNKNOWN_FILE_TOKENS = 1_000

_HEADER_CHARACTERS = 64
_JPEG_CHARACTERS = 4 * 32_768
"""How much base64 is read for a size: a JPEG's frame header may follow 64 KB of metadata."""
_JPEG = b"\xff\xd8"


def image_tokens(size: tuple[int, int], detail: str) -> int:
    """The price of a picture of `size` (width, height) in pixels at `detail` low, high, auto or original."""
    if detail == "low":
        return BASE_TOKENS
    width, height = size
    shrink = min(1.0, LARGE_SIDE / max(width, height, 1))
    shrink *= min(1.0, SHORT_SIDE / max(min(width, height) * shrink, 1))
    tiles = math.ceil(round(width * shrink, 6) / TILE) * math.ceil(round(height * shrink, 6) / TILE)
    return BASE_TOKENS + TILE_TOKENS * max(tiles, 1)


def data_size(data: str) -> tuple[int, int] | None:
    """The size of a PNG, JPEG, GIF or WebP given as base64; None when it is none of these or broken."""
    try:
        head = _decoded(data[:_HEADER_CHARACTERS])
        if head.startswith(_JPEG):
            head = _decoded(data[:_JPEG_CHARACTERS])
        width, height = _size(head)
    except (binascii.Error, ValueError, struct.error, IndexError):
        return None
    return (width, height) if width and height else None


def _decoded(data: str) -> bytes:
    return base64.b64decode(data + "=" * (-len(data) % 4), validate=True)


def _size(head: bytes) -> tuple[int, int]:
    """Width and height by the format's header; zeros for an unknown format."""
    width, height = 0, 0
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        width, height = struct.unpack_from(">II", head, 16)
    elif head.startswith((b"GIF87a", b"GIF89a")):
        width, height = struct.unpack_from("<HH", head, 6)
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        width, height = _webp(head)
    elif head.startswith(_JPEG):
        width, height = _jpeg(head)
    return width, height


def _webp(head: bytes) -> tuple[int, int]:
    """The three kinds of first chunk; widths as in RFC 9649, sections 2.5 to 2.7."""
    kind = head[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", head, 26)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", head, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    return 0, 0


def _jpeg(head: bytes) -> tuple[int, int]:
    """The first start-of-frame segment; markers as in ITU T.81, table B.1."""
    at = 2
    while True:
        while head[at] == 0xFF:
            at += 1
        marker = head[at]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack_from(">HH", head, at + 4)
            return width, height
        if marker in {0xD8, 0xD9, 0xDA, 0x00}:
            return 0, 0
        (length,) = struct.unpack_from(">H", head, at + 1)
        at += 1 + max(length, 2)
        if head[at] != 0xFF:
            return 0, 0


def audio_tokens(data: str, kind: str) -> int:
    """An estimate: ten tokens a second; a WAV's rate is in its header, an MP3 is taken as 128 kbit/s."""
    rate = MP3_BYTES_PER_SECOND
    if kind == "wav":
        rate = WAV_BYTES_PER_SECOND
        try:
            head = base64.b64decode(data[:64])
        except (binascii.Error, ValueError):
            head = b""
        if head[:4] == b"RIFF" and len(head) >= 32:
            rate = int.from_bytes(head[28:32], "little") or rate
    return max(1, math.ceil(_decoded_length(data) / rate * AUDIO_TOKENS_PER_SECOND))


def file_tokens(data: str | None) -> int:
    """An estimate: a token for four bytes, as if all were text; 1,000 for a file known only by its id."""
    if data is None:
        return UNKNOWN_FILE_TOKENS
    return max(1, _decoded_length(data.rpartition(",")[2]) // FILE_BYTES_PER_TOKEN)


def _decoded_length(data: str) -> int:
    return len(data) * 3 // 4
