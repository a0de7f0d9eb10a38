"""Reading a response, whole or broken, however its bytes are cut."""

from hashlib import blake2b
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.replay.response import Reading

PLAIN = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nContent-Length: 5\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def read(data, how="close", cuts=()):
    """What comes of bytes that arrive in parts, a second apart, and of an end a second later."""
    reading, edges = Reading(), sorted({0, *[min(cut, len(data)) for cut in cuts], len(data)})
    at = 0
    for begin, end in pairwise(edges):
        at += 1
        reading.feed(data[begin:end], float(at))
    return reading.ended(how, at + 1.0)


def digest(body):
    return blake2b(body, digest_size=16).hexdigest()


@pytest.mark.parametrize(
    ("data", "how", "status", "body", "ending"),
    [
        (PLAIN + b"hello", "close", 200, b"hello", "complete"),
        (PLAIN + b"hel", "close", 200, b"hel", "close"),
        (PLAIN + b"hel", "reset", 200, b"hel", "reset"),
        (PLAIN + b"hello world", "close", 200, b"hello world", "close"),
        (PLAIN, "late", 200, b"", "late"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", "close", 200, b"hello", "complete"),
        (CHUNKED + b"5\r\nhello\r\n", "close", 200, b"hello", "close"),
        (CHUNKED + b"5\r\nhello\r\nA", "reset", 200, b"hello", "reset"),
        (CHUNKED + b"5\r\nhello\r\n0\r\n", "close", 200, b"hello", "close"),
        (CHUNKED + b"ff\r\nhello", "close", 200, b"hello", "close"),
        (CHUNKED + b"2\r\nhello", "close", 200, b"hello", "close"),
        (CHUNKED + b"4\r\nhello", "close", 200, b"hello", "close"),
        (CHUNKED + b"1\r\nh\r\nello", "close", 200, b"h\r\nello", "close"),
        (CHUNKED + b"0\r\n\r\n", "close", 200, b"", "complete"),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN + b"hello", "close", 200, b"hello", "complete"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "close", 204, b"", "complete"),
        (b"HTTP/1.1 503 Away\r\ncontent-length: 0\r\n\r\n", "close", 503, b"", "complete"),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", "close", 200, b"until the end", "close"),
        (b"HTTP/1.1 200 OK\r\ncontent-le", "reset", None, b"", "reset"),
        (b"", "close", None, b"", "close"),
        (b"\x00\x01 nonsense\r\n\r\nrest", "close", 0, b"rest", "close"),
    ],
)
def test_what_comes_is_read_whole_or_broken(data, how, status, body, ending):
    for cuts in ((), range(len(data))):
        got = read(data, how, cuts)
        assert (got.status, got.digest, got.size, got.ending) == (status, digest(body), len(body), ending)


parts = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=5)


@settings(max_examples=80, deadline=None)
@given(parts, st.lists(st.integers(0, 400), max_size=6), st.integers(0, 300))
def test_how_the_bytes_are_cut_does_not_matter(chunks, cuts, short):
    framed = CHUNKED + b"".join(b"%x\r\n%b\r\n" % (len(each), each) for each in chunks) + b"0\r\n\r\n"
    whole = read(framed, cuts=cuts)
    assert (whole.ending, whole.digest) == ("complete", digest(b"".join(chunks)))
    broken = framed[: len(framed) - min(short, len(framed))]
    got, again = read(broken, cuts=cuts), read(broken)
    assert (got.status, got.digest, got.ending) == (again.status, again.digest, again.ending)
    assert got.status is None or got.size <= whole.size


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_nonsense_is_read_without_an_exception(data, cuts):
    for head in (b"", PLAIN, CHUNKED):
        assert read(head + data, cuts=cuts).size <= len(data)


def test_times_are_those_of_the_body():
    got = read(PLAIN + b"hello", cuts=(len(PLAIN), len(PLAIN) + 2))
    assert (got.first, got.last) == (2.0, 3.0)
    assert read(PLAIN + b"he").last == 2.0, "a response that is not complete ends with its connection"
