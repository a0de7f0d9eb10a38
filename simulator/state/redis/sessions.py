"""Sessions in Redis, or in this host's store while Redis is away. Edge.

What is remembered in Redis is also copied to the embedded store, under a scope of its own, so that a conversation goes
on where the pod that had its last turn finds Redis away. Turns that were added meanwhile are told to Redis when it is
back: appended if it still has the session, else with all that the host knows of it. This is best effort: two pods that
both went on alone have their turns one after the other, and a worker that dies meanwhile leaves its sessions to be
found by the next request for them.
"""

import hashlib
import re
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Protocol

from simulator.state.embedded.buckets import LEVEL_MOST
from simulator.state.redis import scripts
from simulator.state.redis.link import Away
from simulator.state.store import Session, SessionLimits, SessionSummary, StoreUnavailable, Turn

COPY_SCOPE = "\ue000"
"""What the scope of a copy begins with: a private character, which no scope of a request has."""
STRAYS_MOST = 10_000
"""Sessions whose latest turns are kept for Redis; beyond them only the embedded store knows."""
MARGIN_MS = 60_000
"""Keys outlive what they mean by this, since the clock that counts may be another one."""

_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff]{1,256}\Z")
_TOKENS = struct.Struct("<d")


class Local(Protocol):
    """What is needed of the embedded store."""

    async def session(self, scope: str, name: str, limits: SessionLimits) -> Session | None:
        """As the store."""

    async def remember(self, scope: str, name: str, turns: Sequence[Turn], limits: SessionLimits) -> Session:
        """As the store."""

    async def sessions(self, limits: SessionLimits, *, after: str = "", most: int = 100) -> list[SessionSummary]:
        """As the store."""

    async def forget(self, scope: str, name: str) -> bool:
        """As the store."""

    async def session_count(self, limits: SessionLimits) -> int:
        """As the store."""


class _Stray:
    """Turns that were added while Redis was away; `doubtful` if Redis may have been told of the first of them."""

    __slots__ = ("doubtful", "limits", "turns")

    def __init__(self, limits: SessionLimits, *, doubtful: bool) -> None:
        self.limits = limits
        self.doubtful = doubtful
        self.turns: list[Turn] = []


