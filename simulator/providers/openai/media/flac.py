"""FLAC (RFC 9639) of silence. Pure: every frame is one constant sample."""

import struct

_RATE = 24_000
_BLOCK = 4_096
"""Samples of a frame."""
_BLOCK_CODE, _RATE_CODE = 0b1100, 0b0111
"""4,096 samples and 24 kHz, as RFC 9639 codes them (9.1.1, 9.1.2)."""


def flac(samples: int, bits: bytes) -> bytes:
    """A file of so many samples, at least 1: 24 kHz, 16 bit, mono."""
    del bits
    whole, rest = divmod(samples, _BLOCK)
    info = struct.pack(">HH6xQ16x", _BLOCK, _BLOCK, _RATE << 44 | 15 << 36 | samples)
    frames = [_frame(number, _BLOCK) for number in range(whole)]
    if rest:
        frames.append(_frame(whole, rest))
    return b"fLaC" + b"\x80" + len(info).to_bytes(3, "big") + info + b"".join(frames)


def _frame(number: int, length: int) -> bytes:
    """One channel of 16 bits whose only subframe is the constant 0."""
    code = _BLOCK_CODE if length == _BLOCK else 0b0111  # 0b0111: the length less one follows in 16 bits
    head = bytes([0xFF, 0xF8, code << 4 | _RATE_CODE, 0b1000]) + _coded(number)
    if length != _BLOCK:
        head += (length - 1).to_bytes(2, "big")
    head += bytes([_crc(head, 8)])
    frame = head + b"\x00\x00\x00"
    return frame + _crc(frame, 16).to_bytes(2, "big")


def _coded(number: int) -> bytes:
    """A frame's number in the manner of UTF-8."""
    if number < 0x80:
        return bytes([number])
    if number < 0x800:
        return bytes([0xC0 | number >> 6, 0x80 | number & 0x3F])
    return bytes([0xE0 | number >> 12, 0x80 | number >> 6 & 0x3F, 0x80 | number & 0x3F])


def _table(polynomial: int, width: int) -> list[int]:
    top, mask = 1 << (width - 1), (1 << width) - 1
    table = []
    for byte in range(256):
        value = byte << (width - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & mask
        table.append(value)
    return table


_TABLES = {width: _table(polynomial, width) for polynomial, width in ((0x07, 8), (0x8005, 16))}


def _crc(data: bytes, width: int) -> int:
    table, mask = _TABLES[width], (1 << width) - 1
    value = 0
    for byte in data:
        value = (value << 8 ^ table[value >> (width - 8) ^ byte]) & mask
    return value
