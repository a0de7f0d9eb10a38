"""Whose a request is, where several providers share its path. Pure."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import msgspec

from simulator.providers.base import Problem, Provider, Refusal
from simulator.server.exchange import Exchange


class _Provided(Protocol):
    provider: Provider


T = TypeVar("T", bound=_Provided)


class _NamesModel(msgspec.Struct):
    """As much of a body as tells whose request it is."""

    model: str = ""


def claimant(others: Sequence[T], exchange: Exchange) -> T | None:
    """The one whose own client asks."""
    return next((other for other in others if other.provider.claims(exchange.headers)), None)


def rightful(others: Sequence[T], exchange: Exchange, refusal: Refusal) -> T | None:
    """The one that a request is for which was refused: whose client asks, or whose model is asked for."""
    if not others or refusal.problem is Problem.WRONG_METHOD:
        return None
    found = claimant(others, exchange)
    if found is not None:
        return found
    try:
        model = msgspec.json.decode(exchange.body, type=_NamesModel).model
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return next((other for other in others if model in exchange.live.known.get(other.provider.name, ())), None)
