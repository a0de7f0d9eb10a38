"""The beginnings of a prompt that an automatic prompt cache may hold."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.plan import Answer, Usage
from simulator.engine.prompt_cache import Warm, warmed
from simulator.engine.request import Message, Operation, Request, Tool
from simulator.providers.prefixes import FIRST, MOST, automatic

WORDS = "All work and no play makes Jack a dull boy. "


def asked(*texts, tools=()):
    roles = ("user", "assistant")
    messages = tuple(Message(roles[place % 2], text) for place, text in enumerate(texts))
    return Request(Operation.CHAT, "openai", "gpt-4o", messages, tools=tools)


def prefixes(*texts, **fields):
    found = automatic(asked(*texts, **fields), least=1_024, unit=128, ttl_secs=600)
    return [] if found is None else found.prefixes


def test_a_short_prompt_is_not_cached():
    assert prefixes("Hello") == []
    assert prefixes("x" * FIRST) != []


def test_the_same_prompt_has_the_same_beginnings():
    assert prefixes(WORDS * 500) == prefixes(WORDS * 500)
    assert prefixes(WORDS * 500)[-1].share == 1.0


@given(st.integers(60, 400), st.integers(60, 400), st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_prompts_that_begin_alike_share_what_they_begin_with(common, more, one, other):
    """And nothing beyond."""
    left, right = (prefixes(WORDS * common, WORDS * 3, end + WORDS * more) for end in (one, other))
    shared = {prefix.digest for prefix in left} & {prefix.digest for prefix in right}
    if one == other:
        assert left == right
        return
    assert shared
    longest = max(prefix.share for prefix in left if prefix.digest in shared)
    whole = len(WORDS) * (common + 3 + more)
    assert longest <= (len(WORDS) * (common + 3) + 200) / whole
    assert longest >= len(WORDS) * common / whole * 0.85


def test_the_next_turn_of_a_conversation_finds_all_that_was_said():
    first = prefixes(WORDS * 100)
    second = prefixes(WORDS * 100, "An answer.", "And then?")
    known = {prefix.digest for prefix in first}
    assert first[-1].digest in {prefix.digest for prefix in second}
    assert sum(prefix.digest in known for prefix in second) == len(first)


def test_tools_are_a_part_of_the_prompt():
    tools = (Tool("f", "d", {"type": "object"}),)
    assert not {p.digest for p in prefixes(WORDS * 100)} & {p.digest for p in prefixes(WORDS * 100, tools=tools)}


@given(st.lists(st.integers(0, 3_000), min_size=1, max_size=100))
def test_beginnings_grow_and_are_bounded(sizes):
    found = prefixes(*[WORDS[:1] * size for size in sizes])
    assert len(found) <= MOST
    shares = [prefix.share for prefix in found]
    assert shares == sorted(set(shares))
    assert all(0 < share <= 1 for share in shares)
    assert len({prefix.digest for prefix in found}) == len(found)


def answer(tokens):
    return Answer((), Usage(tokens, 10), b"", 0)


def test_what_is_read_and_written_is_counted():
    warm = Warm(0.5, 1.0, 1_024, 128)
    assert warmed(answer(5_000), warm).usage == Usage(5_000, 10, cached_tokens=2_432)
    assert warmed(answer(2_000), warm).usage == Usage(2_000, 10), "fewer than the least"
    writes = msgspec.structs.replace(warm, writes=True, unit=1)
    assert warmed(answer(5_000), writes).usage == Usage(5_000, 10, cached_tokens=2_500, written_tokens=2_500)
    assert warmed(answer(2_000), writes).usage == Usage(2_000, 10, written_tokens=2_000)
    assert warmed(answer(1_000), writes).usage == Usage(1_000, 10)
