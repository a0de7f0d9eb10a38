"""A lane: one connection on which many calls are under way at the same time. Edge.

Calls are written in their order and answered in their order. Nobody who waits for an answer owns the connection, so a
caller that is cancelled leaves nothing behind. The first thing that goes wrong (an answer is late, the peer closes)
ends the lane: every call under way fails at once, `lost` is told once, and a new lane has to be made.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, RedisError, ResponseError

from simulator.state.redis.scripts import Script

GRACE_S = 0.005
"""A late answer may lie unread behind a busy loop of ours: this long after the deadline it is still looked for."""


class Lost(Exception):  # noqa: N818 - an event that is dealt with
    """The lane has ended; whether the call was executed is not known."""


Done: TypeAlias = Callable[[Any], None]
"""Told the reply, or a `Lost`, or the `ResponseError` that the server answered."""


class _Call:
    __slots__ = ("allowed_s", "arguments", "done", "due", "script")

    def __init__(
        self, arguments: tuple[Any, ...], script: Script | None, done: Done, due: float, allowed_s: float
    ) -> None:
        self.arguments = arguments
        self.script = script
        self.done = done
        self.due = due
        self.allowed_s = allowed_s


class Lane:
    """`timeout_s` is how long an answer may take; `lost` is told one line, inside the loop."""

    def __init__(self, connection: AbstractConnection, timeout_s: float, lost: Callable[[str], None]) -> None:
        self._connection = connection
        self._timeout_s = timeout_s
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._unsent: deque[_Call] = deque()
        self._unanswered: deque[_Call] = deque()
        self._wake = asyncio.Event()
        self._watch: asyncio.TimerHandle | None = None
        self._ended = ""
        self._tasks = [self._loop.create_task(self._write()), self._loop.create_task(self._read())]

    @property
    def ended(self) -> bool:
        """Nothing can be called any more."""
        return bool(self._ended)

    def send(
        self, arguments: tuple[Any, ...], done: Done, script: Script | None = None, patience_s: float = 0.0
    ) -> None:
        """Call a command and have `done` told the outcome, from the loop. With `script`, `arguments` are its own.

        The answer may take `patience_s` longer than others.
        """
        if self._ended:
            done(Lost(self._ended))
            return
        allowed_s = self._timeout_s + patience_s
        call = _Call(arguments, script, done, self._loop.time() + allowed_s, allowed_s)
        self._unsent.append(call)
        self._wake.set()
        if self._watch is not None and self._watch.when() > call.due + GRACE_S:
            self._watch.cancel()  # it waits for one that may take longer, and may have been answered
            self._watch = None
        if self._watch is None:
            self._watch = self._loop.call_at(call.due, self._look)

    async def run(self, script: Script, tag: bytes, *arguments: Any) -> Any:
        """The reply of a script with the one key. Raises `Lost` or `ResponseError`."""
        return await self.ask((tag, *arguments), script)

    async def call(self, *arguments: Any) -> Any:
        """The reply of a command. Raises `Lost` or `ResponseError`."""
        return await self.ask(arguments, None)

    async def ask(self, arguments: tuple[Any, ...], script: Script | None, patience_s: float = 0.0) -> Any:
        """The reply to what `send` takes. Raises `Lost` or `ResponseError`."""
        future: asyncio.Future[Any] = self._loop.create_future()

        def done(reply: Any) -> None:
            if not future.done():
                future.set_result(reply)

        self.send(arguments, done, script, patience_s)
        reply = await future
        if isinstance(reply, Exception):
            raise reply
        return reply

    async def close(self) -> None:
        """End the lane; whoever waits is told `Lost`, `lost` is not."""
        self.end("closed", tell=False)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def end(self, why: str, *, tell: bool = True) -> None:
        """Every call under way fails at once; `lost` is told first, if it is to be told."""
        if self._ended:
            return
        self._ended = why
        if self._watch is not None:
            self._watch.cancel()
        for task in self._tasks:
            task.cancel()
        if tell:
            self._lost(why)
        failed = [*self._unanswered, *self._unsent]
        self._unanswered.clear()
        self._unsent.clear()
        for call in failed:
            call.done(Lost(why))

    def _look(self) -> None:
        """The oldest call's answer is due."""
        oldest = self._unanswered or self._unsent
        if not oldest:
            self._watch = None
        elif oldest[0].due > self._loop.time():
            self._watch = self._loop.call_at(oldest[0].due, self._look)
        else:
            self._watch = self._loop.call_later(GRACE_S, self._give_up, oldest[0])

    def _give_up(self, call: _Call) -> None:
        oldest = self._unanswered or self._unsent
        if oldest and oldest[0] is call:
            self.end(f"no answer within {call.allowed_s * 1000:g} ms")
        else:
            self._look()

    async def _write(self) -> None:
        connection = self._connection
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._unsent:
                    call = self._unsent.popleft()
                    self._unanswered.append(call)
                    packed = connection.pack_command(*self._command(call))
                    await connection.send_packed_command(packed, check_health=False)
        except (RedisError, OSError) as error:
            self.end(f"{error}")
        finally:
            await connection.disconnect(nowait=True)

    @staticmethod
    def _command(call: _Call) -> tuple[Any, ...]:
        if call.script is None:
            return call.arguments
        return ("EVALSHA", call.script.sha, 1, *call.arguments)

    async def _read(self) -> None:
        connection = self._connection
        try:
            while True:
                try:
                    reply = await connection.read_response()
                except ResponseError as error:
                    reply = error
                call = self._unanswered.popleft()
                if isinstance(reply, NoScriptError) and call.script is not None:
                    # Not executed, so it may be sent again; EVAL also loads it for those who come after.
                    again = ("EVAL", call.script.source, 1, *call.arguments)
                    self._unsent.appendleft(_Call(again, None, call.done, call.due, call.allowed_s))
                    self._wake.set()
                    continue
                call.done(reply)
        except (RedisError, OSError) as error:
            self.end(f"{error}")
        except IndexError:
            self.end("an answer to no question")
        finally:
            self.end("nobody reads any more")
