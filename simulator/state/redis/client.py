"""From a target to a connection with the server that holds the keys. Edge: redis-py's connections, nothing above.

A sentinel is asked for the master of its service, a cluster for the owner of a key's slot; both anew for each
connection, since the answer is only needed after a failure. A connection speaks RESP2 and has no timeouts of its own:
who uses it watches the clock. Made after the fork.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from redis.asyncio.connection import AbstractConnection, Connection, parse_url
from redis.crc import key_slot
from redis.exceptions import RedisError

from simulator.state.redis.url import Target


class Unreachable(Exception):  # noqa: N818 - an event that is dealt with
    """There is no connection; the message is one line without secrets."""


class Dialer:
    """Makes connections. Raises ValueError for options that do not fit, without telling their values.

    `connect_s` bounds each connection with its handshake, and each question on the way.
    """

    def __init__(self, target: Target, connect_s: float) -> None:
        self._target = target
        self._connect_s = connect_s
        try:
            options: dict[str, Any] = dict(parse_url(target.plain))
        except ValueError as error:
            raise ValueError(f"state.url: {target.redact(str(error))}") from None
        self._make: type[AbstractConnection] = options.pop("connection_class", Connection)
        common = {"protocol": 2, "socket_timeout": None, "socket_connect_timeout": connect_s}
        self._options = options | common
        self._sentinel_options = {name: value for name, value in options.items() if name.startswith("ssl_")} | common
        if target.sentinel_password is not None:
            self._sentinel_options["username"] = target.sentinel_username
            self._sentinel_options["password"] = target.sentinel_password
        try:
            self._make(**self._options)  # opens nothing
        except (TypeError, ValueError, RedisError):
            raise ValueError("state.url has an option that its scheme does not take: TLS needs rediss://") from None

    async def dial(self, key: bytes) -> AbstractConnection:
        """A connection that is open, logged in, and with the server which holds `key`. Raises `Unreachable`."""
        async with self._told():
            if self._target.kind == "sentinel":
                host, port = await self._ask(self._sentinel_options, self._master)
            elif self._target.kind == "cluster":
                host, port = await self._ask(self._options, self._owner, key)
            else:
                return await self._connected(self._options)
            return await self._connected(self._options | {"host": host, "port": port})

    @asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        try:
            yield
        except TimeoutError:
            raise Unreachable("no connection in time") from None
        except (RedisError, OSError, ValueError) as error:
            raise Unreachable(self._target.redact(f"{error}".strip() or type(error).__name__)) from None

    async def _connected(self, options: dict[str, Any]) -> AbstractConnection:
        connection = self._make(**options)
        try:
            async with asyncio.timeout(self._connect_s):
                await connection.connect()  # type: ignore[no-untyped-call]  # redis-py has not annotated it
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _ask(self, options: dict[str, Any], question: Any, *given: Any) -> tuple[str, int]:
        """The first answer among the nodes."""
        fault: Exception = Unreachable("no node answered")
        for host, port in self._target.nodes:
            try:
                connection = await self._connected(options | {"host": host, "port": port})
            except (RedisError, OSError) as error:
                fault = error
                continue
            try:
                async with asyncio.timeout(self._connect_s):
                    found: tuple[str, int] = await question(connection, host, *given)
                    return found
            except (RedisError, OSError) as error:
                fault = error
            finally:
                await connection.disconnect(nowait=True)
        raise fault

    async def _master(self, connection: AbstractConnection, _: str) -> tuple[str, int]:
        await connection.send_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._target.service)
        reply: Any = await connection.read_response()
        if not reply:
            raise RedisError(f"the sentinel knows no service {self._target.service!r}")
        return reply[0].decode(), int(reply[1])

    async def _owner(self, connection: AbstractConnection, host: str, key: bytes) -> tuple[str, int]:
        await connection.send_command("CLUSTER", "SLOTS")
        reply: Any = await connection.read_response()
        slot = key_slot(key)
        for first, last, master, *_ in reply:
            if first <= slot <= last:
                # A node that does not know its own name tells none: it is the one that was asked.
                return (master[0] or b"").decode() or host, int(master[1])
        raise RedisError(f"nobody holds slot {slot} of the cluster")
