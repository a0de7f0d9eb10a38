"""PNG (ISO/IEC 15948) of horizontal bands, at a cost that hardly grows with the size. Pure.

The first row of a band is written out; each further one is the filter "up" and zeros. A run of such rows is compressed
once and repeated: pieces of deflate that end on a full flush may be put together as they are.
"""

import struct
import zlib
from collections.abc import Sequence

Band = tuple[int, bytes]
"""Rows, at least 1, and the pixel that fills them: 3 bytes (RGB) or 4 (RGBA), the same in all bands."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_ZLIB = b"\x78\x01"
_END = b"\x03\x00"
"""An empty last block of deflate."""
_ROWS = 16
"""Rows that are compressed together."""
_MODULUS = 65_521


def png(width: int, bands: Sequence[Band]) -> bytes:
    """A picture of the bands from top to bottom, all `width` pixels wide."""
    depth = len(bands[0][1])
    height = sum([rows for rows, _ in bands])
    header = struct.pack(">IIBBBBB", width, height, 8, 2 if depth == 3 else 6, 0, 0, 0)
    length = 1 + depth * width
    repeated = b"\x02" + bytes(length - 1)
    run = _deflated(repeated * _ROWS)
    check = 1
    packed = [_ZLIB]
    for rows, pixel in bands:
        first = b"\x00" + pixel * width
        check = zlib.adler32(first, check)
        more = rows - 1
        packed += [_deflated(first), run * (more // _ROWS), _deflated(repeated * (more % _ROWS))]
        check = _repeated(check, more, length)
    packed += [_END, struct.pack(">I", check)]
    return _SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", b"".join(packed)) + _chunk(b"IEND", b"")


def _deflated(raw: bytes) -> bytes:
    """Raw deflate that ends on a byte, and that nothing behind it refers to."""
    if not raw:
        return b""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    return packer.compress(raw) + packer.flush(zlib.Z_FULL_FLUSH)


def _repeated(check: int, rows: int, length: int) -> int:
    """Adler-32 after so many rows of a 2 and zeros: its low half grows by 2 a row, its high half by the low a byte."""
    low, high = check & 0xFFFF, check >> 16
    high += length * (rows * low + rows * (rows + 1))
    return (high % _MODULUS) << 16 | (low + 2 * rows) % _MODULUS


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
