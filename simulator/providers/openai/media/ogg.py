"""Opus in Ogg (RFC 6716, 7845, 3533), of silence. Pure: every frame is empty, which a decoder plays as silence."""

import struct
import zlib

_SERIAL = 0x51D0_51D0
_GRANULES = 48_000
"""Granule positions count samples at 48 kHz, whatever the input had."""
_RATE = 24_000
_PACKET = 5_760
"""Granules of one packet of 120 ms: six frames of 20 ms."""
_PACKETS = 250
"""Of one page, which can hold 255 segments."""
_SILENCE = bytes([31 << 3 | 3, 6])
"""A fullband CELT packet of six frames of one size, which is nothing (RFC 6716, 3.2.5)."""
_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def opus(samples: int, bits: bytes) -> bytes:
    """A file of so many samples at 24 kHz, at least 1, in one channel."""
    del bits
    granules = samples * _GRANULES // _RATE
    packets = -(-granules // _PACKET)
    head = struct.pack("<8sBBHIhB", b"OpusHead", 1, 1, 0, _RATE, 0, 0)
    vendor = b"llm-simulator"
    tags = struct.pack("<8sI", b"OpusTags", len(vendor)) + vendor + struct.pack("<I", 0)
    pages = [_page(0, 0, 2, [head]), _page(1, 0, 0, [tags])]
    for first in range(0, packets, _PACKETS):
        count = min(_PACKETS, packets - first)
        last = first + count == packets
        at = granules if last else (first + count) * _PACKET
        pages.append(_page(len(pages), at, 4 if last else 0, [_SILENCE] * count))
    return b"".join(pages)


def _page(number: int, granule: int, flags: int, packets: list[bytes]) -> bytes:
    """A page of packets shorter than 255 bytes each."""
    sizes = bytes([len(packet) for packet in packets])
    head = struct.pack("<4sBBqIII", b"OggS", 0, flags, granule, _SERIAL, number, 0) + bytes([len(sizes)]) + sizes
    page = head + b"".join(packets)
    return page[:22] + struct.pack("<I", _crc(page)) + page[26:]


def _crc(data: bytes) -> int:
    """Ogg's CRC-32: zlib's polynomial, but the bits the other way round and nothing inverted."""
    mirrored = zlib.crc32(data.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
