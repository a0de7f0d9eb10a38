"""Bodies that are no JSON, no object, or no text: refused by every data endpoint in its provider's shape."""

import json

import pytest
from hostile_wire import ENDPOINTS, check_refusal, headers_of

DEEP = 100_000
BROKEN = {
    "empty": b"",
    "spaces": b" \r\n\t ",
    "word": b"hello",
    "half": b'{"model": "gpt-4o", "messages": [',
    "no value": b'{"model": }',
    "trailing comma": b'{"model": "gpt-4o",}',
    "single quotes": b"{'model': 'gpt-4o'}",
    "comment": b'{"model": "gpt-4o" /* x */}',
    "two documents": b"{}{}",
    "garbage after": b"{} x",
    "open string": b'{"model": "gpt-4o',
    "bad escape": b'{"model": "\\x41"}',
    "bad unicode escape": b'{"model": "\\u12g4"}',
    "control character": b'{"model": "a\nb"}',
    "null byte": b"\0",
    "NaN": b'{"model": NaN}',
    "Infinity": b'{"temperature": -Infinity}',
    "leading zero": b'{"n": 01}',
    "plus": b'{"n": +1}',
    "hex": b'{"n": 0x10}',
    "not UTF-8": b'{"model": "\xff\xfe"}',
    "overlong UTF-8": b'{"model": "\xc0\xaf"}',
    "surrogate in UTF-8": b'{"model": "\xed\xa0\x80"}',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"model": "gpt-4o"}'.encode("utf-16"),
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03",
    "form": b"model=gpt-4o&n=1",
    "deep open": b"[" * DEEP,
    "deep objects": b'{"a":' * (DEEP // 2),
}
NO_OBJECT = [b"null", b"true", b"0", b"1.5", b'"text"', b"[]", b"[{}]", b"1e999", b"9" * 5000]
WITH_FIELD = {
    "deep": b"[" * DEEP + b"]" * DEEP,
    "deep objects": b'{"a":' * 30_000 + b"1" + b"}" * 30_000,
    "lone surrogate": b'"\\ud800"',
    "reversed pair": b'"\\udc00\\ud800"',
    "too large a number": b"1e999",
    "huge number": b"1" + b"0" * 5_000,
    "NaN": b"NaN",
}
PATHS = pytest.mark.parametrize("path", ENDPOINTS)


def with_raw(path, name, value):
    """The endpoint's valid body with one field more or other, whose JSON is given."""
    kept = {key: item for key, item in ENDPOINTS[path].items() if key != name}
    return json.dumps(kept).encode()[:-1] + b', "%b": %b}' % (name.encode(), value)


@PATHS
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_no_json(fleet, path, body):
    message, param = check_refusal(fleet.ask(path, body, headers_of(path)), path)
    assert param is None
    assert "JSON" in message or "nested" in message


@PATHS
@pytest.mark.parametrize("body", NO_OBJECT, ids=lambda body: body[:8].decode())
def test_no_object(fleet, path, body):
    check_refusal(fleet.ask(path, body, headers_of(path)), path)


@PATHS
def test_an_empty_object(fleet, path):
    message, _ = check_refusal(fleet.ask(path, b"{}", headers_of(path)), path)
    assert "model" in message or "required" in message.lower()


@PATHS
@pytest.mark.parametrize("value", WITH_FIELD.values(), ids=WITH_FIELD)
@pytest.mark.parametrize("name", ["model", "messages", "prompt", "input", "system", "tools", "metadata", "seed"])
def test_a_field_that_cannot_be(fleet, path, value, name):
    check_refusal(fleet.ask(path, with_raw(path, name, value), headers_of(path)), path)


@PATHS
def test_a_key_that_cannot_be(fleet, path):
    body = json.dumps(ENDPOINTS[path]).encode()[:-1]
    for key in (b"\\ud800", b"\xff", b"x" * 100_000, b"\\u0000"):
        check_refusal(fleet.ask(path, body + b', "%b": 1}' % key, headers_of(path)), path)


@PATHS
def test_the_valid_body_is_taken(fleet, path):
    """The corpora above would prove nothing against an endpoint that refuses everything."""
    assert fleet.ask(path, ENDPOINTS[path], headers_of(path)).status == 200


@PATHS
@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "", "\xff", "application/json;" * 50]
)
def test_any_content_type(fleet, path, kind):
    """The real services differ here; what matters is that a body in JSON is read as JSON, and never a 5xx."""
    headers = {**headers_of(path), "content-type": kind}
    assert fleet.ask(path, ENDPOINTS[path], headers).status == 200


@PATHS
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("x-llm-sim-key", "a b"),
        ("x-llm-sim-key", "\xe9"),
        ("x-llm-sim-key", ""),
        ("x-llm-sim-key", "k" * 201),
        ("x-llm-sim-replay", "0"),
        ("x-llm-sim-replay", "0.0/-1"),
        ("x-llm-sim-replay", "0.0/" + "9" * 40),
        ("x-llm-sim-replay", "a.b/c"),
    ],
)
def test_wrong_headers_of_ours(fleet, path, name, value):
    message, _ = check_refusal(fleet.ask(path, ENDPOINTS[path], {**headers_of(path), name: value}), path)
    assert name in message


@PATHS
@pytest.mark.parametrize("count", ["-1", "x", "9" * 5000, "\xb2", ""])
def test_a_strange_retry_count_is_none(fleet, path, count):
    headers = {**headers_of(path), "x-llm-sim-key": "k", "x-stainless-retry-count": count}
    answer = fleet.ask(path, ENDPOINTS[path], headers)
    assert answer.status == 200
    assert answer.headers["x-llm-sim-retry"] == "0"


@pytest.mark.parametrize("version", ["", "2020-01-01", "x" * 10_000, "\xff"])
def test_a_wrong_api_version(fleet, version):
    path = "/v1/messages"
    message, _ = check_refusal(fleet.ask(path, ENDPOINTS[path], {"anthropic-version": version}), path)
    assert message.startswith("anthropic-version")
    message, _ = check_refusal(fleet.ask(path, ENDPOINTS[path]), path)
    assert message == "anthropic-version: header is required"
