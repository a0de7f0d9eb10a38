# ruff: noqa: RUF001 - letters of other scripts are meant

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.content.structured import Draws, words
from simulator.engine.content.structured.regex import Matcher, Meter, MeterError, PatternProblem, parse, write


def draws(index=0):
    return Draws(words(b"k" * 16, b"digest", "regex", index))


def matches(pattern, text):
    return Matcher(parse(pattern)).search(text, Meter())


def written(pattern, index, least=0, most=200):
    """What the string maker does: write, and write again until it matches."""
    tree = parse(pattern)
    matcher = Matcher(tree)
    source = draws(index)
    for _ in range(48):
        text = write(tree, source, least, most)
        if text is not None and matcher.search(text, Meter()):
            return text
    raise AssertionError(f"nothing was written for {pattern}")


PATTERNS = [
    r"^\d{4}-\d{2}-\d{2}$",
    r"^[A-Z]{2,3}-\d+$",
    r"^(?=.*[A-Z])(?=.*\d)[A-Za-z\d]{8,}$",
    r"^(foo|bar)(-\w+)*$",
    r"(\w)\1",
    r"^(?P<quote>['\"])x+(?P=quote)$",
    r"^(?<a>[ab])\k<a>$",
    r"^[^@\s]+@[^@\s]+\.[a-z]{2,}$",
    r"^\+?[1-9]\d{1,14}$",
    r"\bfoo\b",
    r"^[一-龥]{2,4}$",
    r"^((a|b)*c?){3}$",
    r"^#(?:[0-9a-fA-F]{3}){1,2}$",
    r"^(?!.*--)[a-z-]{3,10}$",
    r"^(?i)abc$".replace("^(?i)", "(?i)^"),
    r"^\x41\u0042\u{43}\t$",
    r"^[\w.-]+\/[^/]{2,}$",
    r"^\S+\s\S+$",
    r"^a{0}b{2,}?$",
    r"",
    r"^$",
    r"x|",
    r"^[]a]+$",
    r"^[a\-z]+-[\]\\]$",
    r"\Aab+\Z",
    r"^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$",
]
PYTHON = {
    r"^(?<a>[ab])\k<a>$": r"^(?P<a>[ab])(?P=a)$",
    r"^\x41\u0042\u{43}\t$": "^ABC\t$",
}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_what_is_written_matches_in_python_as_well(pattern):
    for index in range(20):
        text = written(pattern, index)
        assert re.search(PYTHON.get(pattern, pattern), text), text


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        (r"^\p{Lu}\p{Ll}+$", "Élan", "élan"),
        (r"^\p{Script=Han}+$", "東京", "とう"),
        (r"^\P{L}+$", "123", "1a3"),
        (r"^[^\d\s]$", "x", "7"),
        (r"^\d$", "7", "٧"),  # ASCII only, as in ECMA-262
        (r"^.$", "x", "\n"),
        (r"^a$", "a", "a\n"),
        (r"(?<=a)b", "ab", "cb"),
        (r"(?<!a)b", "cb", "ab"),
        (r"\Bb", "ab", "b"),
    ],
)
def test_the_dialect(pattern, yes, no):
    assert matches(pattern, yes)
    assert not matches(pattern, no)


@pytest.mark.parametrize("pattern", [r"^\p{Lu}{3}$", r"^\p{Script=Cyrillic}+$", r"^\P{ASCII}{2}$", r"[\p{L}\d]{4}"])
def test_unicode_classes_are_written(pattern):
    for index in range(5):
        written(pattern, index)


@pytest.mark.parametrize(
    "pattern",
    ["((", ")", "a**", "*a", "[b-a]", "[a", "\\", "(?>a)", "a++", r"\p{Nope}", "(?z)", r"\1", r"(?P<a", "a{3,1}"],
)
def test_what_is_not_understood_is_refused(pattern):
    with pytest.raises(PatternProblem):
        parse(pattern)


def test_depth_and_length_are_bounded():
    for pattern in ("(" * 500 + ")" * 500, "a" * 5_000):
        with pytest.raises(PatternProblem, match=r"nest deeper|at most"):
            parse(pattern)


def test_a_length_is_met_where_the_pattern_allows_it():
    for least, most in ((1, 1), (7, 7), (30, 40), (100, 100)):
        assert least <= len(written("^[a-z]+$", least, least, most)) <= most
    assert len(written("ab", 0, 12, 12)) == 12  # a pattern without anchors may stand in a longer text
    assert write(parse("^a{5}$"), draws(), 6, 9) is None


@pytest.mark.parametrize("pattern", ["(a{1000}){1000}", "^((x?){4096}){4096}$", "((((a*)*)*)*)*b{9999}"])
def test_an_explosive_pattern_is_given_up(pattern):
    text = write(parse(pattern), draws(), 0, 10_000)
    assert text is None or len(text) <= 10_000


def test_matching_gives_up_instead_of_taking_for_ever():
    meter = Meter()
    before = meter.left
    assert not Matcher(parse("^(a+)+$")).search("a" * 60 + "!", meter)
    assert 0 < before - meter.left <= 25_000
    meter.left = 5
    with pytest.raises(MeterError):
        Matcher(parse("a")).search("a", meter)


LETTERS = st.sampled_from(
    ["a", "b", "[ab]", "[^a]", ".", "(a)", "(?:ab)", "(a|b)", "(a|)", "^", "$", r"\b", r"\w", "(?=a)", "(?!b)"]
)
COUNTS = st.sampled_from(["", "", "*", "+", "?", "{2}", "{1,2}", "*?"])


@st.composite
def small_patterns(draw):
    parts = draw(st.lists(st.tuples(LETTERS, COUNTS), min_size=1, max_size=5))
    return "".join([part + ("" if part in {"^", "$", r"\b", "(?=a)", "(?!b)"} else count) for part, count in parts])


@settings(max_examples=400)
@given(pattern=small_patterns(), text=st.text("ab", max_size=6))
def test_it_agrees_with_python(pattern, text):
    assert matches(pattern, text) == (re.search(pattern, text) is not None)


@settings(max_examples=200)
@given(pattern=small_patterns(), index=st.integers(0, 1_000))
def test_what_is_written_has_the_length_asked_for(pattern, index):
    text = write(parse(pattern), draws(index), 3, 8)
    assert text is None or 3 <= len(text) <= 8
