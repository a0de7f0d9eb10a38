"""What an image or a document costs in tokens, by the provider's published rules. Pure; nothing is fetched.

Images: one token for every started patch of 28 x 28 pixels, after scaling down to the largest size that the model
sees (1568 pixels and 1568 tokens; from version 4.7 on 2576 pixels and 4784 tokens). The pixel size is read from the
header of PNG, JPEG, GIF and WebP data. Where it cannot be known (a URL, an uploaded file, data that is no
image) the image counts as 1024 x 1024.

PDF: 1,500 to 3,000 tokens a page are published; a page counts 2,250. Pages that cannot be counted are one page.
"""

import binascii
import math
import re
from typing import Final

PATCH: Final = 28
STANDARD: Final = (1568, 1568)
"""Longest edge in pixels, and most tokens."""
HIGH: Final = (2576, 4784)
UNKNOWN_SIZE: Final = (1024, 1024)
PAGE: Final = 2_250

# A JPEG's size stands after its metadata, which rarely takes more than 64 KB.
_HEADER_CHARACTERS = 131_072
_PAGES = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_FRAME_HEADERS = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})


def image_tokens(size: tuple[int, int] | None, limits: tuple[int, int] = STANDARD) -> int:
    """The tokens of an image of this size in pixels; None where the size is not known."""
    width, height = size or UNKNOWN_SIZE
    edge, most = limits
    scale = min(1.0, edge / max(width, height))
    tokens = _patches(width * scale, height * scale)
    while tokens > most:
        # Whole patches make the count a staircase: each turn takes the overshoot off, at least one percent of an edge.
        scale *= min(0.99, math.sqrt(most / tokens))
        tokens = _patches(width * scale, height * scale)
    return tokens


def image_size(data: str) -> tuple[int, int] | None:
    """Width and height of an image in base64, or None."""
    head = decoded(data[:_HEADER_CHARACTERS])
    size = None
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        size = int.from_bytes(head[16:20]), int.from_bytes(head[20:24])
    elif head[:6] in (b"GIF87a", b"GIF89a"):
        size = int.from_bytes(head[6:8], "little"), int.from_bytes(head[8:10], "little")
    elif head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        size = _webp(head)
    elif head[:2] == b"\xff\xd8":
        size = _jpeg(head)
    return size if size is not None and min(size) > 0 else None


def pdf_tokens(data: str) -> int:
    """The tokens of a PDF in base64, by its pages."""
    return PAGE * max(1, len(_PAGES.findall(decoded(data))))


def _patches(width: float, height: float) -> int:
    # The smallest float above a whole number of patches comes from scaling, not from the image.
    return max(1, math.ceil(round(width / PATCH, 6))) * max(1, math.ceil(round(height / PATCH, 6)))


def decoded(data: str) -> bytes:
    """The bytes of as much base64 as there is; nothing where it is not base64."""
    try:
        text = data.encode("ascii")
        return binascii.a2b_base64(text[: len(text) // 4 * 4])
    except (binascii.Error, UnicodeEncodeError):
        return b""


def _webp(head: bytes) -> tuple[int, int] | None:
    kind = head[12:16]
    if kind == b"VP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    if kind == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    if kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return None


def _jpeg(head: bytes) -> tuple[int, int] | None:
    """Walk the segments to the frame header (ITU T.81, B.1.1.4 and B.2.2)."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker = head[at + 1]
        if marker in _FRAME_HEADERS:
            return int.from_bytes(head[at + 7 : at + 9]), int.from_bytes(head[at + 5 : at + 7])
        if marker == 0xFF:
            at += 1
            continue
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return None
