"""`/admin/sessions`: the conversations that the fleet remembers, for operators. Edge of the store.

Shows what was said, so it stands behind the guard. To look at one session counts as using it.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from simulator.engine.request import Message
from simulator.server.context import House
from simulator.server.conversation import decode
from simulator.server.live import bounds_of
from simulator.server.play import Receive, Send
from simulator.server.respond import respond, respond_json
from simulator.state.store import Session, SessionLimits, SessionSummary, Store, StoreUnavailable, Turn

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 100
MOST = 1_000
MOST_AFTER = 513
"""Characters of the longest scope and name, and what stands between."""
SHOWN_SOURCE = 200
"""Characters of an image's or file's content that are shown."""


class Declined(Exception):  # noqa: N818 - it is answered, not a crash
    """What was asked is not done: the status, and the answer's fields."""

    def __init__(self, status: int, message: str, **fields: Any) -> None:
        super().__init__(message)
        self.status = status
        self.answer = {"error": message, **fields}


class _Application:
    """What the two share: methods, query, the store, and how a refusal is told."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Answer."""
        method = scope["method"]
        if method not in ("GET", "HEAD", "DELETE"):
            await respond(send, 405, b'{"error":"method not allowed"}\n', extra=((b"allow", b"GET, HEAD, DELETE"),))
            return
        store = self._house.store
        if store is None:
            await respond_json(send, 503, {"error": "the store is not open"})
            return
        try:
            answer = await (self._end if method == "DELETE" else self._show)(scope, store)
        except Declined as declined:
            await respond_json(send, declined.status, declined.answer)
        except StoreUnavailable as error:
            await respond_json(send, 503, {"error": f"the store cannot answer: {error}"})
        else:
            await respond_json(send, 200, answer)

    @property
    def _limits(self) -> SessionLimits:
        """The bounds of sessions, also while they are switched off: what is remembered is still there."""
        return bounds_of(self._house.config.simulation.sessions)

    async def _show(self, scope: Any, store: Store) -> dict[str, Any]:
        raise NotImplementedError

    async def _end(self, scope: Any, store: Store) -> dict[str, Any]:
        raise NotImplementedError


class Sessions(_Application):
    """`GET`: a page of sessions, ordered by scope and id. `DELETE` with `?all=true`: end every one."""

    async def _show(self, scope: Any, store: Store) -> dict[str, Any]:
        query = query_of(scope, "after", "limit")
        asked = query.get("limit", str(PAGE))
        if not (asked.isascii() and asked.isdigit() and len(asked) < 6 and 1 <= int(asked) <= MOST):
            raise Declined(400, f"limit must be a whole number from 1 to {MOST}")
        after = query.get("after", "")
        if len(after) > MOST_AFTER or not after.isprintable():
            raise Declined(400, "after must be what an earlier answer told as next")
        most, limits = int(asked), self._limits
        found = await store.sessions(limits, after=after, most=most + 1)
        page = found[:most]
        return {
            "sessions": [summary_of(each, limits) for each in page],
            "total": await store.session_count(limits),
            "next": f"{page[-1].scope}/{page[-1].name}" if len(found) > most else None,
        }

    async def _end(self, scope: Any, store: Store) -> dict[str, Any]:
        if query_of(scope, "all").get("all") != "true":
            raise Declined(400, "to end every session say ?all=true; to end one, DELETE /admin/sessions/{id}")
        ended, after = 0, ""
        while page := await store.sessions(self._limits, after=after, most=PAGE):
            for each in page:
                ended += await store.forget(each.scope, each.name)
            after = f"{page[-1].scope}/{page[-1].name}"
            await asyncio.sleep(0)  # requests go between the pages
        return {"ended": ended}


