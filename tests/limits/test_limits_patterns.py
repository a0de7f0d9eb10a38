"""Which limits a name falls under."""

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.limits import Limit
from simulator.limits.patterns import FIELDS, Patterns, combine, says_anything


def limit(number):
    return Limit(requests_per_minute=number)


def found(limits, *names):
    given = {name: limit(number) for number, name in enumerate(limits, start=1)}
    back = {value: name for name, value in given.items()}
    return [back[each] for each in Patterns(given).matching(names)]


def test_a_name_goes_before_patterns_and_the_longest_pattern_before_the_others():
    limits = ["*", "gpt-*", "gpt-4o", "*-mini", "gpt-4o*", "o1"]
    assert found(limits, "gpt-4o") == ["gpt-4o", "gpt-4o*", "gpt-*", "*"]
    assert found(limits, "gpt-4o-mini") == ["gpt-4o*", "*-mini", "gpt-*", "*"]
    assert found(limits, "claude-3-opus") == ["*"]


def test_of_patterns_with_as_many_letters_the_one_that_was_written_first_counts():
    assert found(["gpt-?o", "gpt-4*", "gpt-[4]o"], "gpt-4o") == ["gpt-?o", "gpt-4*", "gpt-[4]o"]
    assert found(["gpt-[4]o", "gpt-?o", "gpt-4*"], "gpt-4o") == ["gpt-[4]o", "gpt-?o", "gpt-4*"]


def test_any_name_of_a_thing_may_match_and_its_own_goes_before_an_alias():
    limits = ["latest", "gpt-4o-2024-08-06", "gpt-4o", "gpt-4o*", "lat*"]
    assert found(limits, "gpt-4o-2024-08-06", "gpt-4o", "latest") == [
        "gpt-4o-2024-08-06",
        "gpt-4o",
        "latest",
        "gpt-4o*",
        "lat*",
    ]


def test_a_limit_that_matches_two_names_comes_once():
    assert found(["gpt-4o*"], "gpt-4o-2024-08-06", "gpt-4o") == ["gpt-4o*"]


def test_case_counts_and_a_name_is_matched_from_end_to_end():
    assert found(["GPT-*"], "gpt-4o") == []
    assert found(["gpt-?"], "gpt-4o") == []
    assert found(["sk-[ab]?"], "sk-b1") == ["sk-[ab]?"]


def test_the_empty_name_is_matched_by_the_star_and_by_itself():
    assert found(["*", "", "?*"], "") == ["", "*"]


NAMES = st.text("ab-", max_size=6)
KEYS = st.lists(st.text("ab-*?", max_size=6), max_size=8, unique=True)


@given(KEYS, NAMES)
def test_what_matches_is_what_file_names_would(keys, name):
    assert set(found(keys, name)) == {key for key in keys if fnmatch.fnmatchcase(name, key)}


@given(KEYS, NAMES)
def test_a_more_specific_limit_never_comes_after_a_less_specific_one(keys, name):
    order = found(keys, name)
    ranks = [(any(sign in key for sign in "*?"), -len(key.replace("*", "").replace("?", ""))) for key in order]
    assert ranks == sorted(ranks)


@given(st.lists(st.builds(Limit, **dict.fromkeys(FIELDS, st.none() | st.integers(1, 9))), max_size=4))
def test_each_key_comes_from_the_first_that_gives_it(limits):
    whole = combine(iter(limits))
    for field in FIELDS:
        values = [getattr(each, field) for each in limits if getattr(each, field) is not None]
        assert whole.get(field) == (values[0] if values else None)
    assert set(whole) <= set(FIELDS)
    assert bool(whole) == any(map(says_anything, limits))


@pytest.mark.parametrize("field", FIELDS)
def test_any_key_limits_something(field):
    assert says_anything(Limit(**{field: 1}))
    assert not says_anything(Limit())
