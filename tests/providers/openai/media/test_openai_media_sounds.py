"""Sounds are what their formats say: read here by the formats' own rules, not by what wrote them."""

import io
import struct
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.providers.multipart import Part
from simulator.providers.openai.media import recordings
from simulator.providers.openai.media.flac import flac
from simulator.providers.openai.media.ogg import opus
from simulator.providers.openai.media.sounds import FORMATS, LONGEST, RATE, aac, mp3, pcm, spoken, wav

LENGTHS = st.integers(1, 400_000)
BITS = bytes(range(32))


def crc(data, polynomial, width):
    """A CRC a bit at a time, the highest first."""
    value, top = 0, 1 << (width - 1)
    for byte in data:
        value ^= byte << (width - 8)
        for _ in range(8):
            value = (value << 1 ^ polynomial if value & top else value << 1) & (1 << width) - 1
    return value


@settings(max_examples=15)
@given(LENGTHS)
def test_wav_and_pcm(samples):
    with wave.open(io.BytesIO(wav(samples, BITS))) as read:
        assert read.getparams()[:4] == (1, 2, RATE, samples)
        assert read.readframes(samples) == pcm(samples, BITS)
    assert len(pcm(samples, BITS)) == 2 * samples


def test_the_tone_depends_on_the_bits():
    assert pcm(2_000, b"\x01") != pcm(2_000, b"\x70")
    assert max(struct.unpack("<2000h", pcm(2_000, BITS))) == 1_200


@settings(max_examples=15)
@given(LENGTHS)
def test_mp3(samples):
    data, frames, at = mp3(samples, BITS), 0, 0
    while at < len(data):
        (head,) = struct.unpack_from(">I", data, at)
        assert head >> 17 == 0b111_1111_1111_10_01  # MPEG-2, layer III
        assert head >> 10 & 3 == 1  # 24 kHz
        kilobits = (8, 16, 24, 32, 40, 48, 56, 64)[(head >> 12 & 15) - 1]
        at += 72 * kilobits * 1_000 // RATE + (head >> 9 & 1)
        frames += 1
    assert at == len(data)
    assert 0 <= frames * 576 - samples < 576


@settings(max_examples=15)
@given(LENGTHS)
def test_aac(samples):
    data, frames, at = aac(samples, BITS), 0, 0
    while at < len(data):
        head = int.from_bytes(data[at : at + 7], "big")
        assert head >> 40 == 0xFFF1
        assert (head >> 38 & 3, head >> 34 & 15, head >> 30 & 7) == (1, 6, 1)
        at += head >> 13 & 0x1FFF
        frames += 1
    assert at == len(data)
    assert 0 <= frames * 1_024 - samples < 1_024


@settings(max_examples=15)
@given(LENGTHS)
def test_opus(samples):
    data, at, packets = opus(samples, BITS), 0, []
    number = 0
    while at < len(data):
        mark, version, flags, granule, _, page, check, count = struct.unpack_from("<4sBBqIIIB", data, at)
        assert (mark, version, page) == (b"OggS", 0, number)
        sizes = data[at + 27 : at + 27 + count]
        end = at + 27 + count + sum(sizes)
        whole = data[at : at + 22] + bytes(4) + data[at + 26 : end]
        assert check == crc(whole, 0x04C11DB7, 32)
        at += 27 + count
        for size in sizes:
            packets.append(data[at : at + size])
            at += size
        number += 1
    assert flags == 4
    assert granule == 2 * samples
    assert packets[0].startswith(b"OpusHead\x01\x01")
    assert packets[1].startswith(b"OpusTags")
    assert len(packets) - 2 == -(-granule // 5_760)


@settings(max_examples=15)
@given(LENGTHS)
def test_flac(samples):
    data = flac(samples, BITS)
    assert data[:8] == b"fLaC\x80\x00\x00\x22"
    (packed,) = struct.unpack_from(">Q", data, 18)
    assert (packed >> 44, packed >> 41 & 7, packed >> 36 & 31, packed & (1 << 36) - 1) == (RATE, 0, 15, samples)
    at, left, number = 42, samples, 0
    while at < len(data):
        assert data[at : at + 2] == b"\xff\xf8"
        code = data[at + 2] >> 4
        size = 4 + (1 if number < 0x80 else 2)
        assert bytes(data[at + 4 : at + size]) == chr(number).encode()
        length = 4_096
        if code == 7:
            length = int.from_bytes(data[at + size : at + size + 2], "big") + 1
            size += 2
        assert data[at + size] == crc(data[at : at + size], 0x07, 8)
        end = at + size + 4
        assert data[at + size + 1 : end] == bytes(3)
        assert int.from_bytes(data[end : end + 2], "big") == crc(data[at:end], 0x8005, 16)
        at, left, number = end + 2, left - length, number + 1
    assert left == 0


@pytest.mark.parametrize("kind", sorted(set(FORMATS) - {"pcm"}))
def test_what_is_spoken_here_is_heard_here(kind):
    sound = FORMATS[kind][1](48_000, BITS)
    seconds = recordings.seconds_of(Part("file", sound, f"a.{'ogg' if kind == 'opus' else kind}"))
    assert seconds >= 0.1
    if kind in {"wav", "flac"}:
        assert seconds == 2.0


def test_length_of_speech():
    assert spoken("x" * 150, 1.0) == 10 * RATE
    assert spoken("x" * 150, 4.0) == 2.5 * RATE
    assert spoken("x", 1.0) == RATE / 2
    assert spoken("x" * 4_096, 0.25) == LONGEST * RATE
