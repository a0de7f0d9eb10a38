"""Who may use the admin plane: whoever has the key; with no key configured, only this machine.

Edge of the configuration's `admin` section. A key is compared in constant time, as bytes, and never told.
"""

import hmac
import ipaddress
from typing import Any

import orjson

from simulator.config.schema import Admin
from simulator.server.context import header_map
from simulator.server.play import Receive, Send
from simulator.server.respond import respond


class Guard:
    """An ASGI application in front of another that only admits operators."""

    def __init__(self, app: Any, settings: Admin) -> None:
        self._app = app
        self._key = settings.api_key.encode() if settings.api_key else None
        self._networks = [ipaddress.ip_network(each, strict=False) for each in settings.allowed_ips]
        self._enabled = settings.enabled

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        if not self._enabled:
            await self._refuse(send, 404, "the admin plane is switched off (admin.enabled)")
        elif not self._address_allowed(scope):
            await self._refuse(send, 403, "this address may not use the admin plane (admin.allowed_ips)")
        elif self._key is not None and not self._key_matches(scope):
            await self._refuse(send, 401, "an admin key is required: Authorization: Bearer … or x-admin-key")
        else:
            await self._app(scope, receive, send)

    def _address_allowed(self, scope: Any) -> bool:
        client = scope.get("client")
        try:
            address = ipaddress.ip_address(client[0]) if client else None
        except ValueError:
            address = None
        if address is not None and getattr(address, "ipv4_mapped", None):
            address = address.ipv4_mapped  # type: ignore[union-attr]  # only IPv6Address has it
        if self._networks:
            return address is not None and any(address in network for network in self._networks)
        if self._key is not None:
            return True
        return address is not None and address.is_loopback

    def _key_matches(self, scope: Any) -> bool:
        headers = header_map(scope)
        given = headers.get(b"x-admin-key", b"")
        if not given:
            scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
            given = token.strip() if scheme.lower() == b"bearer" else b""
        return hmac.compare_digest(given, self._key or b"")

    async def _refuse(self, send: Send, status: int, message: str) -> None:
        extra = ((b"www-authenticate", b"Bearer"),) if status == 401 else ()
        await respond(send, status, orjson.dumps({"error": message}) + b"\n", extra=extra)
