"""Between a request and the store: admits it within its rate limits, and settles afterwards. Edge of the store.

With a store that never waits everything here is a plain call; with one that does, the functions return what is still
to be awaited. Where the store cannot answer at all a request is served, marked as degraded: a limit that cannot be
counted must not become an outage.
"""

import logging
from collections.abc import Awaitable

from simulator.engine.plan import Usage
from simulator.engine.request import Operation, Request
from simulator.limits.claim import Claim, claimed
from simulator.limits.limiter import DEFAULT_TENANT
from simulator.providers.base import Provider
from simulator.server.exchange import Exchange
from simulator.state.store import Store, StoreUnavailable, Verdict

log = logging.getLogger("simulator.limits")
_COUNT = Operation.COUNT
_KEY = b"authorization"


def admit(exchange: Exchange, provider: Provider, request: Request, usage: Usage) -> Awaitable[None] | None:
    """Take what the request asks for. Raises `Refusal`, here or when awaited, if a limit is reached."""
    live, house, headers, model = exchange.live, exchange.house, exchange.headers, request.model
    limiter, store = live.limiter, house.store
    if limiter is None or store is None:
        return None
    counting = request.operation is _COUNT
    # What `limiter.terms` would look up first, without the call: every request that is limited passes here.
    asker = (headers.get(_KEY, b""), headers.get(limiter.tenant_header, DEFAULT_TENANT), model, provider.name, counting)
    terms = limiter.seen.get(asker) or limiter.terms(headers, model, provider.name, live.engine.aliases, counting)
    if terms.empty:
        return None
    claim = claimed(terms, usage, request.max_tokens)
    immediate, write = house.immediate, terms.writer
    if immediate is not None and write is not None and terms.wanted:
        levels = immediate.draw_now(terms.wanted, claim.amounts)
        if levels is not None:
            exchange.claim = claim
            exchange.quotas = write(levels, house.wall())
            return None
    if immediate is None:
        return _admit(exchange, provider, model, claim, store)
    try:
        verdict = immediate.admit_now(claim.demands, terms.leases)
    except StoreUnavailable as error:
        _uncounted(exchange, error)
    else:
        _take_in(exchange, provider, model, claim, verdict)
    return None


def settle(exchange: Exchange, billed: Usage | None) -> Awaitable[None] | None:
    """The response is over: correct what was reserved to what it billed, and give the places back. Once is enough.

    None: it came to nothing, and all tokens that were reserved are given back.
    """
    claim = exchange.claim
    if claim is None:
        return None
    exchange.claim = None
    if billed is not None and billed is claim.exact:
        return None
    read, written = (billed.input_tokens, billed.output_tokens) if billed is not None else (0, 0)
    changes = claim.corrections(read, written)
    places = [lease.name for lease in claim.leases] if claim.terms.leases else ()
    store = exchange.house.store
    if store is None or not (changes or places):
        return None
    immediate = exchange.house.immediate
    if immediate is None:
        return _settled(store.settle(changes, places))
    try:
        immediate.settle_now(changes, places)
    except StoreUnavailable as error:
        _unsettled(error)
    return None


async def _admit(exchange: Exchange, provider: Provider, model: str, claim: Claim, store: Store) -> None:
    try:
        verdict = await store.admit(claim.demands, claim.leases)
    except StoreUnavailable as error:
        _uncounted(exchange, error)
    else:
        _take_in(exchange, provider, model, claim, verdict)


def _take_in(exchange: Exchange, provider: Provider, model: str, claim: Claim, verdict: Verdict) -> None:
    """What the verdict means for the exchange."""
    if verdict.admitted:
        exchange.claim = claim
    if verdict.degraded:
        exchange.degraded = True
    terms = claim.terms
    write = terms.writer
    if write is None:
        write = terms.writer = provider.quota_writer([resource for resource, *_ in terms.labels])
    exchange.quotas = write(verdict.standings, exchange.house.wall())
    if not verdict.admitted:
        raise claim.refusal(claim.quotas(verdict), model)


async def _settled(settling: Awaitable[None]) -> None:
    try:
        await settling
    except StoreUnavailable as error:
        _unsettled(error)


def _uncounted(exchange: Exchange, error: StoreUnavailable) -> None:
    log.warning("a request passed its limits uncounted: %s", error)
    exchange.degraded = True


def _unsettled(error: StoreUnavailable) -> None:
    log.warning("a request's tokens were not settled: %s", error)
