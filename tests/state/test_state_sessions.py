"""Sessions, as every store keeps them."""

import pytest

from simulator.state.store import SessionLimits, Turn

LIMITS = SessionLimits(max_sessions=100, ttl_us=3_600_000_000, max_tokens=1000)
SECOND_US = 1_000_000


def turns(*bodies, tokens=10):
    return [Turn(body, tokens) for body in bodies]


def test_a_session_is_made_remembered_and_forgotten(run):
    async def scenario(store, clock):
        assert await store.session("key", "one", LIMITS) is None
        made = await store.remember("key", "one", turns(b"question", b"answer"), LIMITS)
        assert made.created_us == made.used_us == clock.now_us
        began = clock.now_us
        clock.advance(SECOND_US)
        more = await store.remember("key", "one", turns(b"", b"\0\xff", tokens=0), LIMITS)
        clock.advance(SECOND_US)
        read = await store.session("key", "one", LIMITS)
        assert (read.scope, read.name, read.created_us, read.used_us) == ("key", "one", began, clock.now_us)
        assert read.turns == more.turns == (*made.turns, Turn(b"", 0), Turn(b"\0\xff", 0))
        assert read.tokens == 20
        assert await store.forget("key", "one")
        assert not await store.forget("key", "one")
        assert await store.session("key", "one", LIMITS) is None
        assert await store.session_count(LIMITS) == 0

    run(scenario)


def test_scopes_are_apart(run):
    async def scenario(store, clock):
        await store.remember("a/b", "c", turns(b"1"), LIMITS)
        await store.remember("a", "b/c", turns(b"2"), LIMITS)
        assert (await store.session("a/b", "c", LIMITS)).turns == (Turn(b"1", 10),)
        assert (await store.session("a", "b/c", LIMITS)).turns == (Turn(b"2", 10),)
        assert await store.session("a", "c", LIMITS) is None

    run(scenario)


def test_an_empty_session(run):
    async def scenario(store, clock):
        assert (await store.remember("key", "empty", [], LIMITS)).turns == ()
        assert (await store.session("key", "empty", LIMITS)).turns == ()

    run(scenario)


def test_an_unused_session_expires(run):
    async def scenario(store, clock):
        first = await store.remember("key", "one", turns(b"old"), LIMITS)
        clock.advance(LIMITS.ttl_us - 1)
        assert await store.session("key", "one", LIMITS) is not None
        clock.advance(LIMITS.ttl_us)
        assert await store.sessions(LIMITS) == []
        assert await store.session("key", "one", LIMITS) is None
        fresh = await store.remember("key", "one", turns(b"new"), LIMITS)
        assert fresh.turns == (Turn(b"new", 10),)
        assert fresh.created_us > first.created_us

    run(scenario)


def test_remembering_what_expired_meanwhile_begins_anew(run):
    async def scenario(store, clock):
        await store.remember("key", "one", turns(b"old"), LIMITS)
        clock.advance(LIMITS.ttl_us)
        assert (await store.remember("key", "one", turns(b"new"), LIMITS)).turns == (Turn(b"new", 10),)

    run(scenario)


def test_expired_sessions_do_not_stay_for_ever(run):
    async def scenario(store, clock):
        for number in range(5):
            await store.remember("key", f"old {number}", turns(b"x"), LIMITS)
        clock.advance(LIMITS.ttl_us)
        await store.remember("key", "new", turns(b"x"), LIMITS)
        await store.remember("key", "new", turns(b"x"), LIMITS)
        assert await store.session_count(LIMITS) == 1

    run(scenario)


def test_the_sessions_unused_for_longest_give_way(run):
    async def scenario(store, clock):
        limits = SessionLimits(3, LIMITS.ttl_us, LIMITS.max_tokens)
        for name in "abc":
            await store.remember("key", name, turns(b"x"), limits)
            clock.advance(SECOND_US)
        await store.session("key", "a", limits)
        clock.advance(SECOND_US)
        await store.remember("key", "d", turns(b"x"), limits)
        assert [each.name for each in await store.sessions(limits)] == ["a", "c", "d"]
        assert await store.session_count(limits) == 3
        clock.advance(SECOND_US)
        few = SessionLimits(1, LIMITS.ttl_us, LIMITS.max_tokens)
        await store.remember("key", "e", turns(b"x"), few)
        assert [each.name for each in await store.sessions(few)] == ["e"]

    run(scenario)


def test_the_oldest_turns_are_dropped(run):
    async def scenario(store, clock):
        limits = SessionLimits(10, LIMITS.ttl_us, 25)
        await store.remember("key", "one", turns(b"1", b"2"), limits)
        assert (await store.remember("key", "one", turns(b"3"), limits)).turns == tuple(turns(b"2", b"3"))
        whole = await store.remember("key", "one", [Turn(b"4", 1), Turn(b"5", 24)], limits)
        assert whole.turns == (Turn(b"4", 1), Turn(b"5", 24))
        assert (await store.session("key", "one", limits)).turns == whole.turns
        huge = await store.remember("key", "one", [Turn(b"6", 3), Turn(b"7", 99)], limits)
        assert huge.turns == (Turn(b"7", 99),), "the latest turn is always kept"
        assert (await store.remember("key", "one", [], limits)).turns == (Turn(b"7", 99),)
        assert (await store.remember("key", "one", turns(b"8"), limits)).turns == tuple(turns(b"8"))

    run(scenario)


def test_a_listing_in_pages(run):
    async def scenario(store, clock):
        names = ["a", "ab", "a b", "ä", "z" * 256, "z" * 255 + "y", "😀", "b/c"]
        for number, name in enumerate(names):
            await store.remember("key", name, turns(*[b"x"] * number), LIMITS)
        await store.remember("kex", "a", [], LIMITS)
        expected = sorted(["kex/a", *[f"key/{name}" for name in names]])
        found, after = [], ""
        while page := await store.sessions(LIMITS, after=after, most=2):
            assert len(page) <= 2
            found += page
            after = f"{page[-1].scope}/{page[-1].name}"
        assert [f"{each.scope}/{each.name}" for each in found] == expected
        counted = {each.name: (each.turns, each.tokens) for each in found if each.scope == "key"}
        assert counted == {name: (number, 10 * number) for number, name in enumerate(names)}
        assert len(await store.sessions(LIMITS)) == len(expected)
        assert await store.sessions(LIMITS, most=0) == []

    run(scenario)


IMPOSSIBLE = [("", "n"), ("s", ""), ("s", "n" * 257), ("s\n", "n"), ("s", "\x00"), ("s", "\udc80"), ("s", "\x9f")]


@pytest.mark.parametrize(("scope", "name"), IMPOSSIBLE, ids=ascii)
def test_impossible_names_are_refused(run, scope, name):
    async def scenario(store, clock):
        with pytest.raises(ValueError, match="session"):
            await store.session(scope, name, LIMITS)
        with pytest.raises(ValueError, match="session"):
            await store.remember(scope, name, [], LIMITS)
        with pytest.raises(ValueError, match="session"):
            await store.forget(scope, name)

    run(scenario)


def test_impossible_turns_and_limits_are_refused(run):
    async def scenario(store, clock):
        with pytest.raises(ValueError, match="tokens"):
            await store.remember("key", "one", [Turn(b"", -1)], LIMITS)
        for wrong in (SessionLimits(0, 1, 1), SessionLimits(1, 0, 1), SessionLimits(1, 1, 0)):
            with pytest.raises(ValueError, match="sessions"):
                await store.remember("key", "one", [], wrong)
        assert await store.session_count(LIMITS) == 0

    run(scenario)
