"""Pictures through the official OpenAI client, decoded."""

import base64
import io
import struct
import zlib

import openai
import pytest
from client_checks import strangers

from simulator.providers.openai.media.pictures import Picture

PROMPT = "A cat on a warm mat"
PICTURE = ("cat.png", Picture(bytes(16), 64, 64, "png", clear=True).drawn(), "image/png")


def png_of(data):
    """Width, height and rows of pixels of a PNG, its checksums checked; knows the filters "none" and "up"."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, header = 8, b"", None
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        header = body if kind == b"IHDR" else header
        packed += body if kind == b"IDAT" else b""
        at += size + 12
    assert kind == b"IEND"
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    assert depth == 8
    stride = width * {2: 3, 6: 4}[colour]
    raw, rows, above = zlib.decompress(packed), [], bytes(stride)
    assert len(raw) == height * (stride + 1)
    for start in range(0, len(raw), stride + 1):
        mark, row = raw[start], raw[start + 1 : start + 1 + stride]
        assert mark in {0, 2}
        if mark == 2:
            row = above if not any(row) else bytes((a + b) % 256 for a, b in zip(row, above, strict=True))
        rows.append(row)
        above = row
    return width, height, rows


def decoded(image):
    return base64.b64decode(image.b64_json)


@pytest.mark.parametrize("model", ["gpt-image-1", "gpt-image-2", "gpt-image-2.6-flare"])
def test_generation(client, model):
    answer = client.images.generate(model=model, prompt=PROMPT, size="1536x1024", quality="low", n=2)
    assert strangers(answer) == []
    assert (answer.size, answer.quality, answer.output_format, answer.background) == (
        "1536x1024",
        "low",
        "png",
        "opaque",
    )
    assert answer.usage.output_tokens == 2 * 400
    assert answer.usage.input_tokens == answer.usage.input_tokens_details.text_tokens > 3
    first, second = map(decoded, answer.data)
    assert png_of(first)[:2] == png_of(second)[:2] == (1536, 1024)
    assert first != second
    assert client.images.generate(model=model, prompt=PROMPT, size="1536x1024", quality="low", n=2) == answer


def test_other_sizes_and_formats(client):
    def made(**fields):
        answer = client.images.generate(model="gpt-image-2", prompt=PROMPT, size="1536x864", **fields)
        return answer, decoded(answer.data[0])

    answer, picture = made(output_format="jpeg", output_compression=50)
    assert answer.output_format == "jpeg"
    assert picture.startswith(b"\xff\xd8\xff")
    assert picture.endswith(b"\xff\xd9")
    frame = picture.index(b"\xff\xc0")
    assert struct.unpack_from(">HH", picture, frame + 5) == (864, 1536)
    _, picture = made(output_format="webp", background="transparent")
    assert (picture[:4], picture[8:16]) == (b"RIFF", b"WEBPVP8L")
    assert struct.unpack_from("<I", picture, 4)[0] == len(picture) - 8
    answer, picture = made(background="transparent")
    assert answer.background == "transparent"
    width, height, rows = png_of(picture)
    assert (width, height) == (1536, 864)
    assert rows[0][3::4] == bytes(1536)
    assert rows[432][3::4] == b"\xff" * 1536


def test_partial_pictures_are_streamed(client):
    events = list(
        client.images.generate(model="gpt-image-1", prompt=PROMPT, stream=True, partial_images=2, quality="medium")
    )
    assert [event.type for event in events] == [
        "image_generation.partial_image",
        "image_generation.partial_image",
        "image_generation.completed",
    ]
    assert [strangers(event) for event in events] == [[], [], []]
    assert [event.partial_image_index for event in events[:2]] == [0, 1]
    assert len({event.b64_json for event in events}) == 3
    assert png_of(base64.b64decode(events[2].b64_json))[:2] == (1024, 1024)
    assert events[2].usage.output_tokens == 1056 + 2 * 100
    whole = client.images.generate(model="gpt-image-1", prompt=PROMPT, quality="medium")
    assert whole.data[0].b64_json == events[2].b64_json


def test_older_models_answer_with_urls(client, fleet):
    answer = client.images.generate(model="dall-e-3", prompt=PROMPT, size="1792x1024", quality="hd", style="vivid")
    assert strangers(answer) == []
    (image,) = answer.data
    assert image.revised_prompt == PROMPT
    assert image.url.startswith(fleet.url)
    shown = fleet.ask(image.url.removeprefix(fleet.url))
    assert (shown.status, shown.headers["content-type"]) == (200, "image/png")
    assert png_of(shown.body)[:2] == (1792, 1024)
    same = client.images.generate(
        model="dall-e-3", prompt=PROMPT, size="1792x1024", quality="hd", style="vivid", response_format="b64_json"
    )
    assert decoded(same.data[0]) == shown.body


def test_edits(client):
    ask = {"model": "gpt-image-2", "prompt": PROMPT, "size": "256x256", "quality": "low"}
    answer = client.images.edit(image=PICTURE, **ask)
    assert strangers(answer) == []
    assert png_of(decoded(answer.data[0]))[:2] == (256, 256)
    assert answer.usage.input_tokens_details.image_tokens == 65 + 129
    several = client.images.edit(image=[PICTURE, PICTURE], mask=PICTURE, user="me", **ask)
    assert several.usage.input_tokens_details.image_tokens == 2 * (65 + 129)
    assert several.safety_identifier == "me"
    events = list(client.images.edit(image=PICTURE, stream=True, partial_images=1, **ask))
    assert [event.type for event in events] == ["image_edit.partial_image", "image_edit.completed"]
    assert [strangers(event) for event in events] == [[], []]
    assert events[1].b64_json == answer.data[0].b64_json


def test_variations(client):
    with pytest.deprecated_call():
        answer = client.images.create_variation(image=PICTURE, n=2, size="256x256", response_format="b64_json")
    assert strangers(answer) == []
    assert [png_of(decoded(image))[:2] for image in answer.data] == [(256, 256)] * 2


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"model": "gpt-image-2", "size": "1000x1000"}, "size"),
        ({"model": "gpt-image-1", "size": "512x512"}, "size"),
        ({"model": "gpt-image-1", "response_format": "url"}, "response_format"),
        ({"model": "gpt-image-1", "quality": "hd"}, "quality"),
        ({"model": "gpt-image-2", "background": "transparent", "output_format": "jpeg"}, "background"),
        ({"model": "gpt-image-2", "output_format": "svg"}, "output_format"),
        ({"model": "gpt-image-2", "n": 11}, "n"),
        ({"model": "dall-e-3", "n": 2}, "n"),
        ({"model": "dall-e-2", "background": "auto"}, "background"),
        ({"model": "dall-e-2", "prompt": "x" * 1001}, "prompt"),
    ],
)
def test_refused_generations(client, fields, param):
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.generate(**{"prompt": PROMPT, **fields})
    assert caught.value.param == param


def test_refused_edits(client):
    for image in (io.BytesIO(b"no picture"), ("a.png", b"\x89PNG", "image/png"), ("a.gif", b"GIF89a", "image/gif")):
        with pytest.raises(openai.BadRequestError) as caught:
            client.images.edit(model="gpt-image-2", image=image, prompt=PROMPT)
        assert caught.value.param == "image"
    other = ("mask.png", Picture(bytes(16), 32, 64).drawn(), "image/png")
    with pytest.raises(openai.BadRequestError) as caught:
        client.images.edit(model="gpt-image-2", image=PICTURE, mask=other, prompt=PROMPT)
    assert caught.value.param == "mask"
