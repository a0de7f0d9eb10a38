"""Stored objects, as every store keeps them."""

import asyncio
from hashlib import sha256

import pytest

from simulator.state.store import DAY_US, MINUTE_US, ObjectLimits, TooLarge

LIMITS = ObjectLimits(100, 1_000_000)
SECOND_US = 1_000_000


def blob(size, seed=0):
    """Bytes of which no part is like another."""
    return b"".join([sha256(b"%d %d" % (seed, number)).digest() for number in range(size // 32 + 1)])[:size]


async def put(store, name, body=b"x", *, scope="key", kind="file", ttl_us=DAY_US, limits=LIMITS):
    await store.put(scope, kind, name, body, ttl_us, limits)


async def names(store, scope="key", kind="file", **given):
    return [name for name, _ in await store.objects(scope, kind, **given)]


def test_an_object_is_put_read_replaced_and_dropped(run):
    async def scenario(store, clock):
        assert await store.object("key", "file", "one") is None
        await put(store, "one", b"first")
        assert await store.object("key", "file", "one") == b"first"
        await put(store, "one", b"\0\xff")
        assert await store.object("key", "file", "one") == b"\0\xff"
        assert await names(store) == ["one"]
        assert await store.drop("key", "file", "one")
        assert not await store.drop("key", "file", "one")
        assert await store.object("key", "file", "one") is None
        assert await names(store) == []

    run(scenario)


@pytest.mark.parametrize("size", [0, 1, 4079, 4080, 4081, 8160, 65_536, 300_000, 900_000])
def test_a_body_of_any_size_comes_back_whole(run, size):
    async def scenario(store, clock):
        body = blob(size)
        await put(store, "one", body)
        assert await store.object("key", "file", "one") == body
        assert await store.objects("key", "file") == [("one", body)]
        shorter = body[: size // 3]
        assert await store.swap("key", "file", "one", body, shorter)
        assert await store.object("key", "file", "one") == shorter
        await put(store, "one", body)
        assert await store.object("key", "file", "one") == body

    run(scenario)


def test_scopes_and_kinds_are_apart(run):
    async def scenario(store, clock):
        places = [("a", "b", "c"), ("a", "b.c", "c"), ("a.b", "c", "c"), ("a", "b", "c.c"), ("~" * 150,) * 3]
        for number, (scope, kind, name) in enumerate(places):
            await put(store, name, b"%d" % number, scope=scope, kind=kind)
        for number, place in enumerate(places):
            assert await store.object(*place) == b"%d" % number
        assert await store.objects("a", "b") == [("c.c", b"3"), ("c", b"0")]
        assert await store.drop("a", "b", "c")
        assert await store.objects("a.b", "c") == [("c", b"2")]

    run(scenario)


def test_a_swap_needs_the_body_that_is_there(run):
    async def scenario(store, clock):
        assert not await store.swap("key", "file", "one", b"", b"made from nothing")
        await put(store, "one", b"1", ttl_us=10 * SECOND_US)
        assert not await store.swap("key", "file", "one", b"2", b"3")
        assert not await store.swap("key", "file", "one", b"11", b"3")
        assert await store.swap("key", "file", "one", b"1", b"22")
        assert await store.swap("key", "file", "one", b"22", b"22")
        assert await store.object("key", "file", "one") == b"22"
        clock.advance(10 * SECOND_US - 1)
        assert await store.swap("key", "file", "one", b"22", b"its expiry stays")
        clock.advance(1)
        assert not await store.swap("key", "file", "one", b"its expiry stays", b"4")
        assert await store.object("key", "file", "one") is None

    run(scenario)


def test_of_many_swaps_at_once_one_succeeds(run):
    async def scenario(store, clock):
        await put(store, "one", b"0")
        swaps = [store.swap("key", "file", "one", b"0", b"%d" % number) for number in range(1, 9)]
        assert sum(await asyncio.gather(*swaps)) == 1

    run(scenario)


def test_an_object_expires(run):
    async def scenario(store, clock):
        await put(store, "long", b"1", ttl_us=100 * SECOND_US)
        await put(store, "short", b"2", ttl_us=10 * SECOND_US)
        clock.advance(10 * SECOND_US - 1)
        assert await store.object("key", "file", "short") == b"2"
        clock.advance(1)
        assert await store.object("key", "file", "short") is None
        assert await names(store) == ["long"]
        assert await names(store, after="short") == []
        assert not await store.drop("key", "file", "short")
        clock.advance(10 * SECOND_US)
        await put(store, "long", b"3", ttl_us=100 * SECOND_US)
        clock.advance(99 * SECOND_US)
        assert await store.object("key", "file", "long") == b"3", "a put begins its time anew"

    run(scenario)


def test_what_has_expired_takes_its_place_anew(run):
    async def scenario(store, clock):
        await put(store, "a", ttl_us=SECOND_US)
        await put(store, "b")
        clock.advance(SECOND_US)
        await put(store, "a", b"again")
        assert await store.objects("key", "file") == [("a", b"again"), ("b", b"x")]

    run(scenario)


def test_a_life_may_be_as_long_as_anybody_says(run):
    async def scenario(store, clock):
        await put(store, "one", ttl_us=10**30)
        clock.advance(1000 * DAY_US)
        assert await store.object("key", "file", "one") == b"x"

    run(scenario)


def test_a_listing_goes_by_the_first_put(run):
    async def scenario(store, clock):
        for name in ("c", "a", "d", "b"):
            await put(store, name)
        await put(store, "c", b"replaced")
        await put(store, "e", kind="other")
        await store.swap("key", "file", "a", b"x", b"swapped")
        assert await names(store) == ["b", "d", "a", "c"]
        assert await names(store, oldest_first=True) == ["c", "a", "d", "b"]
        assert await names(store, after="d") == ["a", "c"]
        assert await names(store, after="d", oldest_first=True) == ["b"]
        assert await names(store, after="c") == []
        assert await names(store, most=2) == ["b", "d"]
        assert await store.objects("key", "file", after="a", most=1) == [("c", b"replaced")]
        assert await names(store, most=0) == []
        assert await names(store, most=-1) == []
        for nobody in ("e", "z", "\0", "ä", "n" * 151, "\udc80"):
            assert await names(store, after=nobody) == [], ascii(nobody)
        await store.drop("key", "file", "d")
        assert await names(store, after="d") == []
        assert await names(store, kind="nothing") == []

    run(scenario)


def test_pages_bring_a_long_listing_whole(run):
    async def scenario(store, clock):
        limits = ObjectLimits(2000, 10**7)
        made = [f"{number:04}" for number in range(1203)]
        for number, name in enumerate(made):
            ttl = MINUTE_US if number % 3 else DAY_US
            await put(store, name, name.encode() * (number % 200), ttl_us=ttl, limits=limits)
        clock.advance(MINUTE_US)
        left = made[::3]
        for oldest_first in (True, False):
            found, after = [], ""
            while page := await store.objects("key", "file", after=after, most=97, oldest_first=oldest_first):
                assert len(page) <= 97
                found += page
                after = page[-1][0]
            assert [name for name, _ in found] == (left if oldest_first else left[::-1])
            assert all(body == name.encode() * (int(name) % 200) for name, body in found)

    run(scenario)


def test_a_listing_of_large_bodies(run):
    async def scenario(store, clock):
        bodies = {
            f"{number}": blob(size, number) for number, size in enumerate([400_000, 10, 262_144, 262_145, 500_000])
        }
        for name, body in bodies.items():
            await put(store, name, body, limits=ObjectLimits(10, 2_000_000))
        assert await store.objects("key", "file", oldest_first=True) == list(bodies.items())
        assert await store.objects("key", "file", after="4", most=2) == [("3", bodies["3"]), ("2", bodies["2"])]

    run(scenario)


def test_the_oldest_give_way_whosever_they_are(run):
    async def scenario(store, clock):
        limits = ObjectLimits(3, 1000)
        await put(store, "a", scope="one", limits=limits)
        await put(store, "b", scope="other", limits=limits)
        await put(store, "c", scope="one", limits=limits)
        await put(store, "a", b"replaced", scope="one", limits=limits)
        await put(store, "d", scope="one", limits=limits)
        assert await names(store, "one") == ["d", "c"], "its place is that of the first put"
        assert await names(store, "other") == ["b"]
        await put(store, "e", b"x" * 999, scope="third", limits=limits)
        assert await names(store, "one") == ["d"]
        assert await names(store, "other") == []
        await put(store, "f", b"x" * 1000, scope="third", limits=limits)
        assert await names(store, "third") == ["f"]
        assert await names(store, "one") == []
        await put(store, "f", b"x", scope="third", limits=limits)
        await put(store, "g", b"x" * 999, scope="third", limits=limits)
        assert await names(store, "third") == ["g", "f"], "what a body no longer takes is free"

    run(scenario)


def test_the_object_that_is_put_stays_though_it_is_the_oldest(run):
    async def scenario(store, clock):
        limits = ObjectLimits(10, 100)
        for name in "abc":
            await put(store, name, b"x" * 30, limits=limits)
        await put(store, "a", b"x" * 70, limits=limits)
        assert await names(store) == ["c", "a"]

    run(scenario)


def test_what_has_expired_gives_way_before_what_is_older(run):
    async def scenario(store, clock):
        limits = ObjectLimits(20, 10**6)
        await put(store, "oldest", limits=limits)
        for number in range(19):
            await put(store, f"{number}", ttl_us=SECOND_US, limits=limits)
        clock.advance(SECOND_US)
        for number in range(19):
            await put(store, f"new {number}", limits=limits)
        assert len(await names(store)) == 20
        assert await store.object("key", "file", "oldest") is not None

    run(scenario)


def test_lower_limits_take_effect_with_the_next_put(run):
    async def scenario(store, clock):
        for number in range(700):
            await put(store, f"{number}", limits=ObjectLimits(1000, 10**6))
        await put(store, "last", limits=ObjectLimits(2, 10**6))
        assert await names(store) == ["last", "699"]

    run(scenario)


def test_what_alone_is_beyond_the_limits_is_refused_and_harms_nothing(run):
    async def scenario(store, clock):
        await put(store, "one", b"kept")
        with pytest.raises(TooLarge, match="1001 bytes"):
            await put(store, "two", b"x" * 1001, limits=ObjectLimits(10, 1000))
        with pytest.raises(ValueError, match="kept"):
            await put(store, "two", limits=ObjectLimits(0, 1000))
        with pytest.raises(ValueError, match="µs"):
            await put(store, "two", ttl_us=0)
        assert await names(store) == ["one"]
        assert await store.object("key", "file", "one") == b"kept"

    run(scenario)


IMPOSSIBLE = ["", "x" * 151, "\n", "a\0", "ä", "\x7f", "\udc80", "name\n"]


@pytest.mark.parametrize("word", IMPOSSIBLE, ids=ascii)
@pytest.mark.parametrize("place", [0, 1, 2])
def test_impossible_words_are_refused(run, word, place):
    async def scenario(store, clock):
        words = ["key", "file", "one"]
        words[place] = word
        with pytest.raises(ValueError, match="object"):
            await store.object(*words)
        with pytest.raises(ValueError, match="object"):
            await store.put(*words, b"", DAY_US, LIMITS)
        with pytest.raises(ValueError, match="object"):
            await store.swap(*words, b"", b"")
        with pytest.raises(ValueError, match="object"):
            await store.drop(*words)
        if place < 2:
            with pytest.raises(ValueError, match="object"):
                await store.objects(*words[:2])

    run(scenario)
