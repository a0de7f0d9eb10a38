"""The small parts: Python's names of types, pictures, and which stretches of a text are cited."""

import base64
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.content.structured import compile_schema
from simulator.providers.cohere.citations import MOST, citations_of
from simulator.providers.cohere.images import Picture, is_url, picture_of, source_of, tokens_of
from simulator.providers.cohere.python_types import normalised, schema_of
from simulator.providers.cohere.wire import uuid

INTEGER, TEXT = {"type": "integer"}, {"type": "string"}


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("str", TEXT),
        ("Int", INTEGER),
        ("typing.List[str]", {"type": "array", "items": TEXT}),
        ("dict[str, int]", {"type": "object", "additionalProperties": INTEGER}),
        ("Optional[int]", {"anyOf": [INTEGER, {"type": "null"}]}),
        ("int | None", {"anyOf": [INTEGER, {"type": "null"}]}),
        ("List[Union[str, int]]", {"type": "array", "items": {"anyOf": [TEXT, INTEGER]}}),
        ("Union[int]", INTEGER),
        ("Literal['a, b', \"c\", 3, x]", {"enum": ["a, b", "c", 3, "x"]}),
        ("Literal[99999999999999999999]", {"enum": ["99999999999999999999"]}),
        ("datetime", {}),
        ("Weird[int]", {}),
        ("list" + "[list" * 20, {}),
        ("x" * 1_000, {}),
    ],
)  # fmt: skip
def test_types(name, schema):
    assert schema_of(name) == schema


@given(st.text(max_size=40) | st.text(alphabet="[],|'\"intsrOLUu ", max_size=40))
def test_every_name_of_a_type_makes_a_schema(name):
    compile_schema({"type": "object", "properties": {"a": schema_of(name)}})


def test_a_schema_without_python_s_names_stays_itself():
    schema = {"type": "object", "properties": {"type": {"enum": ["str"]}, "a": {"anyOf": [INTEGER]}}}
    assert normalised(schema) is schema


def url(kind, data):
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", 1000, 300, 8, 2, 0, 0, 0)
JPEG = b"\xff\xd8\xff\xe0" + struct.pack(">H", 4) + b"xx\xff\xff\xc0" + struct.pack(">HBHHB", 17, 8, 400, 600, 3)
PICTURES = [
    ("png", PNG, Picture(1000, 300, "png", 24)),
    ("jpeg", JPEG, Picture(600, 400, "jpeg", 24)),
    ("gif", b"GIF89a" + struct.pack("<HHB", 20, 30, 0b1000_0111), Picture(20, 30, "gif", 8)),
    ("webp", b"RIFF0000WEBPVP8X" + bytes(8) + b"\x0f\x00\x00\x07\x00\x00", Picture(16, 8, "webp", 24)),
    ("webp", b"RIFF0000WEBPVP8L" + bytes(5) + struct.pack("<I", 15 | 7 << 14), Picture(16, 8, "webp", 24)),
    ("webp", b"RIFF0000WEBPVP8 " + bytes(10) + struct.pack("<HH", 16, 8), Picture(16, 8, "webp", 24)),
]


@pytest.mark.parametrize(("kind", "data", "picture"), PICTURES)
def test_pictures_are_read(kind, data, picture):
    assert picture_of(url(kind, data)) == picture


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8ab", b"RIFF0000WEBP", b"GIF89a", b"BM" * 20]
)
def test_broken_pictures_are_none(data):
    assert picture_of(url("png", data)) is None


def test_what_is_no_picture():
    assert picture_of("https://example.com/a.png") is None
    assert picture_of("data:image/png;base64,*") is None
    assert not is_url("data:image/bmp;base64,AAAA")
    assert is_url("http://example.com")
    assert source_of(url("png", PNG)) == source_of(url("png", PNG)) != source_of(url("png", PNG + b"1"))


def sized(width, height):
    return url("png", b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sIIBBBBB", 13, b"IHDR", width, height, 8, 2, 0, 0, 0))


@pytest.mark.parametrize(
    ("width", "height", "detail", "tokens"),
    [
        (10_000, 20_000, "high", 2_304),  # the example of the documentation
        (10_000, 20_000, "low", 256),
        (768, 768, None, 256),
        (769, 10, "auto", 256 * 3),
        (100, 100, "high", 512),
        (2048, 1536, "auto", 256 * 13),
        (2**31 - 1, 1, "high", 256 * 5),
    ],
)
def test_prices_are_the_published_ones(width, height, detail, tokens):
    assert tokens_of(sized(width, height), detail) == tokens


def test_the_price_of_a_picture_that_is_not_known():
    assert tokens_of("https://example.com/a.png") == 5 * 256


@given(st.text(alphabet="ab .!?\n\u00e9\U0001f389", max_size=200), st.integers(0, 3))
def test_citations_are_stretches_of_the_text_in_order(text, sources):
    found = citations_of(text, sources)
    assert len(found) <= MOST
    assert bool(found) == (bool(sources) and bool(text.strip()))
    end = 0
    for place, citation in enumerate(found):
        assert text[citation.start : citation.end] == citation.text
        assert end <= citation.start < citation.end
        assert citation.source == place % sources
        end = citation.end


def test_a_sentence_without_end():
    (citation,) = citations_of("x" * 100_000, 1)
    assert citation.text == "x" * 400


@given(st.binary(min_size=16, max_size=32))
def test_ids_are_uuids_of_version_4(bits):
    import uuid as library

    made = library.UUID(uuid(bits))
    assert made.version == 4
    assert made.variant == library.RFC_4122
