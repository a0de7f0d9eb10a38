"""Contract mode: what answers instead of a refusal. Edge; nothing of it is reached unless `compat.contract` is on.

Only what is wrong with the request itself is passed over: keys, limits, faults, sizes and what cannot be read stay what
they are.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from simulator.contract.answers import Made, Unreadable, Wanted
from simulator.contract.mending import ROUNDS, mended
from simulator.providers.base import Problem, Provider, Refusal, Reply
from simulator.server.body import ClientLeft, read_body
from simulator.server.exchange import Exchange
from simulator.server.live import Live
from simulator.server.play import Receive

PASSED_OVER = frozenset(
    {
        Problem.INVALID,
        Problem.NOT_FOUND,
        Problem.CONFLICT,
        Problem.UNKNOWN_MODEL,
        Problem.UNKNOWN_PATH,
        Problem.WRONG_METHOD,
        Problem.CONTEXT_LENGTH,
        Problem.OUTPUT_LIMIT,
    }
)


async def agreed(
    again: Callable[..., Awaitable[None]], exchange: Exchange, provider: Provider, label: str, refusal: Refusal
) -> Reply | None:
    """Answer with bodies that are mended after each refusal; `again(body=…)` answers with one, or raises `Refusal`.

    None where that was answered, else the reply that stands for it. Raises the refusal if there is none.
    """
    for number in range(ROUNDS):
        if refusal.problem not in PASSED_OVER or refusal.problem is Problem.WRONG_METHOD:
            break
        try:
            body = mended(provider.name, label, exchange.body, refusal.param, number)
        except Unreadable:
            break
        if body is None:
            break
        try:
            await again(body=body)
        except Refusal as another:
            refusal = another
        else:
            return None
    return instead(exchange, provider, refusal)


def instead(exchange: Exchange, provider: Provider, refusal: Refusal) -> Reply:
    """The reply to a request that was refused after its body was read. Raises the refusal if there is none."""
    contract = exchange.live.contract
    if contract is None or refusal.problem not in PASSED_OVER:
        raise refusal
    try:
        made = contract.answer(provider.name, _wanted(exchange.scope, exchange.headers, exchange.body))
    except Unreadable:
        raise refusal from None
    if made is None:
        raise refusal
    return _reply(provider, made, exchange.live.engine.seeds.request_bits(exchange.address))


def instead_of(refused: Reply, exchange: Exchange, provider: Provider, refusal: Refusal) -> Reply:
    """The same where the refusal is worded already: it stays the reply if there is none."""
    try:
        return instead(exchange, provider, refusal)
    except Refusal:
        return refused


async def unserved(refused: Reply, live: Live, scope: Any, receive: Receive, provider: Provider, bits: bytes) -> Reply:
    """The reply to a request that no endpoint serves; `refused` if there is none."""
    headers = dict(scope["headers"])
    try:
        body = await read_body(None, receive, headers, live.body_limit)
        made = None if live.contract is None else live.contract.answer(provider.name, _wanted(scope, headers, body))
    except Unreadable:
        return provider.refuse(Refusal(Problem.INVALID, "The body of the request cannot be read."), bits)
    except Refusal as too_large:
        return provider.refuse(too_large, bits)
    except ClientLeft:
        return refused
    return refused if made is None else _reply(provider, made, bits)


def _wanted(scope: Any, headers: Mapping[bytes, bytes], body: bytes) -> Wanted:
    return Wanted(scope["method"], scope["path"], scope["query_string"], headers, body)


def _reply(provider: Provider, made: Made, bits: bytes) -> Reply:
    """The answer with the headers that the provider gives whatever took no plan."""
    told = provider.refuse(Refusal(Problem.INVALID), bits).headers
    return Reply(
        200, ((b"content-type", made.media), *[each for each in told if each[0] != b"content-type"]), made.body
    )


__all__ = ["agreed", "instead", "instead_of", "unserved"]
