"""What images, sound, video and documents count."""

import base64
import struct

import pytest
from gemini_plans import NEW, OLD, request_of

from simulator.providers.gemini.generation import generation_of
from simulator.providers.gemini.media import image_size, inline_part, is_base64, kind_of, tokens_of


def png(width, height):
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", width, height) + b"\x08\x06\x00\x00\x00"


def jpeg(width, height):
    skipped = b"\xff\xe0" + struct.pack(">H", 16) + bytes(14)
    return b"\xff\xd8" + skipped + b"\xff\xc0" + struct.pack(">HBHH", 17, 8, height, width) + bytes(12)


def webp(kind, rest):
    return b"RIFF" + bytes(4) + b"WEBP" + kind + bytes(4) + rest


WEBPS = [
    webp(b"VP8X", bytes(4) + (639).to_bytes(3, "little") + (479).to_bytes(3, "little")),
    webp(b"VP8L", b"\x2f" + (639 | 479 << 14).to_bytes(4, "little") + bytes(8)),
    webp(b"VP8 ", bytes(6) + struct.pack("<HH", 640, 480)),
]


@pytest.mark.parametrize("head", [png(640, 480), jpeg(640, 480), *WEBPS])
def test_sizes_of_images(head):
    assert image_size(head) == (640, 480)


@pytest.mark.parametrize("head", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"\xff\xd8" + b"\xff\xe0\x00\x00" * 500])
def test_sizes_that_cannot_be_read(head):
    assert image_size(head) == (0, 0)


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(384, 384, 258), (385, 385, 4 * 258), (960, 540, 6 * 258), (3_000, 3_000, 16 * 258), (0, 0, 258)],
)
def test_tiles_of_older_models(width, height, tokens):
    data = base64.b64encode(png(width, height)).decode()
    assert inline_part("image/png", data, "", generation_of(OLD)).tokens == tokens


@pytest.mark.parametrize(
    ("model", "kind", "level", "tokens"),
    [
        (NEW, "image", "", 1_120),
        (NEW, "image", "LOW", 280),
        (NEW, "image", "ULTRA_HIGH", 2_240),
        (OLD, "image", "LOW", 64),
        (NEW, "document", "", 2 * 560),
        (OLD, "document", "", 2 * 258),
        (OLD, "audio", "", 7 * 32),
        (NEW, "video", "", 70 + 32),
        (OLD, "video", "", 258 + 32),
        (NEW, "text", "", 25_000),
    ],
)
def test_prices_by_generation(model, kind, level, tokens):
    assert tokens_of(kind, 100_000, b"", level, generation_of(model)) == tokens


def test_pages_of_a_document_are_counted_where_they_show():
    data = base64.b64encode(b"%PDF /Type /Pages /Type /Page >> /Type/Page >> /Type /Page").decode()
    assert inline_part("application/pdf", data, "", generation_of(OLD)).tokens == 3 * 258


def test_resolution_of_all_and_of_one():
    image = {"inlineData": {"mimeType": "image/png", "data": ""}}
    parts = [image, {**image, "mediaResolution": {"level": "MEDIA_RESOLUTION_LOW"}}]
    contents = [{"parts": parts}]
    request = request_of(contents=contents, generationConfig={"mediaResolution": "MEDIA_RESOLUTION_MEDIUM"})
    assert [part.tokens for part in request.messages[0].parts] == [560, 280]


def test_public_addresses_and_special_parts_are_counted():
    parts = [
        {"fileData": {"fileUri": "https://www.youtube.com/watch?v=x"}},
        {"fileData": {"fileUri": "gs://bucket/a.png", "mimeType": "image/png"}},
        {"executableCode": {"language": "PYTHON", "code": "print(1)"}},
    ]
    found = request_of(contents=[{"parts": parts}]).messages[0].parts
    assert [part.kind for part in found] == ["video", "image", "executable_code"]
    assert all(part.tokens > 0 for part in found)


@pytest.mark.parametrize(
    ("mime", "kind"),
    [("image/webp", "image"), ("image/gif", ""), ("audio/x", "audio"), ("application/json", "text"), ("x/y", "")],
)
def test_kinds(mime, kind):
    assert kind_of(mime) == kind


@pytest.mark.parametrize(("data", "valid"), [("", True), ("YQ", True), ("YQ==", True), ("Y", False), ("Y Q=", False)])
def test_what_is_base64(data, valid):
    assert is_base64(data) is valid
