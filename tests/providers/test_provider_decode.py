import contextlib
import json
from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import Flaw, Kind, decode, deeper_than, plain_json, plainly, quote, spell


class Item(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[str, msgspec.Meta(min_length=1, pattern="^[a-z]*$")]
    kind: Literal["a", "b"] = "a"


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    title: str
    items: Annotated[list[Item], msgspec.Meta(max_length=2)] = []
    count: Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)] | None = None
    share: Annotated[float, msgspec.Meta(le=0.5)] | None = None
    bias: dict[str, int] = {}
    free: Any = None


DECODER = msgspec.json.Decoder(Shape)


def flaw_of(body: bytes, depth: int = 32) -> Flaw:
    found = []

    def word(flaw):
        found.append(flaw)
        return plainly(flaw)

    with pytest.raises(Refusal) as caught:
        decode(body, DECODER, depth, word)
    assert caught.value.problem is Problem.INVALID
    assert len(found) == 1
    return found[0]


def test_a_valid_body_is_decoded():
    assert decode(b'{"title": "x", "items": [{"name": "n"}]} ', DECODER) == Shape("x", [Item("n")])


def test_the_last_of_equal_keys_wins():
    assert decode(b'{"title":"x","title":"y"}', DECODER).title == "y"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "it is empty"),
        (b" \n", "it is empty"),
        (b'\xef\xbb\xbf{"title":"x"}', "it starts with a byte order mark"),
        (b'{"title":"\xff"}', "it is not UTF-8"),
        (b'{"\xff":1}', "it is not UTF-8"),
        (b'{"title":"x","free":"\xc3"}', "it is not UTF-8"),
        (b'{"title"', "Input data was truncated"),
        (b'{"title":"\\ud800"}', "Input data was truncated"),
        (b'{"title":"\\udc00 "}', "invalid utf-16 surrogate pair"),
        (b'{"title":"x","share":NaN}', "invalid character"),
        (b'{"title":"x","free":[Infinity]}', "invalid character"),
        (b'{"title":"x","free":-Infinity}', "invalid character"),
        (b'{"title":"x"}{', "trailing characters"),
        (b"{'title':1}", "object keys must be strings"),
        (b'{"title":1} x', "trailing characters"),
    ],
)
def test_what_is_not_json_is_told_first(body, detail):
    flaw = flaw_of(body)
    assert flaw.kind is Kind.SYNTAX
    assert flaw.detail.startswith(detail)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"[]", Flaw(Kind.TYPE, (), "object", "array", value=[])),
        (b"1", Flaw(Kind.TYPE, (), "object", "int", value=1)),
        (b"{}", Flaw(Kind.MISSING, ("title",))),
        (b'{"title":1}', Flaw(Kind.TYPE, ("title",), "str", "int", value=1)),
        (b'{"title":"","no":1}', Flaw(Kind.UNKNOWN, ("no",))),
        (b'{"title":"","items":[{}]}', Flaw(Kind.MISSING, ("items", 0, "name"))),
        (
            b'{"title":"","items":[{"name":"n"},{"name":null}]}',
            Flaw(Kind.TYPE, ("items", 1, "name"), "str", "null", value=None),
        ),
        (
            b'{"title":"","items":[{"name":""}]}',
            Flaw(Kind.LENGTH, ("items", 0, "name"), "str", sign=">=", limit=1, value=""),
        ),
        (
            b'{"title":"","items":[{"name":"n"},{"name":"n"},{"name":"n"}]}',
            Flaw(Kind.LENGTH, ("items",), "array", sign="<=", limit=2, value=[{"name": "n"}] * 3),
        ),
        (b'{"title":"","count":0}', Flaw(Kind.BOUND, ("count",), "int", sign=">=", limit=1, value=0)),
        (
            b'{"title":"","count":9223372036854775808}',
            Flaw(Kind.BOUND, ("count",), "int", sign="<=", limit=2**63 - 1, value=2**63),
        ),
        (b'{"title":"","share":0.75}', Flaw(Kind.BOUND, ("share",), "float", sign="<=", limit=0.5, value=0.75)),
        (b'{"title":"","bias":{"k":"v"}}', Flaw(Kind.TYPE, ("bias", "..."), "int", "str")),
    ],
)
def test_a_flaw_tells_where_and_what(body, expected):
    assert flaw_of(body) == expected


