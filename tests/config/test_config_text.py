"""Trees from text: values, lines, aliases, and how they merge."""

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.faults import ConfigError, Place
from simulator.config.text import parse, parse_value, scalar
from simulator.config.tree import Branch, Leaf, Listing, dotted, find, keys_of, merge, plain, planted, split

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=20,
)
KEYS = st.lists(st.text(min_size=1, max_size=6).filter(lambda key: key == key.strip()), min_size=1, max_size=4)


@given(st.dictionaries(st.text(max_size=6), JSON, max_size=5), st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_json(values, indent):
    assert plain(parse(json.dumps(values, indent=indent), "f", "json")) == values


LETTERS = st.text(st.characters(categories=["L"]), min_size=1)


@given(st.dictionaries(LETTERS, LETTERS | st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-9, 9)))
def test_what_a_yaml_library_writes_is_read_back(values):
    assert plain(parse(yaml.safe_dump(values), "f", "yaml")) == values


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    for kind in ("yaml", "json", "toml"):
        try:
            assert isinstance(parse(text, "f", kind), Branch)
        except ConfigError as error:
            assert all(str(fault).startswith("f") for fault in error.faults)  # noqa: PT017 - either way is right


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("yes", True),
        ("off", False),
        ("12", 12),
        ("-1_000", -1000),
        ("1e-3", 0.001),
        (".5", 0.5),
        ("-.inf", float("-inf")),
        ("1.2.3", "1.2.3"),
        ("127.0.0.1", "127.0.0.1"),
        ("2026-01-01", "2026-01-01"),
        ("1:30", "1:30"),
        ("-", "-"),
        ("..", ".."),
        ("infinity", "infinity"),
        ("9" * 60, "9" * 60),
    ],
)
def test_scalars(text, value):
    assert scalar(text) == value
    assert type(scalar(text)) is type(value)


def test_lines_anchors_and_merge_keys():
    tree = parse("a: &a\n  x: 1\nb:\n  <<: *a\n  y: 2\nc: *a\nd: [{<<: [*a, {z: 3}], x: 9}]\n", "f", "yaml")
    assert plain(tree) == {"a": {"x": 1}, "b": {"x": 1, "y": 2}, "c": {"x": 1}, "d": [{"x": 9, "z": 3}]}
    assert find(tree, ["b", "y"]) == Leaf(2, Place("f", 5), "2")
    assert find(tree, ["c"]).at == Place("f", 6)
    assert find(tree, ["d", "[0]", "x"]).value == 9
    assert find(tree, ["d", "[1]"]) is None
    assert find(tree, ["a", "x", "y"]) is None


def test_quoted_and_tagged_text_stays_text():
    tree = parse("a: '1'\nb: !!str 1\nc: ! 1\n", "f", "yaml")
    assert plain(tree) == {"a": "1", "b": "1", "c": "1"}


def test_a_value_alone():
    assert parse_value("[1, {a: b}]", "flag --set") == Listing(
        [Leaf(1, Place("flag --set"), "1"), Branch({"a": Leaf("b", Place("flag --set"))}, Place("flag --set"))],
        Place("flag --set"),
    )
    assert parse_value("", "flag --set").value is None


@given(KEYS)
def test_dotted_paths_read_back(keys):
    readable = [key.replace("[", "(") for key in keys]
    assert split(dotted(readable)) == readable


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", 'a"b', '"a"b'])
def test_what_is_no_dotted_path(text):
    with pytest.raises(ValueError, match="is not a dotted key"):
        split(text)


def test_places_in_a_path():
    assert keys_of('components[1]."a.b".mean_ms') == ["components", "[1]", "a.b", "mean_ms"]
    assert dotted(("allowed_ips", "[0]")) == "allowed_ips[0]"


@given(JSON, JSON)
def test_merging_is_laying_over(lower, upper):
    def over(a, b):
        if not (isinstance(a, dict) and isinstance(b, dict)) or "distribution" in b:
            return b
        return {key: over(a[key], b[key]) if key in a and key in b else b.get(key, a.get(key)) for key in {**a, **b}}

    at = Place("f")
    assert plain(merge(planted(lower, at), planted(upper, at))) == over(lower, upper)
