"""Objects in Redis, as tests store and audit them."""

import contextlib
import struct

import redis

from simulator.state.store import DAY_US, ObjectLimits

LIMITS = ObjectLimits(10**6, 10**9)


async def put(store, name, body=b"x", *, ttl_us=DAY_US, limits=LIMITS):
    await store.put("key", "file", name, body, ttl_us, limits)


async def names(store):
    return [name for name, _ in await store.objects("key", "file", most=10**6, oldest_first=True)]


def books(config):
    """How many objects there are and the size of all, after everything in Redis was found to agree on it."""
    tag = b"{%s}" % config.redis.prefix.encode()
    with contextlib.closing(redis.Redis.from_url(config.url)) as client:
        kept = {
            key: (*struct.unpack_from("<dddd", value), value[48:])
            for key, value in client.hgetall(tag + b":kept").items()
        }
        for index in (b":places", b":ends"):
            assert set(client.zrange(tag + index, 0, -1)) == kept.keys()
        shelved = [key for key in client.scan_iter(tag + b":shelf:*") for _ in client.zrange(key, 0, -1)]
        assert len(shelved) == len(kept)
        bodies = {key: [tag + b":b:" + key] for key in kept}
        bodies |= {
            key: [b"%s:p:%s:%d" % (tag, each[4], number) for number in range(int(each[3]))]
            for key, each in kept.items()
            if each[3]
        }
        sizes = {key: sum([client.strlen(name) for name in names]) for key, names in bodies.items()}
        assert sizes == {key: each[1] for key, each in kept.items()}
        there = [*client.scan_iter(tag + b":b:*"), *client.scan_iter(tag + b":p:*")]
        assert sorted(there) == sorted([name for names in bodies.values() for name in names])
        assert int(client.get(tag + b":bytes") or 0) == sum(sizes.values())
        return len(kept), sum(sizes.values())
