"""Stored objects against a model of the contract, for every store."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from simulator.state.store import ObjectLimits

SECOND_US = 1_000_000
NAMES = st.sampled_from("abcdef")
BODIES = st.binary(max_size=6).map(lambda seed: seed * 1500)
STEPS = st.one_of(
    st.tuples(st.just("put"), NAMES, BODIES, st.integers(1, 30)),
    st.tuples(st.just("swap"), NAMES, BODIES, BODIES),
    st.tuples(st.just("drop"), NAMES),
    st.tuples(st.just("wait"), st.integers(1, 20)),
    st.tuples(st.just("page"), st.sampled_from(["", *"abcdef"]), st.integers(0, 4), st.booleans()),
)


class Model:
    """The contract, as plainly as it can be said: all objects in the order of their first put."""

    def __init__(self, limits):
        self.limits = limits
        self.kept = {}

    def live(self, now):
        return {name: body for name, (body, until) in self.kept.items() if until > now}

    def put(self, name, body, now, ttl):
        if self.kept.get(name, (b"", now + 1))[1] <= now:
            del self.kept[name]
        self.kept[name] = body, now + ttl
        while len(self.kept) > self.limits.max_objects or self.size() > self.limits.max_bytes:
            over = [each for each, (_, until) in self.kept.items() if until <= now]
            del self.kept[(over or [each for each in self.kept if each != name])[0]]

    def size(self):
        return sum(len(body) for body, _ in self.kept.values())

    def page(self, after, most, now, *, oldest_first):
        found = list(self.live(now).items())[:: 1 if oldest_first else -1]
        order = [name for name, _ in found]
        if after:
            found = found[order.index(after) + 1 :] if after in order else []
        return found[:most]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, max_size=25))
def test_a_store_does_what_the_contract_says(run, steps):
    async def scenario(store, clock):
        limits = ObjectLimits(4, 20_000)
        model = Model(limits)
        for verb, *given_ in steps:
            now = clock.now_us
            if verb == "wait":
                clock.advance(given_[0] * SECOND_US)
            elif verb == "put":
                name, body, ttl = given_
                model.put(name, body, now, ttl * SECOND_US)
                await store.put("key", "file", name, body, ttl * SECOND_US, limits)
            elif verb == "swap":
                name, old, new = given_
                done = model.live(now).get(name) == old
                fits = model.size() - len(old) + len(new) <= limits.max_bytes
                if done and not fits:
                    continue
                if done:
                    model.kept[name] = new, model.kept[name][1]
                assert await store.swap("key", "file", name, old, new) is done
            elif verb == "drop":
                there = given_[0] in model.live(now)
                model.kept.pop(given_[0], None)
                assert await store.drop("key", "file", given_[0]) is there
            else:
                after, most, oldest_first = given_
                told = await store.objects("key", "file", after=after, most=most, oldest_first=oldest_first)
                assert told == model.page(after, most, now, oldest_first=oldest_first)
            assert dict(await store.objects("key", "file")) == model.live(clock.now_us)

    run(scenario)
