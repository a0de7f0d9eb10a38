"""Who may use the admin plane: whoever has a key; with no key configured, only this machine.

Edge of the configuration's `admin` section, as it holds at each request. A key is compared in constant time, as the
digest of its bytes, and never told. With no key a request must come from loopback itself: not through a proxy, which
would lend its own address to the world, and not from a browser that shows a page of another origin.
"""

import hmac
import ipaddress
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import orjson

from simulator.config.schema import Admin
from simulator.server.admin.keyfile import KeyFile, digest, fit
from simulator.server.context import House, header_map
from simulator.server.play import Receive, Send
from simulator.server.respond import respond

log = logging.getLogger("simulator.admin")
PLANE = "/admin"
"""Every path at or below this one is guarded."""
FORWARDED = (b"forwarded", b"x-forwarded-for", b"x-real-ip")
"""Headers that a proxy adds."""
FOREIGN = (b"cross-site", b"same-site")
"""Values of `Sec-Fetch-Site` that tell of a page of another origin."""
LOG_SECONDS = 1.0
"""A guess at the key is logged at most so often."""

Headers = Mapping[bytes, bytes]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Denial = tuple[int, str]
"""The status and the sentence of a refusal."""


class Guard:
    """An ASGI application in front of another that only admits operators."""

    def __init__(self, app: Any, house: House, gate: "Gate | None" = None) -> None:
        """`gate` is shared by the guards of one worker; without it the guard has its own."""
        self._app = app
        self._gate = gate or Gate(lambda: house.live.config.admin, house.clock)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Pass the request on, or refuse it."""
        denial = self._gate.denial(scope)
        if denial is None:
            await self._app(scope, receive, send)
            return
        status, message = denial
        extra = ((b"www-authenticate", b"Bearer"),) if status == 401 else ()
        await respond(send, status, orjson.dumps({"error": message}) + b"\n", extra=extra)


def guarded(house: House, applications: Mapping[str, Any]) -> dict[str, Any]:
    """The same applications by path, each of the admin plane behind a guard. No path of it can be left out."""
    gate = Gate(lambda: house.live.config.admin, house.clock)
    return {
        path: Guard(app, house, gate) if path == PLANE or path.startswith(PLANE + "/") else app
        for path, app in applications.items()
    }


class Gate:
    """Judges requests by the `admin` section that holds at the moment."""

    def __init__(self, settings: Callable[[], Admin], clock: Callable[[], float]) -> None:
        """`settings` gives the section; `clock` seconds that only grow."""
        self._settings = settings
        self._clock = clock
        self._rules = Rules(settings(), clock)
        self._logged = float("-inf")

    def denial(self, scope: Any) -> Denial | None:
        """Why a request is refused; None if it is not."""
        settings = self._settings()
        if settings is not self._rules.settings:
            self._rules = Rules(settings, self._clock)
        rules = self._rules
        if not settings.enabled:
            return 404, "the admin plane is switched off (admin.enabled)"
        address, headers = address_of(scope), header_map(scope)
        if rules.networks and (address is None or not any(address in network for network in rules.networks)):
            return 403, "this address may not use the admin plane (admin.allowed_ips)"
        if not rules.keyed:
            return not_local(address, headers)
        keys = rules.keys()
        if not keys:
            return 403, "no valid admin key is configured; the log says why"
        given = given_key(headers)
        if given and _among(digest(given), keys):
            return None
        if given:
            self._tell(address)
        return 401, "an admin key is required: Authorization: Bearer … or x-admin-key"

    def _tell(self, address: Address | None) -> None:
        now = self._clock()
        if now - self._logged >= LOG_SECONDS:
            self._logged = now
            log.warning("a wrong admin key was given from %s", address or "an unknown address")


class Rules:
    """One `admin` section, prepared. `keyed`: whether a key is configured, be it valid or not."""

    def __init__(self, settings: Admin, clock: Callable[[], float]) -> None:
        self.settings = settings
        self.networks = [ipaddress.ip_network(each, strict=False) for each in settings.allowed_ips]
        self.keyed = settings.api_key is not None or settings.api_key_file is not None
        key = (settings.api_key or "").strip().encode("utf-8", "surrogatepass")
        self._keys = (digest(key),) if fit(key) else ()
        self._file = KeyFile(Path(settings.api_key_file), clock) if settings.api_key_file is not None else None

    def keys(self) -> tuple[bytes, ...]:
        """The digests of the keys that are valid at the moment: both, while one takes the other's place."""
        kept = self._file.digest() if self._file is not None else None
        return self._keys if kept is None else (*self._keys, kept)


def address_of(scope: Any) -> Address | None:
    """The peer's address; None where it has none, as on a Unix socket."""
    client = scope.get("client")
    try:
        address = ipaddress.ip_address(client[0]) if client else None
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def given_key(headers: Headers) -> bytes:
    """The key that a request brings; empty if it brings none."""
    given = headers.get(b"x-admin-key", b"")
    if not given:
        scheme, _, token = headers.get(b"authorization", b"").partition(b" ")
        given = token if scheme.lower() == b"bearer" else b""
    return given.strip()


def not_local(address: Address | None, headers: Headers) -> Denial | None:
    """Why a request without a key is not this machine's own; None if it is."""
    if address is None or not address.is_loopback:
        return 403, "with no admin key configured, only this machine may use the admin plane (admin.api_key)"
    if any(name in headers for name in FORWARDED):
        return 403, "a request through a proxy needs an admin key (admin.api_key)"
    host = headers.get(b"host", b"").lower()
    _, sign, origin = headers.get(b"origin", b"").lower().partition(b"://")
    foreign = b"origin" in headers and (not sign or origin != host)
    if foreign or headers.get(b"sec-fetch-site", b"").lower() in FOREIGN or not names_this_machine(host):
        return 403, "a page of another origin needs an admin key (admin.api_key)"
    return None


def names_this_machine(host: bytes) -> bool:
    """Whether a `Host` is an address, `localhost` or absent.

    Any other name can be made to lead to loopback by whoever owns it, and its page would count as of this origin (DNS
    rebinding).
    """
    text = host.decode("latin-1")
    if text.startswith("["):
        name, _, port = text[1:].partition("]")
        if port and not port.startswith(":"):
            return False
    else:
        name = text.partition(":")[0]
        if not name or name == "localhost" or name.endswith(".localhost"):
            return True
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _among(given: bytes, keys: tuple[bytes, ...]) -> bool:
    """Whether one of the keys is given; looks at all of them, so that the time tells nothing."""
    found = False
    for key in keys:
        found |= hmac.compare_digest(given, key)
    return found
