"""How one streamed answer is read: its tokens, their times, its end, whatever the reads."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.calibration.arrivals import MOST_HEAD, NotHttp, Reading
from simulator.calibration.dialects import DIALECTS

HEAD = b"HTTP/1.1 200 OK\r\nX-LLM-Sim-Sequence: 0\r\ntransfer-encoding: chunked\r\n\r\n"
OPENAI = DIALECTS["openai"]


def frame(text):
    return b"data: " + json.dumps({"choices": [{"delta": {"content": text}}]}, separators=(",", ":")).encode() + b"\n\n"


def chunk(data):
    return b"%x\r\n%b\r\n" % (len(data), data)


def stream(texts):
    first = b'data: {"choices":[{"delta":{"role":"assistant","content":""}}]}\n\n'
    frames = [first, *map(frame, texts), b"data: [DONE]\n\n"]
    return HEAD + b"".join(map(chunk, frames)) + b"0\r\n\r\n"


@settings(max_examples=60)
@given(
    texts=st.lists(st.text(max_size=12).filter(bool), max_size=8),
    cuts=st.lists(st.integers(0, 2_000), max_size=12),
)
def test_every_token_is_counted_once_however_the_bytes_are_cut(texts, cuts):
    whole = stream(texts)
    places = sorted({0, len(whole), *[cut % len(whole) for cut in cuts]})
    reading = Reading(OPENAI.tokens, 100.0)
    ends = [
        reading.feed(101.0 + number, whole[first:last])
        for number, (first, last) in enumerate(itertools.pairwise(places))
    ]
    assert ends == [False] * (len(ends) - 1) + [True]
    arrived = reading.arrived(whole=True)
    assert len(arrived.times) == len(texts)
    assert arrived.status == 200
    assert arrived.headers["x-llm-sim-sequence"] == "0"
    assert sorted(arrived.times) == list(arrived.times)
    assert all(1.0 <= each <= len(ends) for each in arrived.times)


def test_a_text_that_looks_like_a_token_is_none():
    """Quotation marks within JSON text are escaped, so no answer can forge a token or an end."""
    texts = ['"delta":{"content":"', "0\r\n\r\n", "\n", '\\"delta":{"content":"']
    reading = Reading(OPENAI.tokens, 0.0)
    assert reading.feed(1.0, stream(texts))
    assert len(reading.times) == len(texts)


def test_tokens_of_one_read_have_one_time_and_gaps_add_up():
    whole = stream(["a", "b", "c"])
    place = whole.index(b'"b"')
    reading = Reading(OPENAI.tokens, 10.0)
    assert not reading.feed(10.5, whole[:place])
    assert reading.feed(11.0, whole[place:])
    assert list(reading.times) == [0.5, 1.0, 1.0]
    assert np.diff(np.frombuffer(reading.times)).sum() == reading.times[-1] - reading.times[0]


def test_an_answer_with_a_length_is_whole_with_its_last_byte():
    reading = Reading(OPENAI.tokens, 0.0)
    assert not reading.feed(1.0, b"HTTP/1.1 429 Too Many Requests\r\ncontent-length: 5\r\n\r\nab")
    assert reading.feed(2.0, b"cde")
    arrived = reading.arrived(whole=True)
    assert (arrived.status, len(arrived.times)) == (429, 0)


def test_an_empty_answer_is_whole_with_its_head():
    assert Reading(OPENAI.tokens, 0.0).feed(1.0, b"HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n")


@pytest.mark.parametrize(
    "data",
    [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n", b"x" * (MOST_HEAD + 1)],
)
def test_what_is_no_answer_is_told(data):
    with pytest.raises(NotHttp):
        Reading(OPENAI.tokens, 0.0).feed(1.0, data)


@pytest.mark.parametrize(
    ("name", "lines", "tokens"),
    [
        ("anthropic", b'data: {"type":"content_block_delta","delta":{"type":"text_delta","text":"Hi"}}', 1),
        ("anthropic", b'data: {"delta":{"type":"thinking_delta","thinking":"Hi"}}', 0),
        ("gemini", b'data: {"candidates": [{"content": {"parts": [{"text": "Hi"}],"role": "model"}}]}', 1),
        ("azure", b'data: {"choices":[{"content_filter_results":{},"delta":{"content":"Hi"}}]}', 1),
        ("cohere", b'data: {"type":"content-delta","index":0,"delta":{"message":{"content":{"text":"Hi"}}}}', 1),
        ("cohere", b'data: {"type":"content-start","delta":{"message":{"content":{"type":"text","text":""}}}}', 0),
        ("mistral", b'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":"stop"}]}', 0),
        ("ollama", b'{"message":{"role":"assistant","content":"","thinking":"Hm"},"done":false}', 0),
        ("ollama", b'{"message":{"role":"assistant","content":"Hi"},"done":false}', 1),
    ],
)
def test_what_a_token_is_in_each_dialect(name, lines, tokens):
    assert DIALECTS[name].tokens(lines) == tokens


def test_a_request_is_whole_http():
    asking = DIALECTS["anthropic"].asking("claude-x", "How?")
    head, _, body = asking.bytes_for("127.0.0.1:1", b"x-llm-sim-key: a\r\n").partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b"POST /v1/messages HTTP/1.1"
    assert b"content-length: %d" % len(body) in lines
    assert b"x-llm-sim-key: a" in lines
    assert json.loads(body)["model"] == "claude-x"