class OneSession(_Application):
    """`/admin/sessions/{id}`, with `?scope=` where several keys use one id. `GET`: its turns. `DELETE`: end it."""

    async def _show(self, scope: Any, store: Store) -> dict[str, Any]:
        owner, name = await self._which(scope, store)
        session = await store.session(owner, name, self._limits)
        if session is None:
            raise Declined(404, "there is no such session")
        return session_of(session, self._limits)

    async def _end(self, scope: Any, store: Store) -> dict[str, Any]:
        owner, name = await self._which(scope, store)
        if not await store.forget(owner, name):
            raise Declined(404, "there is no such session")
        return {"scope": owner, "id": name, "ended": True}

    async def _which(self, scope: Any, store: Store) -> tuple[str, str]:
        """The scope and name of the session that is meant."""
        name = scope["path_params"]["id"]
        owner = query_of(scope, "scope").get("scope")
        for field, text in (("id", name), ("scope", owner)):
            if text is not None and not (0 < len(text) <= 256 and text.isprintable()):
                raise Declined(400, f"{field} must be 1 to 256 printable characters")
        if owner is not None:
            return owner, name
        scopes: list[str] = []
        after = ""
        while page := await store.sessions(self._limits, after=after, most=MOST):
            scopes += [each.scope for each in page if each.name == name]
            after = f"{page[-1].scope}/{page[-1].name}"
            await asyncio.sleep(0)
        if not scopes:
            raise Declined(404, "there is no such session")
        if len(scopes) > 1:
            raise Declined(409, "several keys have a session of this id: say which with ?scope=", scopes=scopes)
        return scopes[0], name


def query_of(scope: Any, *known: str) -> Mapping[str, str]:
    """The parameters of a request's query; raises `Declined` for one that is not known or given twice."""
    try:
        pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=10)
    except ValueError as error:
        raise Declined(400, "the query has too many parameters") from error
    query = dict(pairs)
    if len(query) < len(pairs) or not query.keys() <= set(known):
        raise Declined(400, f"the query may have, once each: {', '.join(known)}")
    return query


def summary_of(summary: SessionSummary, limits: SessionLimits) -> dict[str, Any]:
    """A session as a listing shows it; times in RFC 3339, UTC."""
    return {
        "scope": summary.scope,
        "id": summary.name,
        "created": time_of(summary.created_us),
        "last_used": time_of(summary.used_us),
        "expires": time_of(summary.used_us + limits.ttl_us),
        "turns": summary.turns,
        "tokens": summary.tokens,
    }


def session_of(session: Session, limits: SessionLimits) -> dict[str, Any]:
    """A session with all that was said in it."""
    summary = SessionSummary(
        session.scope, session.name, session.created_us, session.used_us, len(session.turns), session.tokens
    )
    return {**summary_of(summary, limits), "turns": [turn_of(turn) for turn in session.turns]}


def turn_of(turn: Turn) -> dict[str, Any]:
    """One turn. `messages` instead of a role and a text: the system messages that a request began with."""
    try:
        entry = decode(turn.body)
    except msgspec.DecodeError:
        return {"role": None, "text": None, "tokens": turn.tokens, "error": "this turn cannot be read"}
    if isinstance(entry, Message):
        return {**message_of(entry), "tokens": turn.tokens}
    return {"role": "system", "messages": [message_of(each) for each in entry.messages], "tokens": turn.tokens}


def message_of(message: Message) -> dict[str, Any]:
    """A message, without what it does not have."""
    shown: dict[str, Any] = {"role": message.role, "text": message.text}
    if message.name:
        shown["name"] = message.name
    if message.parts:
        shown["parts"] = [
            {"kind": part.kind, "source": part.source[:SHOWN_SOURCE], "tokens": part.tokens} for part in message.parts
        ]
    if message.calls:
        shown["calls"] = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in message.calls]
    if message.answers:
        shown["answers"] = message.answers
    return shown


def time_of(us: int) -> str:
    """Microseconds of the wall clock as RFC 3339; a time beyond the calendar as its last moment."""
    try:
        moment = EPOCH + timedelta(microseconds=us)
    except OverflowError:
        moment = datetime.max.replace(tzinfo=UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
