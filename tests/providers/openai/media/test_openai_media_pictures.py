"""Pictures are what their formats say: read here by the formats' own rules, not by what wrote them."""

import struct
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.providers.openai.media.jpeg import jpeg
from simulator.providers.openai.media.pictures import BANDS, Picture, named, seed_of
from simulator.providers.openai.media.png import png
from simulator.providers.openai.media.webp import webp

SEED = bytes(range(60, 76))
SIDES = st.integers(1, 300)


def rows_of_png(data):
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed = 8, b""
    while at < len(data):
        size, kind = struct.unpack_from(">I4s", data, at)
        body = data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack_from(">IIBB", body)
        packed += body if kind == b"IDAT" else b""
        at += size + 12
    assert kind == b"IEND"
    assert depth == 8
    pixel = {2: 3, 6: 4}[colour]
    raw, rows, above = zlib.decompress(packed), [], bytes(pixel * width)
    assert len(raw) == height * (pixel * width + 1)
    for start in range(0, len(raw), pixel * width + 1):
        mark, row = raw[start], raw[start + 1 : start + 1 + pixel * width]
        assert mark in {0, 2}
        above = bytes((a + b) % 256 for a, b in zip(row, above, strict=True)) if mark == 2 else row
        rows.append(above)
    return rows


@settings(max_examples=30)
@given(SIDES, st.lists(st.tuples(st.integers(1, 70), st.binary(min_size=4, max_size=4)), min_size=1, max_size=4))
def test_png(width, bands):
    for depth in (3, 4):
        cut = [(rows, pixel[:depth]) for rows, pixel in bands]
        assert rows_of_png(png(width, cut)) == [pixel * width for rows, pixel in cut for _ in range(rows)]


class Scan:
    """The entropy-coded part of a baseline JPEG."""

    def __init__(self, data):
        self.tables = {}
        at = 2
        while data[at + 1] != 0xDA:
            marker, (size,) = data[at + 1], struct.unpack_from(">H", data, at + 2)
            body = data[at + 4 : at + 2 + size]
            if marker == 0xC4:
                self.tables[body[0]] = self.codes(body[1:17], body[17:])
            if marker == 0xC0:
                self.height, self.width = struct.unpack_from(">HH", body, 1)
            at += size + 2
        at += 2 + struct.unpack_from(">H", data, at + 2)[0]
        coded = data[at:-2].replace(b"\xff\x00", b"\xff")
        self.bits = "".join(f"{byte:08b}" for byte in coded)
        self.at = 0

    @staticmethod
    def codes(counts, symbols):
        found, code, left = {}, 0, list(symbols)
        for length, count in enumerate(counts, 1):
            for _ in range(count):
                found[f"{code:0{length}b}"] = left.pop(0)
                code += 1
            code <<= 1
        return found

    def symbol(self, table):
        end = self.at + 1
        while self.bits[self.at : end] not in self.tables[table]:
            end += 1
            assert end - self.at <= 16
        found = self.tables[table][self.bits[self.at : end]]
        self.at = end
        return found

    def difference(self):
        size = self.symbol(0x00)
        raw = self.bits[self.at : self.at + size]
        self.at += size
        if not raw:
            return 0
        return int(raw, 2) if raw[0] == "1" else int(raw, 2) - (1 << size) + 1

    def blocks(self):
        """The DC levels of every block, row by row, as (Y, Cb, Cr)."""
        count = -(-self.width // 8) * -(-self.height // 8)
        level = [0, 0, 0]
        for _ in range(count):
            for part in range(3):
                level[part] += self.difference()
                assert self.symbol(0x10) == 0
            yield tuple(level)
        assert self.bits[self.at :] in "1" * 7


@settings(max_examples=30)
@given(SIDES, SIDES, st.lists(st.tuples(st.integers(1, 90), st.tuples(*[st.integers(0, 255)] * 3)), min_size=1))
def test_jpeg(width, height, bands):
    scan = Scan(jpeg(width, height, bands))
    assert (scan.width, scan.height) == (width, height)
    across, left = -(-width // 8), -(-height // 8)
    wanted = []
    for place, (rows, colour) in enumerate(bands):
        high = left if place == len(bands) - 1 else min(left, rows // 8)
        left -= high
        wanted += [tuple(value - 128 for value in colour)] * (high * across)
    assert list(scan.blocks()) == wanted


@given(st.integers(1, 16_384), st.integers(1, 16_384), st.binary(min_size=4, max_size=4))
@settings(max_examples=30)
def test_webp(width, height, colour):
    data = webp(width, height, colour)
    assert data[:4] + data[8:16] == b"RIFFWEBPVP8L"
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    assert len(data) % 2 == 0
    (size,) = struct.unpack_from("<I", data, 16)
    assert data[20] == 0x2F
    bits = int.from_bytes(data[21 : 20 + size], "little")

    def take(count):
        nonlocal bits
        value = bits & (1 << count) - 1
        bits >>= count
        return value

    assert (take(14) + 1, take(14) + 1, take(1), take(3), take(3)) == (width, height, int(colour[3] < 255), 0, 0)
    codes = [(take(1), take(1), take(1), take(8)) for _ in range(5)]
    assert [code[:3] for code in codes] == [(1, 0, 1)] * 5
    assert bytes([codes[1][3], codes[0][3], codes[2][3], codes[3][3]]) == colour
    assert bits == 0


def test_webp_has_a_largest_size():
    with pytest.raises(ValueError, match="16385 x 1"):
        webp(16_385, 1, bytes(4))


@pytest.mark.parametrize("form", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("clear", [False, True])
@pytest.mark.parametrize("size", [(1, 1), (1, 3), (64, 48), (1024, 1024)])
def test_a_name_says_all_of_a_picture(form, clear, size):
    picture = Picture(SEED, *size, form, clear)
    again = named(picture.name)
    assert again == picture
    assert again.drawn() == picture.drawn()


@pytest.mark.parametrize(
    "name",
    [
        "",
        "img-00.png",
        f"img-{SEED.hex()}-0x10.png",
        f"img-{SEED.hex()}-10x9999.png",
        f"img-{SEED.hex()}-10x10.gif",
        f"img-{SEED.hex()}-10x10.png\n",
        f"img-{SEED.hex().upper()}-10x10.png",
        f"img-{SEED.hex()}-10x٣٣.png",
    ],
)
def test_no_other_name_is_one(name):
    assert named(name) is None


def test_bands_and_what_shows_through():
    rows = rows_of_png(Picture(SEED, 8, 50, clear=True).drawn())
    assert len(rows) == 50
    assert len(set(rows)) == BANDS
    assert [row[3] for row in rows] == [0] * 10 + [255] * 30 + [0] * 10


def test_seeds_differ():
    assert len({seed_of(bytes(32), index, stage) for index in range(10) for stage in range(4)}) == 40


def test_the_largest_is_cheap():
    began = time.process_time()
    for number in range(20):
        Picture(bytes([number] * 16), 3_840, 2_160).drawn()
    assert time.process_time() - began < 1
    assert len(Picture(SEED, 1_024, 1_024).drawn()) < 10_000
