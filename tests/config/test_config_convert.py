"""The walker from trees to structs, on a schema of its own."""

from typing import Annotated, Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from simulator.config.convert import Contradiction, convert
from simulator.config.faults import ConfigError, Place
from simulator.config.text import parse
from simulator.config.tree import planted


class Inner(msgspec.Struct, frozen=True):
    low: int = 0
    high: int = 9


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    name: str = "x"
    many: Annotated[list[int], Meta(min_length=1, max_length=3)] | None = None
    pair: tuple[int, str] = (1, "a")
    inner: Inner | None = None
    free: Any = None
    either: int | list[str] | dict[str, int] = 0
    ratio: Annotated[float, Meta(gt=0, lt=1)] = 0.5
    made: list[int] = msgspec.field(default_factory=list)
    level: Literal["1", "2"] = "1"


def read(text, checks=None):
    return convert(parse(text, "f", "yaml"), Sample, checks=checks or {})


def fault(text, checks=None):
    with pytest.raises(ConfigError) as raised:
        read(text, checks)
    (found,) = raised.value.faults
    return str(found)


def test_values_of_every_shape():
    made = read("name: 1.0\nmany: [1, 2e0]\npair: [2, 3]\ninner: {low: 4}\nfree: {a: [1]}\neither: [a]\nlevel: 2")
    assert made == Sample(
        name="1.0",
        many=[1, 2],
        pair=(2, "3"),
        inner=Inner(low=4),
        free={"a": [1]},
        either=["a"],
        level="2",
    )
    assert read("either: {a: 1}").either == {"a": 1}
    assert read("inner: null\nmany: ~") == Sample()


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("many: []", "f:1: many: found a list of 0; allowed: a list of whole numbers, 1 to 3"),
        ("many: [1, 2, 3, 4]", "f:1: many: found a list of 4"),
        ("many: [a]", 'f:1: many[0]: found "a"'),
        ("pair: [1]", "f:1: pair: found a list"),
        ("pair: [a, b]", 'f:1: pair[0]: found "a"'),
        ("pair: 3", "f:1: pair: found 3"),
        ("inner: 3", "f:1: inner: found 3; allowed: a mapping or null"),
        ("inner: [3]", "f:1: inner: found a list"),
        ("either: [[a]]", "f:1: either[0]: found a list; allowed: text"),
        ("ratio: 1", "f:1: ratio: found 1; allowed: a number above 0 and below 1"),
        ("ratio: 0", "f:1: ratio: found 0"),
        ("ratio: '0.5'", 'f:1: ratio: found "0.5"; write the number without quotes'),
        ("level: 3", "f:1: level: found 3; allowed: one of 1, 2"),
        ("name: [x]", "f:1: name: found a list; allowed: text"),
    ],
)
def test_what_does_not_fit(text, line):
    assert fault(text).startswith(line)


def test_a_whole_number_beyond_any_float_is_refused():
    with pytest.raises(ConfigError, match="ratio: found 9"):
        convert(planted({"ratio": 10**400 - 1}, Place("f")), Sample)


def test_a_check_sees_defaults_and_no_faulty_field():
    seen = []

    def check(values):
        seen.append(dict(values))
        if values.get("low", 0) > values.get("high", 9):
            yield Contradiction("high", "more")

    assert fault("inner: {low: 10}", {Inner: check}) == "f:1: inner.high: not given; allowed: more"
    assert fault("inner: {low: 10, high: 3}", {Inner: check}) == "f:1: inner.high: found 3; allowed: more"
    assert fault("inner: {low: a}", {Inner: check}).startswith('f:1: inner.low: found "a"')
    assert seen == [{"low": 10, "high": 9}, {"low": 10, "high": 3}, {"high": 9}]


def test_a_contradiction_of_something_larger_than_a_value():
    line = fault("many: [1]\n", {Sample: lambda _: [Contradiction("many", "fewer")]})
    assert line == "f:1: many: impossible together; allowed: fewer"


@given(st.builds(Sample, ratio=st.floats(0.1, 0.9), inner=st.none() | st.builds(Inner), free=st.none()))
def test_what_a_struct_says_is_read_back(sample):
    assert convert(planted(msgspec.to_builtins(sample), Place("f")), Sample) == sample
