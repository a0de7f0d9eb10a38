"""Every draw has an address: the streams are stable, separate, and cheap to reach."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.plan import Address
from simulator.engine.request import Message, Operation, Request, Tool
from simulator.engine.seeds import Draws, Purpose, SeedTree, digest_of, mix

SEEDS = st.integers(min_value=0, max_value=2**63 - 1)
HELLO = Request(Operation.CHAT, "openai", "gpt-4o", (Message("user", "Hello"),))


def test_draws_are_philox_raw_bits():
    """The same bits as numpy's own Philox at that key and counter, so any machine can check them."""
    draws = Draws()
    draws.move(key=(7 << 64) | 5, purpose=Purpose.LATENCY, sequence=9)
    reference = np.random.Philox(key=np.array([5, 7], dtype=np.uint64), counter=np.array([0, 0, 9, 2], dtype=np.uint64))
    assert draws.raw(9) == reference.random_raw(9).tolist()


def test_known_values_never_change():
    """A change here breaks every recorded address: it is a new major version, not a refactoring."""
    draws = Draws()
    draws.move(SeedTree(42).shard(0, 1), Purpose.LATENCY, 2)
    assert digest_of(HELLO).hex() == "52a7829ab913231039e8d3292942687f"
    assert draws.raw(2) == [4228367859945521579, 8554906015980304875]
    assert SeedTree(42).content(digest_of(HELLO))[6:] == (566695108804898297, 3961161340862776352)
    assert SeedTree(42).request_bits(Address(42, 0, 1, 2)).hex() == "52ead48fedf7a7f30ce7266a514ba8e5"


@given(SEEDS, st.integers(0, 2**40), st.lists(st.integers(1, 7), min_size=1, max_size=6))
def test_draws_do_not_depend_on_how_they_are_asked_for(key, sequence, sizes):
    draws = Draws()
    draws.move(key, Purpose.FAULT, sequence)
    whole = draws.raw(sum(sizes))
    draws.raw(3)
    draws.move(key, Purpose.FAULT, sequence)
    assert [value for size in sizes for value in draws.raw(size)] == whole


@given(SEEDS, st.integers(0, 2**62))
def test_uniforms_are_in_the_unit_interval_and_agree(key, sequence):
    draws = Draws()
    draws.move(key, Purpose.LATENCY, sequence)
    many = draws.uniforms(8)
    draws.move(key, Purpose.LATENCY, sequence)
    assert [draws.uniforms(1)[0] for _ in range(8)] == many.tolist()
    assert (many >= 0).all()
    assert (many < 1).all()


@given(SEEDS, st.integers(0, 2**62))
def test_uniforms_are_the_upper_53_raw_bits(key, sequence):
    draws = Draws()
    draws.move(key, Purpose.LATENCY, sequence)
    raw = draws.raw(16)
    draws.move(key, Purpose.LATENCY, sequence)
    assert draws.uniforms(16).tolist() == [(value >> 11) * 2.0**-53 for value in raw]


@given(SEEDS, st.lists(st.tuples(st.integers(0, 999), st.integers(0, 999)), min_size=2, max_size=20, unique=True))
def test_no_two_shards_share_a_key(seed, shards):
    tree = SeedTree(seed)
    assert len({tree.shard(*shard) for shard in shards}) == len(shards)


def test_parts_of_an_address_do_not_run_together():
    assert mix(1, "ab", "c") != mix(1, "a", "bc")
    assert mix(1, 12) != mix(1, "12")
    assert mix(1, "a") != mix(2, "a")


@given(st.integers(0, 2**40), st.integers(1, 2**20))
def test_request_ids_of_a_shard_never_repeat(first, step):
    tree = SeedTree(3)
    assert tree.request_bits(Address(3, 0, 0, first)) != tree.request_bits(Address(3, 0, 0, first + step))


def test_keyed_conditions_ignore_who_answers_and_heed_the_retry():
    tree = SeedTree(3)
    digest = digest_of(HELLO)
    here = tree.conditions(digest, Address(3, 0, 0, 5, "k", 0))
    assert here == tree.conditions(digest, Address(3, 4, 7, 99, "k", 0))
    assert here != tree.conditions(digest, Address(3, 0, 0, 5, "k", 1))
    assert here != tree.conditions(digest, Address(3, 0, 0, 5, "other", 0))


def test_the_order_of_keys_in_a_tool_does_not_change_the_digest():
    one = Tool("f", "d", {"type": "object", "properties": {"a": 1, "b": 2}})
    two = Tool("f", "d", {"properties": {"b": 2, "a": 1}, "type": "object"})
    assert digest_of(Request(Operation.CHAT, "p", "m", tools=(one,))) == digest_of(
        Request(Operation.CHAT, "p", "m", tools=(two,))
    )


def test_what_changes_an_answer_changes_the_digest():
    digests = {
        digest_of(request)
        for request in (
            HELLO,
            Request(Operation.CHAT, "openai", "gpt-4o", (Message("user", "hello"),)),
            Request(Operation.CHAT, "openai", "gpt-4o-mini", (Message("user", "Hello"),)),
            Request(Operation.CHAT, "openai", "gpt-4o", (Message("user", "Hello"),), max_tokens=5),
            Request(Operation.CHAT, "openai", "gpt-4o", (Message("user", "Hello"),), stop=("x",)),
        )
    }
    assert len(digests) == 5


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_refused(seed):
    with pytest.raises(ValueError, match="whole number"):
        SeedTree(seed)
