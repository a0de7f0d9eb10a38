"""Prices of images and documents, against the published rule and measured counts."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.anthropic.images import (
    HIGH,
    PAGE,
    STANDARD,
    image_size,
    image_tokens,
    pdf_tokens,
)


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + width.to_bytes(4) + height.to_bytes(4) + bytes(5)


def gif(width: int, height: int) -> bytes:
    return b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + bytes(3)


def jpeg(width: int, height: int) -> bytes:
    metadata = b"\xff\xe1" + (2002).to_bytes(2) + bytes(2000)
    frame = b"\xff\xff\xc2" + (17).to_bytes(2) + b"\x08" + height.to_bytes(2) + width.to_bytes(2) + bytes(10)
    return b"\xff\xd8" + metadata + frame


def webp(kind: bytes, payload: bytes) -> bytes:
    return b"RIFF" + bytes(4) + b"WEBP" + kind + bytes(4) + payload


def webp_extended(width: int, height: int) -> bytes:
    return webp(b"VP8X", bytes(4) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little"))


def webp_lossless(width: int, height: int) -> bytes:
    return webp(b"VP8L", b"\x2f" + ((width - 1) | (height - 1) << 14).to_bytes(4, "little"))


def webp_lossy(width: int, height: int) -> bytes:
    return webp(b"VP8 ", b"\x00\x00\x00\x9d\x01\x2a" + width.to_bytes(2, "little") + height.to_bytes(2, "little"))


@pytest.mark.parametrize("make", [png, gif, jpeg, webp_extended, webp_lossless, webp_lossy])
@pytest.mark.parametrize("size", [(640, 480), (1, 9999)])
def test_sizes_are_read(make, size) -> None:
    assert image_size(encoded(make(*size))) == size


@pytest.mark.parametrize(
    "data",
    [
        "",
        "!!!!",
        "\u00e9\u00e9\u00e9\u00e9",
        encoded(b"plain"),
        encoded(png(0, 5)),
        encoded(b"\xff\xd8\xff\xe1"),
        encoded(webp(b"ALPH", bytes(9))),
    ],
)
def test_what_is_no_image_has_no_size(data) -> None:
    assert image_size(data) is None


@pytest.mark.parametrize(
    ("size", "tokens"),
    [((256, 256), 100), ((512, 512), 361), ((768, 768), 784), ((1024, 1024), 1369), ((1280, 720), 1196)],
)
def test_patches(size, tokens) -> None:
    """Differences of counts that were measured on the real API; each adds a constant for the message around it."""
    assert image_tokens(size) == image_tokens(size, HIGH) == tokens


def test_large_images_are_scaled_down() -> None:
    assert image_tokens((1920, 1080)) == 1560
    assert image_tokens((1920, 1080), HIGH) == 2691


def test_an_unknown_size_is_a_square() -> None:
    assert image_tokens(None) == 37 * 37


@given(st.integers(1, 2**32), st.integers(1, 2**32))
def test_no_image_costs_more_than_the_most(width, height) -> None:
    for limits in (STANDARD, HIGH):
        assert 1 <= image_tokens((width, height), limits) <= limits[1]


@given(st.binary(max_size=80))
def test_any_bytes_have_a_price(raw) -> None:
    for start in (b"", b"\xff\xd8", b"RIFF....WEBP", b"GIF89a", b"\x89PNG\r\n\x1a\n"):
        size = image_size(encoded(start + raw))
        assert size is None or min(size) > 0


def test_pages_of_a_document() -> None:
    pages = b"%PDF-1.7 /Type /Pages /Kids [] /Type /Page >> /Type/Page /MediaBox"
    assert pdf_tokens(encoded(pages)) == 2 * PAGE
    assert pdf_tokens(encoded(b"%PDF-1.7")) == pdf_tokens("") == PAGE