def test_a_wrong_word_is_a_value_flaw():
    flaw = flaw_of(b'{"title":"","items":[{"name":"n","kind":"c"}]}')
    assert (flaw.kind, flaw.path, flaw.value) == (Kind.VALUE, ("items", 0, "kind"), "c")


def test_numbers_beyond_any_range_are_refused():
    assert flaw_of(b'{"title":"","free":1e999}').kind is Kind.VALUE
    assert flaw_of(b'{"title":"","free":1' + b"0" * 5000 + b"}").kind is Kind.VALUE
    assert flaw_of(b'{"title":"","count":1' + b"0" * 5000 + b"}").path == ("count",)


def test_a_field_named_by_the_client_is_cut_when_long():
    flaw = flaw_of(b'{"title":"","' + b"x" * 5000 + b'":1}')
    assert len(str(flaw.path[0])) < 200


@pytest.mark.parametrize("levels", [9, 10_000])
def test_deep_nesting_is_refused(levels):
    body = b'{"title":"","free":' + b"[" * levels + b"]" * levels + b"}"
    assert flaw_of(body, depth=9).kind is Kind.DEPTH


def test_nesting_up_to_the_limit_is_taken():
    body = b'{"title":"","free":' + b"[" * 8 + b"]" * 8 + b"}"
    assert decode(body, DECODER, 9).free == [[[[[[[[]]]]]]]]


def test_many_brackets_side_by_side_or_in_strings_are_not_deep():
    body = b'{"title":"' + b'[{\\"\\\\' * 50 + b'","free":[' + b"[],{}," * 50 + b"0]}"
    assert decode(body, DECODER, 9).title == '[{"\\' * 50


def depth_of(value):
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth_of, value), default=0)
    return 0


JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{}"\\a'),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet='[]{}"\\a'), inner),
)


@given(JSON, st.integers(0, 6))
def test_the_depth_of_any_document_is_counted_right(document, limit):
    assert deeper_than(json.dumps(document).encode(), limit) == (depth_of(document) > limit)


@given(st.binary())
def test_the_depth_of_anything_can_be_counted(body):
    assert deeper_than(body * 9, 2) in {True, False}


@given(st.binary(max_size=80) | JSON.map(lambda value: json.dumps(value).encode()))
def test_nothing_but_a_refusal_is_raised(body):
    with contextlib.suppress(Refusal):
        assert isinstance(decode(body, DECODER, 4), Shape)


def test_a_number_that_cannot_be_hashed_is_refused_within_free_parts():
    plain_json({"a": [1, 2**63, -(2**63), 0.5, None]}, ("free",))
    with pytest.raises(Refusal) as caught:
        plain_json({"a": 2**64}, ("items", 0, "free"))
    assert caught.value.param == "items[0].free"


@pytest.mark.parametrize(
    ("flaw", "message", "param"),
    [
        (Flaw(Kind.SYNTAX, detail="it is empty"), "The body is not valid JSON: it is empty.", None),
        (Flaw(Kind.DEPTH, limit=9), "The body is nested deeper than 9 levels.", None),
        (Flaw(Kind.MISSING, ("a", 0, "b")), "Missing required field 'a[0].b'.", "a[0].b"),
        (Flaw(Kind.UNKNOWN, ("a",)), "Unknown field 'a'.", "a"),
        (Flaw(Kind.TYPE, ("a",), "str", "int"), "Wrong type for 'a': expected str, got int.", "a"),
        (Flaw(Kind.VALUE, ("a", "..."), detail="bad"), "Invalid value for 'a': bad.", "a"),
        (Flaw(Kind.BOUND, ("a",), "int", sign="<=", limit=2), "Invalid value for 'a': must be <= 2.", "a"),
        (Flaw(Kind.LENGTH, ("a",), "str", sign="<=", limit=2), "Invalid length of 'a': must be <= 2.", "a"),
    ],
)
def test_plain_words(flaw, message, param):
    refusal = plainly(flaw)
    assert (refusal.message, refusal.param) == (message, param)


def test_a_path_is_spelled_as_openai_does():
    assert spell(("messages", 0, "content", 2, "text")) == "messages[0].content[2].text"
    assert spell(()) == ""


def test_a_quote_is_cut_only_when_long():
    assert quote("short") == "short"
    assert quote("x" * 500) == "x" * 120 + "..."
