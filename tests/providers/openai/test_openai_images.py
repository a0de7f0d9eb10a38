import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.openai.images import audio_tokens, data_size, file_tokens, image_tokens

SIDES = st.integers(1, 2**14 - 1)


def encoded(data):
    return base64.b64encode(data).decode()


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x06\x00\x00\x00"


def gif(width, height):
    return b"GIF89a" + struct.pack("<HH", width, height) + b"\x00\x00\x00"


def jpeg(width, height):
    comment = b"\xff\xfe" + struct.pack(">H", 2 + 40_000) + b"\xff" * 40_000
    tables = b"\xff\xc4" + struct.pack(">H", 4) + b"\x00\x00"
    frame = b"\xff\xff\xc2" + struct.pack(">HBHH", 11, 8, height, width)
    return b"\xff\xd8" + comment + tables + frame + b"\x01\x11\x00"


def webp(kind, chunk):
    return b"RIFF" + bytes(4) + b"WEBP" + kind + struct.pack("<I", len(chunk)) + chunk


def webp_lossy(width, height):
    return webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + struct.pack("<HH", width, height))


def webp_lossless(width, height):
    return webp(b"VP8L", b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14))


def webp_extended(width, height):
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return webp(b"VP8X", b"\x00\x00\x00\x00" + sides)


@pytest.mark.parametrize("make", [png, gif, jpeg, webp_lossy, webp_lossless, webp_extended])
@given(width=SIDES, height=SIDES)
def test_the_size_is_read_from_the_header(make, width, height):
    assert data_size(encoded(make(width, height))) == (width, height)
    assert data_size(encoded(make(width, height)).rstrip("=")) == (width, height)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "!!!!",
        encoded(b"BM not a picture"),
        encoded(png(1, 1)[:20]),
        encoded(png(0, 5)),
        encoded(jpeg(5, 5)[:30]),
        encoded(b"\xff\xd8\xff\xda\x00\x08"),
        encoded(b"\xff\xd8\xff\xfe\x00\x04xxnot a marker"),
        encoded(webp(b"ALPH", bytes(20))),
        "é" * 8,
    ],
)
def test_what_is_no_picture_has_no_size(data):
    assert data_size(data) is None


@given(st.binary(max_size=64))
def test_any_header_can_be_read(data):
    for start in (b"", b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"RIFF\x00\x00\x00\x00WEBPVP8X"):
        size = data_size(encoded(start + data))
        assert size is None or min(size) > 0


@pytest.mark.parametrize(
    ("size", "detail", "tokens"),
    [
        ((1024, 1024), "high", 765),  # the provider's own examples
        ((2048, 4096), "high", 1105),
        ((4096, 8192), "low", 85),
        ((512, 512), "auto", 255),
        ((1, 1), "high", 255),
        ((513, 512), "high", 425),
        ((10_000, 1), "high", 85 + 4 * 170),
    ],
)
def test_pictures_cost_what_is_published(size, detail, tokens):
    assert image_tokens(size, detail) == tokens


def test_sounds_and_files_cost_their_estimates():
    wav = b"RIFF" + bytes(4) + b"WAVEfmt " + struct.pack("<IHHII", 16, 1, 1, 8000, 16_000) + bytes(16)
    assert audio_tokens(encoded(wav + bytes(160_000 - len(wav))), "wav") == 101
    assert audio_tokens(encoded(bytes(48_000)), "wav") == 10
    assert audio_tokens("%%%", "wav") == 1
    assert audio_tokens("é", "wav") == 1
    assert audio_tokens(encoded(bytes(16_000)), "mp3") == 11
    assert file_tokens(None) == 1000
    assert file_tokens("data:text/plain;base64," + encoded(bytes(400))) == 100
    assert file_tokens("") == 1