class RedisSessions:
    """`run` calls a script, `call` a command; both raise `Away`. `now_us` is what scripts take as the clock."""

    def __init__(
        self,
        tag: bytes,
        local: Local,
        *,
        run: Callable[..., Awaitable[Any]],
        call: Callable[..., Awaitable[Any]],
        healthy: Callable[[], bool],
        now_us: Callable[[], int],
    ) -> None:
        self._tag = tag
        self._local = local
        self._run = run
        self._call = call
        self._healthy = healthy
        self._now_us = now_us
        self._strays: dict[tuple[str, str], _Stray] = {}
        self._forgotten: set[tuple[str, str]] = set()

    async def session(self, scope: str, name: str, limits: SessionLimits) -> Session | None:
        """As the store."""
        identity = _identity(scope, name)
        _check(limits)
        if self._healthy():
            with suppress(Away):
                return await self._find(scope, name, identity, limits)
        found_here = await self._local.session(scope, name, limits)
        if found_here is None and (scope, name) not in self._forgotten:
            copy = await self._local.session(_copy_scope(scope), name, limits)
            if copy is not None:
                return Session(scope, name, copy.created_us, copy.used_us, copy.turns)
        return found_here

    async def remember(self, scope: str, name: str, turns: Sequence[Turn], limits: SessionLimits) -> Session:
        """As the store."""
        identity = _identity(scope, name)
        _check(limits)
        fields = [_field(turn) for turn in turns]
        asked = self._healthy()
        if asked:
            with suppress(Away):
                await self._tell((scope, name))
                _, *found = await self._write(identity, limits, fields)
                session = _session(scope, name, found)
                await self._copy(session, limits)
                return session
        stray = self._strays.get((scope, name))
        if stray is None:
            await self._go_on(scope, name, limits)
            stray = self._strays.setdefault((scope, name), _Stray(limits, doubtful=asked))
            if len(self._strays) > STRAYS_MOST:
                del self._strays[next(iter(self._strays))]
        stray.turns += turns
        return await self._local.remember(scope, name, turns, limits)

    async def sessions(self, limits: SessionLimits, *, after: str = "", most: int = 100) -> list[SessionSummary]:
        """As the store; while Redis is away, those that were used since."""
        _check(limits)
        if most <= 0:
            return []
        if self._healthy():
            with suppress(Away):
                start = b"[%s\x01" % after.encode("utf-8", "surrogatepass") if after else b"-"
                found = await self._run(scripts.SESSION_LIST, self._now_us(), limits.ttl_us, start, most)
                return [_summary(*each) for each in found]
        found_here: list[SessionSummary] = []
        while len(found_here) < most:
            page = await self._local.sessions(limits, after=after, most=most)
            found_here += [each for each in page if not each.scope.startswith(COPY_SCOPE)]
            if len(page) < most:
                break
            after = f"{page[-1].scope}/{page[-1].name}"
        return found_here[:most]

    async def forget(self, scope: str, name: str) -> bool:
        """As the store."""
        identity = _identity(scope, name)
        there = False
        if self._healthy():
            with suppress(Away):
                there = bool(await self._run(scripts.SESSION_FORGET, identity))
        if not self._healthy():
            self._forgotten.add((scope, name))
        self._strays.pop((scope, name), None)
        copied = await self._local.forget(_copy_scope(scope), name)
        return await self._local.forget(scope, name) or there or (copied and not self._healthy())

    async def session_count(self, limits: SessionLimits) -> int:
        """As the store."""
        if self._healthy():
            with suppress(Away):
                return int(await self._call("ZCARD", self._tag + b":used"))
        return await self._local.session_count(limits)

    @property
    def strayed(self) -> bool:
        """Whether there is something for `restore`."""
        return bool(self._strays or self._forgotten)

    async def restore(self, most: int) -> None:
        """Tell Redis what was remembered and forgotten while it was away, so many sessions. Raises `Away`."""
        for key in [*islice(self._forgotten, most), *islice(self._strays, most)]:
            await self._tell(key)

    async def _find(self, scope: str, name: str, identity: bytes, limits: SessionLimits) -> Session | None:
        await self._tell((scope, name))
        arguments = scripts.SESSION_READ, self._now_us(), identity, limits.ttl_us, _lifetime_ms(limits)
        found = await self._run(*arguments)
        if not found:
            session = await self._bring(scope, name, limits)
            if session is not None:
                await self._local.forget(scope, name)
                return session
            # A copy says that Redis had it once: it may have been told of it a moment ago.
            if await self._local.session(_copy_scope(scope), name, limits) is not None:
                found = await self._run(*arguments)
        return _session(scope, name, found) if found else None

    async def _tell(self, key: tuple[str, str]) -> None:
        """Tell Redis what became of a session while it was away, if anything did."""
        if key in self._forgotten:
            self._forgotten.discard(key)
            try:
                await self._run(scripts.SESSION_FORGET, _identity(*key))
            except Away:
                self._forgotten.add(key)
                raise
        stray = self._strays.pop(key, None)
        if stray is None:
            return
        try:
            if await self._bring(*key, stray.limits) is None:
                await self._append(*key, stray)
        except Away:
            since = self._strays.get(key)
            stray.turns += since.turns if since is not None else []
            self._strays[key] = stray
            raise
        await self._local.forget(*key)

    async def _bring(self, scope: str, name: str, limits: SessionLimits) -> Session | None:
        """Tell Redis of a session that only this host knows; None if there is none, or Redis knows it."""
        here = await self._local.session(scope, name, limits)
        if here is None:
            return None
        fields = [_field(turn) for turn in here.turns]
        done, *found = await self._write(_identity(scope, name), limits, fields, only_new=True)
        session = _session(scope, name, found)
        await self._copy(session, limits)
        return session if done else None

    async def _append(self, scope: str, name: str, stray: _Stray) -> None:
        """Add to a session in Redis the turns that it has not."""
        identity, limits, turns = _identity(scope, name), stray.limits, stray.turns
        known = 0
        if stray.doubtful:
            found = await self._run(scripts.SESSION_READ, self._now_us(), identity, limits.ttl_us, _lifetime_ms(limits))
            there = list(_session(scope, name, found).turns) if found else []
            known = next(size for size in range(len(turns), -1, -1) if there[len(there) - size :] == turns[:size])
        if known < len(turns):
            _, *found = await self._write(identity, limits, [_field(turn) for turn in turns[known:]])
            await self._copy(_session(scope, name, found), limits)

    async def _go_on(self, scope: str, name: str, limits: SessionLimits) -> None:
        """Begin a session here with what was copied of it."""
        if (scope, name) in self._forgotten or await self._local.session(scope, name, limits) is not None:
            return
        copy = await self._local.session(_copy_scope(scope), name, limits)
        if copy is not None and copy.turns:
            await self._local.remember(scope, name, copy.turns, limits)

    async def _copy(self, session: Session, limits: SessionLimits) -> None:
        with suppress(StoreUnavailable):
            scope = _copy_scope(session.scope)
            await self._local.forget(scope, session.name)
            await self._local.remember(scope, session.name, session.turns, limits)

    async def _write(
        self, identity: bytes, limits: SessionLimits, fields: list[bytes], *, only_new: bool = False
    ) -> list[Any]:
        """Whether it was done, moment of its making, moment of its last use, turns."""
        reply = await self._run(
            scripts.SESSION_WRITE,
            self._now_us(),
            identity,
            limits.ttl_us,
            _lifetime_ms(limits),
            limits.max_sessions,
            limits.max_tokens,
            int(only_new),
            *fields,
        )
        found: list[Any] = reply[1:]
        return found


