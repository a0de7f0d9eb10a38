"""Where spaces are put into compact JSON."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.anthropic.spacing import spaced

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(',:"\\a', max_size=4), inner, max_size=4),
    max_leaves=10,
)


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def cut_up(text, cuts):
    edges = sorted({0, len(text), *[cut % (len(text) + 1) for cut in cuts]})
    return [text[start:end] for start, end in itertools.pairwise(edges)]


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([], []),
        (["{}"], ["{}"]),
        (
            ['{"', "city", '":"', "Rome", '",', '"n', '":2', "}"],
            ['{"', "city", '": "', "Rome", '", ', '"n', '": 2', "}"],
        ),
        (['{"a":', "[1,2,", "3]}"], ['{"a": ', "[1, 2, ", "3]}"]),
        (['{"a,b', '":"c:\\"', ',d"', "}"], ['{"a,b', '": "c:\\"', ',d"', "}"]),
        (['{"a":"b,', "c\\"], ['{"a": "b,', "c\\"]),
        (['{"a":"b\\\\",'], ['{"a": "b\\\\", ']),
        (['{"a":"x\n,', ':"'], ['{"a": "x\n,', ':"']),
    ],
)
def test_pieces(pieces, expected) -> None:
    assert spaced(pieces) == expected


@given(values, st.lists(st.integers(0, 10_000), max_size=12))
def test_the_result_is_the_usual_json(value, cuts) -> None:
    pieces = cut_up(compact(value), cuts)
    made = spaced(pieces)
    assert "".join(made) == json.dumps(value, ensure_ascii=False)
    assert len(made) == len(pieces)


@given(values, st.integers(0, 10_000), st.lists(st.integers(0, 10_000), max_size=6))
def test_a_text_that_was_cut_off_is_the_beginning_of_the_whole(value, end, cuts) -> None:
    whole = compact(value)
    text = whole[: end % (len(whole) + 1)]
    made = "".join(spaced(cut_up(text, cuts)))
    assert json.dumps(value, ensure_ascii=False).startswith(made)


def test_a_long_text_takes_no_more_than_its_length() -> None:
    hostile = '{"a":"' + "\\" * 200_001
    assert spaced([hostile]) == ['{"a": "' + "\\" * 200_001]
