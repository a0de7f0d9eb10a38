"""The lines of a batch's input, and what is wrong with them."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.providers.openai.files.lines import MOST_ERRORS, MOST_LINES, Line, read

CHAT = "/v1/chat/completions"
GOOD = {"custom_id": "a", "method": "POST", "url": CHAT, "body": {"model": "m"}}


def line(**fields):
    return json.dumps({name: value for name, value in {**GOOD, **fields}.items() if value is not ...}).encode()


def codes(*lines):
    return [(wrong.line, wrong.code, wrong.param) for wrong in read(b"\n".join(lines), CHAT).wrong]


def test_lines_as_they_stand():
    found = read(b"\n\n" + line() + b"\r\n  \n" + line(custom_id="b", extra=1) + b"\n", CHAT)
    assert found.lines == [Line("a", b'{"model": "m"}'), Line("b", b'{"model": "m"}')]
    assert (found.model, list(found.wrong)) == ("m", [])


@pytest.mark.parametrize(
    ("wrong", "code", "param"),
    [
        (b"{", "invalid_json_line", None),
        (b"\xff", "invalid_json_line", None),
        (b'{"body": ' + b"[" * 50_000, "invalid_json_line", None),
        (b"[" * 50_000, "invalid_request", None),
        (b"[]", "invalid_request", None),
        (b"null", "invalid_request", None),
        (line(custom_id=1), "invalid_request", None),
        (line(custom_id=...), "missing_required_parameter", "custom_id"),
        (line(method=...), "missing_required_parameter", "method"),
        (line(url=...), "missing_required_parameter", "url"),
        (line(body=...), "missing_required_parameter", "body"),
        (line(custom_id="first"), "duplicate_custom_id", "custom_id"),
        (line(method="GET"), "invalid_method", "method"),
        (line(url="/v1/embeddings"), "url_mismatch", "url"),
        (line(body={"model": "n"}), "model_mismatch", "body.model"),
        (line(body=[]), "invalid_request", "body"),
        (line(body="x"), "invalid_request", "body"),
    ],
)
def test_wrong_lines_are_told_by_number(wrong, code, param):
    assert codes(line(custom_id="first"), b"", wrong, line(custom_id="last")) == [(3, code, param)]


def test_what_is_left_to_the_endpoint():
    """A body that its endpoint refuses is a failed request, not a failed batch."""
    assert codes(line(body={}), line(custom_id="b", body={"model": 1}), line(custom_id="c", body={"model": "m"})) == []


def test_whole_files():
    assert codes(b"") == codes(b"\n \n") == [(None, "empty_file", None)]
    assert len(codes(*[b"{"] * 80)) == MOST_ERRORS
    many = [line(custom_id=str(number)) for number in range(MOST_LINES + 1)]
    began = time.process_time()
    assert codes(*many) == [(None, "too_many_tasks", None)]
    assert codes(*many[1:]) == []
    assert time.process_time() - began < 3


@settings(max_examples=60)
@given(st.binary(max_size=200), st.sampled_from([b"", b'{"custom_id": "', b'{"body": ']))
def test_any_bytes(content, before):
    found = read(before + content, CHAT)
    assert found.wrong
    assert not found.lines
