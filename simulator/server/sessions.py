"""Between a request and its session in the store: loads what is remembered, and appends to it. Edge of the store.

Where the store cannot answer, a request is served without memory and marked as degraded.
"""

import logging
import re
from collections.abc import Iterator, Mapping

import msgspec

from simulator.config.catalogue import ModelCard
from simulator.engine.engine import Engine
from simulator.engine.plan import Answer, Plan
from simulator.engine.request import Operation
from simulator.engine.tokens import Tokenizer, load
from simulator.limits.identity import digest, key_of
from simulator.providers.base import Call, Problem, Refusal
from simulator.server.conversation import Entry, decode, join, written
from simulator.server.exchange import Exchange
from simulator.state.store import StoreUnavailable, Turn

log = logging.getLogger("simulator.sessions")
MOST_NAME = 256
_NAME = re.compile(rb"[\x21-\x7e]{1,%d}\Z" % MOST_NAME)


async def resume(exchange: Exchange, call: Call, name: bytes) -> Call:
    """The call with what its session remembers before its own messages. Raises `Refusal` for a name that is none.

    Only conversations have sessions: any other operation, and any request while sessions are switched off, goes on as
    it is. Sets `exchange.session`, which the response echoes, and `exchange.fresh`.
    """
    limits, store = exchange.live.session_limits, exchange.house.store
    if limits is None or store is None or call.request.operation is not Operation.CHAT:
        return call
    if not _NAME.match(name):
        sentence = f"x-session-id must be 1 to {MOST_NAME} visible ASCII characters."
        raise Refusal(Problem.INVALID, sentence, param="x-session-id")
    exchange.session = name
    try:
        session = await store.session(scope_of(exchange.headers), name.decode("ascii"), limits)
    except StoreUnavailable as error:
        log.warning("a request is answered without its session: %s", error)
        exchange.degraded = True
        session = None
    request = call.request
    joined = join(_entries(session.turns) if session is not None else (), request.messages)
    exchange.fresh = joined.fresh
    if session is None:
        return call
    return msgspec.structs.replace(call, request=msgspec.structs.replace(request, messages=joined.messages))


async def remember(exchange: Exchange, call: Call, plan: Plan) -> None:
    """Append what was new in the request, and its answer, to the session.

    `call` is what `resume` returned. Called before anything is sent: whoever has read the answer finds it remembered.
    """
    limits, store, answer = exchange.live.session_limits, exchange.house.store, plan.outcome
    if not exchange.session or limits is None or store is None or not isinstance(answer, Answer):
        return
    card, tokenizer = _model(exchange.live.engine, call.request.model)
    asked = (call.request.messages, answer.usage.input_tokens)
    turns = written(exchange.fresh, answer.choices[0], asked, card, tokenizer)
    try:
        await store.remember(scope_of(exchange.headers), exchange.session.decode("ascii"), turns, limits)
    except StoreUnavailable as error:
        log.warning("an answer was not remembered in its session: %s", error)
        exchange.degraded = True


def scope_of(headers: Mapping[bytes, bytes]) -> str:
    """Whose sessions a request may use: the digest of its API key, so that two teams may choose one name."""
    return digest(key_of(headers)).hex()


def _entries(turns: tuple[Turn, ...]) -> Iterator[Entry]:
    for turn in turns:
        try:
            yield decode(turn.body)
        except msgspec.DecodeError as error:
            log.warning("a remembered turn cannot be read and is left out: %s", error)


def _model(engine: Engine, name: str) -> tuple[ModelCard, Tokenizer]:
    """What a session's turns are measured with; a model that no card knows has the estimate."""
    model = engine.models.get(name)
    if model is None:
        return ModelCard(id=name, provider=""), load("estimate")
    return model.card, model.tokenizer
