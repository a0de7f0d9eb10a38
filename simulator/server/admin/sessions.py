"""`/admin/sessions`: the conversations that the fleet remembers, for operators. Edge of the store.

Shows what was said, so it stands behind the guard. To look at one session counts as using it.
"""

import asyncio
from abc import abstractmethod
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from simulator.engine.request import Message
from simulator.server.admin.resource import Answer, Asked, Resource, Wrong
from simulator.server.context import House
from simulator.server.conversation import decode
from simulator.server.live import bounds_of
from simulator.state.store import Session, SessionLimits, SessionSummary, Store, StoreUnavailable, Turn

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 100
MOST = 1_000
MOST_AFTER = 513
"""Characters of the longest scope and name, and what stands between."""
SHOWN_SOURCE = 200
"""Characters of an image's or file's content that are shown."""


class _OfSessions(Resource):
    """What the two share: the store, and the bounds of what it remembers."""

    def __init__(self, house: House) -> None:
        super().__init__(GET=self._show, DELETE=self._end)
        self._house = house

    @property
    def _store(self) -> Store:
        if self._house.store is None:
            raise StoreUnavailable("it is not open yet")
        return self._house.store

    @property
    def _limits(self) -> SessionLimits:
        """The bounds of sessions, also while they are switched off: what is remembered is still there."""
        return bounds_of(self._house.config.simulation.sessions)

    @abstractmethod
    async def _show(self, asked: Asked) -> Answer:
        """`GET`."""

    @abstractmethod
    async def _end(self, asked: Asked) -> Answer:
        """`DELETE`."""


class Sessions(_OfSessions):
    """`GET`: a page of sessions, ordered by scope and id. `DELETE` with `?all=true`: end every one."""

    async def _show(self, asked: Asked) -> Answer:
        store = self._store
        query = asked.query("after", "limit")
        wanted = query.get("limit", str(PAGE))
        if not (wanted.isascii() and wanted.isdigit() and len(wanted) < 6 and 1 <= int(wanted) <= MOST):
            raise Wrong(400, f"limit must be a whole number from 1 to {MOST}")
        after = query.get("after", "")
        if len(after) > MOST_AFTER or not after.isprintable():
            raise Wrong(400, "after must be what an earlier answer told as next")
        most, limits = int(wanted), self._limits
        found = await store.sessions(limits, after=after, most=most + 1)
        page = found[:most]
        return 200, {
            "sessions": [summary_of(each, limits) for each in page],
            "total": await store.session_count(limits),
            "next": f"{page[-1].scope}/{page[-1].name}" if len(found) > most else None,
        }

    async def _end(self, asked: Asked) -> Answer:
        if asked.query("all").get("all") != "true":
            raise Wrong(400, "to end every session say ?all=true; to end one, DELETE /admin/sessions/{id}")
        store = self._store
        ended, after = 0, ""
        while page := await store.sessions(self._limits, after=after, most=PAGE):
            for each in page:
                ended += await store.forget(each.scope, each.name)
            after = f"{page[-1].scope}/{page[-1].name}"
            await asyncio.sleep(0)  # requests go between the pages
        return 200, {"ended": ended}


class OneSession(_OfSessions):
    """`/admin/sessions/{id}`, with `?scope=` where several keys use one id. `GET`: its turns. `DELETE`: end it."""

    async def _show(self, asked: Asked) -> Answer:
        store = self._store
        owner, name = await self._which(asked, store)
        session = await store.session(owner, name, self._limits)
        if session is None:
            raise Wrong(404, "there is no such session")
        return 200, session_of(session, self._limits)

    async def _end(self, asked: Asked) -> Answer:
        store = self._store
        owner, name = await self._which(asked, store)
        if not await store.forget(owner, name):
            raise Wrong(404, "there is no such session")
        return 200, {"scope": owner, "id": name, "ended": True}

    async def _which(self, asked: Asked, store: Store) -> tuple[str, str]:
        """The scope and name of the session that is meant."""
        name = asked.name
        owner = asked.query("scope").get("scope")
        for field, text in (("id", name), ("scope", owner)):
            if text is not None and not (0 < len(text) <= 256 and text.isprintable()):
                raise Wrong(400, f"{field} must be 1 to 256 printable characters")
        if owner is not None:
            return owner, name
        scopes: list[str] = []
        after = ""
        while page := await store.sessions(self._limits, after=after, most=MOST):
            scopes += [each.scope for each in page if each.name == name]
            after = f"{page[-1].scope}/{page[-1].name}"
            await asyncio.sleep(0)
        if not scopes:
            raise Wrong(404, "there is no such session")
        if len(scopes) > 1:
            raise Wrong(409, "several keys have a session of this id: say which with ?scope=", scopes=scopes)
        return scopes[0], name


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
