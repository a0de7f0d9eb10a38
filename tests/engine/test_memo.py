"""Recent answers are kept within bounds, and keeping them changes no answer."""

from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.memo import ENTRIES, TOKENS, Memo
from simulator.engine.plan import Answer, Choice, Finish, Usage


def answer(tokens):
    return Answer((Choice(["x"] * min(tokens, 3), Finish.STOP),), Usage(1, tokens), bytes(32), 0)


def test_what_was_kept_is_found_until_two_generations_have_passed():
    memo = Memo()
    kept = answer(3)
    memo.keep(b"first", 7, kept)
    for number in range(ENTRIES):
        memo.keep(b"%d" % number, 1, answer(1))
    assert memo.get(b"first") == (7, kept)
    for number in range(ENTRIES, 4 * ENTRIES):
        memo.keep(b"%d" % number, 1, answer(1))
    assert memo.get(b"first") is None
    assert len(memo) <= 2 * ENTRIES


def test_what_is_asked_for_stays():
    memo = Memo()
    memo.keep(b"hot", 7, answer(3))
    for number in range(4 * ENTRIES):
        assert memo.get(b"hot") is not None
        memo.keep(b"%d" % number, 1, answer(1))


@given(st.lists(st.integers(0, TOKENS // 8), max_size=60))
def test_never_more_tokens_than_two_generations_hold(sizes):
    memo = Memo()
    for number, size in enumerate(sizes):
        memo.keep(b"%d" % number, 1, answer(size))
    found = [memo.get(b"%d" % number) for number in range(len(sizes))]
    assert sum(entry[1].usage.output_tokens for entry in found if entry) <= 2 * TOKENS
    assert all(entry is None for entry, size in zip(found, sizes, strict=True) if size > TOKENS // 16)
