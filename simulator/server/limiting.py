"""Between a request and the store: admits it within its rate limits, and settles afterwards. Edge of the store."""

import logging

from simulator.engine.plan import Usage
from simulator.engine.request import Operation, Request
from simulator.providers.base import Provider
from simulator.server.exchange import Exchange
from simulator.state.store import StoreUnavailable

log = logging.getLogger("simulator.limits")


async def admit(exchange: Exchange, provider: Provider, request: Request, usage: Usage) -> None:
    """Take what the request asks for. Raises `Refusal` if a limit is reached.

    Where the store cannot answer at all the request is served, marked as degraded: a limit that cannot be counted
    must not become an outage.
    """
    live, store = exchange.live, exchange.house.store
    limiter = live.limiter
    if limiter is None or store is None:
        return
    aliases = live.engine.aliases
    claim = limiter.claim(
        exchange.headers,
        aliases.get(request.model, request.model),
        (usage.input_tokens, usage.output_tokens),
        request.max_tokens,
        provider=provider.name,
        aliases=aliases,
        counting=request.operation is Operation.COUNT,
    )
    if claim is None:
        return
    try:
        verdict = await store.admit(claim.demands, claim.leases)
    except StoreUnavailable as error:
        log.warning("a request passed its limits uncounted: %s", error)
        exchange.degraded = True
        return
    if verdict.admitted:
        exchange.claim = claim
    if verdict.degraded:
        exchange.degraded = True
    quotas = claim.quotas(verdict)
    exchange.quotas = provider.quota_headers(quotas, exchange.house.wall())
    if not verdict.admitted:
        raise claim.refusal(quotas, request.model)


async def settle(exchange: Exchange, billed: Usage | None) -> None:
    """The response is over: correct what was reserved to what it billed, and give the places back. Once is enough.

    None: it came to nothing, and all tokens that were reserved are given back.
    """
    claim, store = exchange.claim, exchange.house.store
    exchange.claim = None
    if claim is None or store is None:
        return
    changes = claim.corrections(*((billed.input_tokens, billed.output_tokens) if billed is not None else (0, 0)))
    if not (changes or claim.leases):
        return
    try:
        await store.settle(changes, [lease.name for lease in claim.leases])
    except StoreUnavailable as error:
        log.warning("a request's tokens were not settled: %s", error)
