import json
import math
from hashlib import blake2b

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.content import likelihood
from simulator.engine.content.likelihood import MOST, ranked
from simulator.engine.tokens import load

TOKENS = (
    st.sampled_from([" the", "The", " Tides", "ing", " 42", "7", ".", "\n\n", " (", "é", "日", "😀", "x", ""])
    | st.text()
)
BITS = st.binary(min_size=0, max_size=64)


@given(BITS, st.integers(0, 127), st.integers(0, 10**6), TOKENS, st.integers(0, MOST))
def test_the_figures_are_log_probabilities(bits, choice, step, token, most):
    found = ranked(bits, choice, step, token, most)
    assert found.logprob < 0
    assert json.loads(json.dumps(found.logprob)) == found.logprob
    names = [name for name, _ in found.top]
    figures = [figure for _, figure in found.top]
    assert len(names) == len(set(names)) == most
    assert figures == sorted(figures, reverse=True)
    assert math.fsum(math.exp(figure) for figure in figures) <= 1
    if most:
        assert dict(found.top)[token] == found.logprob
    assert found == ranked(bits, choice, step, token, most)


@given(BITS, st.integers(0, 9), TOKENS, st.integers(1, MOST), st.integers(1, MOST))
def test_how_many_are_asked_for_changes_no_figure(bits, step, token, one, other):
    few, many = sorted((one, other))
    assert ranked(bits, 0, step, token, 0).logprob == ranked(bits, 0, step, token, many).logprob
    longer = dict(ranked(bits, 0, step, token, many).top)
    assert [figure for _, figure in ranked(bits, 0, step, token, few).top][:-1] == list(longer.values())[: few - 1]


def test_more_than_the_most_gives_the_most():
    assert len(ranked(b"b", 0, 0, "a", 10**9).top) == MOST


def test_every_part_of_the_address_counts():
    base = ranked(b"bits", 0, 0, " the")
    assert base != ranked(b"stib", 0, 0, " the")
    assert base != ranked(b"bits", 1, 0, " the")
    assert base != ranked(b"bits", 0, 1, " the")
    assert base != ranked(b"bits", 0, 0, " a")


def test_most_tokens_are_the_likeliest_and_some_are_not():
    found = [ranked(blake2b(b"%d" % number).digest(), 0, 0, " the", 5) for number in range(2_000)]
    first = sum(each.top[0][0] == " the" for each in found)
    assert 0.85 < first / len(found) < 0.98
    sure = sum(each.logprob > math.log(0.5) for each in found)
    assert sure / len(found) > 0.8
    assert min(each.logprob for each in found) < -2


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        (" sea", "_WORDS"),
        (" Moon", "_NAMES"),
        ("Tides", "_OPENINGS"),
        ("ward", "_ENDINGS"),
        (" 12", "_NUMBERS"),
        ("2026", "_NUMBERS"),
        (";", "_SIGNS"),
        ("", "_SIGNS"),
        (" ", "_SIGNS"),
    ],
)
def test_alternatives_are_of_the_tokens_own_kind(token, kind):
    names = [name for name, _ in ranked(b"bits", 0, 3, token, MOST).top if name != token]
    assert set(names) <= set(getattr(likelihood, kind))


@pytest.mark.parametrize("vocabulary", ["o200k", "cl100k"])
def test_alternatives_are_single_tokens(vocabulary):
    tokenizer = load(vocabulary, exact=True)
    for kind in ("_WORDS", "_NAMES", "_OPENINGS", "_ENDINGS", "_NUMBERS", "_SIGNS"):
        tokens = getattr(likelihood, kind)
        assert len(set(tokens)) == len(tokens) > MOST
        assert [token for token in tokens if tokenizer.pieces(token) != [token]] == []
