"""WebP, lossless (RFC 9649), of one colour. Pure.

Every prefix code has a single symbol, so a pixel takes no bits at all: a picture of any size has some forty bytes.
"""

import struct

_MOST = 1 << 14
"""Pixels on a side that the format can have."""


def webp(width: int, height: int, colour: bytes) -> bytes:
    """A picture filled with `colour` (RGBA). Raises ValueError for a side that the format cannot have."""
    if not (0 < width <= _MOST and 0 < height <= _MOST):
        raise ValueError(f"a WebP picture has 1 to {_MOST} pixels on a side, not {width} x {height}")
    red, green, blue, alpha = colour
    bits = _Bits()
    bits.add(width - 1, 14)
    bits.add(height - 1, 14)
    bits.add(int(alpha < 255), 1)
    bits.add(0, 3)  # the version
    bits.add(0, 3)  # no transform, no colour cache, no meta prefix codes
    for symbol in (green, red, blue, alpha, 0):  # the last is the code of distances, which are never used
        bits.add(1, 1)  # a simple code
        bits.add(0, 1)  # of one symbol
        bits.add(1, 1)  # that has eight bits
        bits.add(symbol, 8)
    data = b"\x2f" + bits.packed()
    padded = data + b"\x00" * (len(data) % 2)
    return b"RIFF" + struct.pack("<I", 12 + len(padded)) + b"WEBPVP8L" + struct.pack("<I", len(data)) + padded


class _Bits:
    """Bits in the order of the format: the least significant first."""

    def __init__(self) -> None:
        self._value = 0
        self._length = 0

    def add(self, value: int, length: int) -> None:
        self._value |= value << self._length
        self._length += length

    def packed(self) -> bytes:
        return self._value.to_bytes(-(-self._length // 8), "little")