def _identity(scope: str, name: str) -> bytes:
    """The text by which sessions are ordered, then what tells `a/b` and `c` from `a` and `b/c`."""
    for what, text in (("scope", scope), ("name", name)):
        if not _NAME.match(text):
            raise ValueError(f"a session's {what} has 1 to 256 characters and no control characters")
    return f"{scope}/{name}\0{scope}".encode()


def _check(limits: SessionLimits) -> None:
    if (
        not 1
        <= min(limits.max_sessions, limits.ttl_us, limits.max_tokens)
        <= max(limits.max_sessions, limits.ttl_us, limits.max_tokens)
        <= LEVEL_MOST
    ):
        raise ValueError(f"every limit of sessions is 1 to {LEVEL_MOST}: {limits}")


def _copy_scope(scope: str) -> str:
    return COPY_SCOPE + hashlib.blake2b(scope.encode(), digest_size=16).hexdigest()


def _lifetime_ms(limits: SessionLimits) -> int:
    return limits.ttl_us // 1000 + MARGIN_MS


def _field(turn: Turn) -> bytes:
    if not 0 <= turn.tokens <= LEVEL_MOST:
        raise ValueError(f"a turn of {turn.tokens} tokens")
    return _TOKENS.pack(turn.tokens) + turn.body


def _session(scope: str, name: str, found: Sequence[Any]) -> Session:
    created_us, used_us, fields = found
    size = _TOKENS.size
    turns = tuple([Turn(field[size:], int(_TOKENS.unpack_from(field)[0])) for field in fields])
    return Session(scope, name, created_us, used_us, turns)


def _summary(identity: bytes, created_us: int, used_us: int, turns: int, tokens: int) -> SessionSummary:
    text, _, scope = identity.decode().partition("\0")
    return SessionSummary(scope, text[len(scope) + 1 :], created_us, used_us, turns, tokens)
