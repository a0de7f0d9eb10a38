"""Baseline JPEG (ITU T.81) of horizontal bands. Pure.

Every block has one colour, so only its DC coefficient is coded; the tables give a block that is as the one before it
two bits of zero. What is left of a picture are the first blocks of its bands and runs of zeros.
"""

import struct
from collections.abc import Sequence

Band = tuple[int, tuple[int, int, int]]
"""Rows, and their colour as (Y, Cb, Cr). A band's rows are rounded down to whole blocks, but for the last band's."""

_BLOCK = 8
_STEP = 8
"""What a DC coefficient is divided by; with 8 it is the block's own mean less 128."""


def jpeg(width: int, height: int, bands: Sequence[Band]) -> bytes:
    """A picture of the bands from top to bottom; the last one fills what is left."""
    across, down = -(-width // _BLOCK), -(-height // _BLOCK)
    bits: list[str] = []
    before = (0, 0, 0)
    for place, (rows, colour) in enumerate(bands):
        high = down if place == len(bands) - 1 else min(down, rows // _BLOCK)
        down -= high
        if not high:
            continue
        levels = (colour[0] - 128, colour[1] - 128, colour[2] - 128)
        bits += [_coded(level - last) for level, last in zip(levels, before, strict=True)]
        bits.append("00" * 3 * (high * across - 1))
        before = levels
    return b"".join([_head(width, height), _packed("".join(bits)), b"\xff\xd9"])


def _coded(difference: int) -> str:
    """The bits of a block: its DC difference by T.81's table F.1, and the end of the block."""
    size = abs(difference).bit_length()
    code = "0" if size == 0 else f"{0b10000 + size - 1:05b}"
    if size:
        code += f"{difference if difference > 0 else difference + (1 << size) - 1:0{size}b}"
    return code + "0"


def _packed(bits: str) -> bytes:
    """Whole bytes, filled up with ones; a byte of ones is followed by a zero (T.81, F.1.2.3)."""
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\x00")


def _head(width: int, height: int) -> bytes:
    table = bytes([0]) + bytes([_STEP]) * 64
    frame = struct.pack(">BHHB", 8, height, width, 3) + b"".join([bytes([part, 0x11, 0]) for part in (1, 2, 3)])
    # DC: size 0 in one bit, sizes 1 to 11 in five. AC: the end of a block in one bit, nothing else.
    direct = bytes([0x00]) + bytes([1, 0, 0, 0, 11, *([0] * 11)]) + bytes(range(12))
    rest = bytes([0x10]) + bytes([1, *([0] * 15)]) + bytes([0])
    scan = bytes([3]) + b"".join([bytes([part, 0x00]) for part in (1, 2, 3)]) + bytes([0, 63, 0])
    return b"".join(
        [
            b"\xff\xd8",
            _segment(0xE0, b"JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"),
            _segment(0xDB, table),
            _segment(0xC0, frame),
            _segment(0xC4, direct),
            _segment(0xC4, rest),
            _segment(0xDA, scan),
        ]
    )


def _segment(marker: int, data: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(data) + 2) + data
