"""The text of a PDF's pages, as far as it can be had without a renderer. Pure, and bounded whatever the file holds.

Strings shown by the text operators of uncompressed or Flate-compressed content streams are read, in the order of the
file; each stream with text counts as a page. What a font's own encoding hides is not text here: such files, as scans,
have nothing to be cited.
"""

import re
import zlib
from typing import Final

MOST_BYTES: Final = 8 * 2**20
"""Of the file that are looked at."""
MOST_STREAMS: Final = 128
LONGEST_STREAM: Final = 256 * 1024
"""Bytes of one stream as it stands in the file."""
MOST_UNPACKED: Final = 64 * 1024
"""Bytes of one content stream, unpacked."""
MOST_CONTENT: Final = 128 * 1024
"""Bytes of all content streams, unpacked."""
MOST_PAGES: Final = 64
_STREAM: Final = re.compile(rb"stream\r?\n")
# A string in parentheses with its escapes, or in angle brackets; what stands between two shows is told by the operator.
_SHOWN: Final = re.compile(rb"\(((?:[^()\\]|\\.)*)\)|<([0-9A-Fa-f\s]{2,})>|(\bT[dD*]|'|\")", re.DOTALL)
_ESCAPE: Final = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_PLAIN: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"", b"f": b"", b"\n": b"", b"\r": b""}


def page_texts(data: bytes) -> list[str]:
    """The text of each page that has any."""
    data = data[:MOST_BYTES]
    pages: list[str] = []
    left = MOST_CONTENT
    for count, opened in enumerate(_STREAM.finditer(data)):
        if count >= MOST_STREAMS or len(pages) >= MOST_PAGES or left <= 0:
            break
        limit = opened.end() + LONGEST_STREAM
        end = data.find(b"endstream", opened.end(), limit)
        content = _unpacked(data[opened.end() : end if end >= 0 else limit])
        if b"BT" in content and (b"Tj" in content or b"TJ" in content):
            left -= len(content)
            text = _text(content)
            if text:
                pages.append(text)
    return pages


def _unpacked(raw: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(raw, MOST_UNPACKED)
    except zlib.error:
        return raw[:MOST_UNPACKED]


def _text(content: bytes) -> str:
    found: list[bytes] = []
    for shown in _SHOWN.finditer(content):
        literal, digits, operator = shown.groups()
        if operator is not None:
            found.append(b" ")
        elif literal is not None:
            found.append(_ESCAPE.sub(_unescaped, literal))
        else:
            found.append(_from_hex(digits))
    text = " ".join(b"".join(found).decode("latin-1").split())
    letters = sum(character.isprintable() and character.isascii() for character in text)
    return text if letters * 10 >= len(text) * 9 else ""


def _unescaped(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code.isdigit():
        return bytes([int(code, 8) & 0xFF]) if code < b"8" else code
    return _PLAIN.get(code, code)


def _from_hex(digits: bytes) -> bytes:
    packed = b"".join(digits.split())
    return bytes.fromhex((packed + b"0" * (len(packed) % 2)).decode("ascii"))
