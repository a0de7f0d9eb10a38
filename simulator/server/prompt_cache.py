"""Between a request and the prompt cache that the fleet shares: what of the prompt was met before. Edge of the store.

The cache holds no text, only that a beginning of a prompt was met: by whom (API key), for which model and how long ago.
"""

import logging
from collections.abc import Sequence
from hashlib import blake2b

from simulator.engine.prompt_cache import Warm
from simulator.engine.request import Request
from simulator.limits.identity import key_of
from simulator.providers.base import Cacheable, Prefix
from simulator.server.exchange import Exchange
from simulator.server.failing import told
from simulator.state.store import Store, StoreUnavailable

log = logging.getLogger("simulator.prompts")


async def look_up(exchange: Exchange, request: Request, cache: Cacheable) -> Warm | None:
    """What the cache has of the prompt; from then on it has all that it may hold of it. None where it cannot tell.

    A replay finds what the request found before, and leaves the cache as it is.
    """
    store = exchange.house.store
    prefixes = cache.prefixes
    if store is None or not prefixes:
        return None
    cached = told.before(exchange.headers).get("cached")
    known = await _known(exchange, store, request, prefixes) if cached is None else min(int(cached), len(prefixes))
    if known is None:
        return None
    exchange.told = told.joined(exchange.told, b"cached=%d" % known)
    read = prefixes[known - 1].share if known else 0.0
    return Warm(read, prefixes[-1].share, cache.least, cache.unit, cache.writes)


async def _known(exchange: Exchange, store: Store, request: Request, prefixes: Sequence[Prefix]) -> int | None:
    """How many of these beginnings the cache has; from then on it has all of them. None where it cannot tell."""
    whose = blake2b(b"%b\0%b" % (key_of(exchange.headers), request.model.encode("utf-8", "replace")), digest_size=16)
    names = []
    for prefix in prefixes:
        own = whose.copy()
        own.update(prefix.digest)
        names.append(own.digest())
    ttl_us = int(max([prefix.ttl_secs for prefix in prefixes]) * 1e6)
    try:
        return await store.recall(names, ttl_us)
    except StoreUnavailable as error:
        log.warning("a request is answered as if its prompt were new: %s", error)
        exchange.degraded = True
        return None
