"""Which endpoint serves which path, where several providers and several methods share one. Wiring.

Every provider's paths are also served below its own name (`/mistral/v1/chat/completions`), for clients of providers
whose paths are another's too; where such a path is taken, it stays what it is.
"""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from simulator.providers.base import Action, Endpoint, Problem, Provider, Refusal
from simulator.server import contract
from simulator.server.action import ActionEndpoint
from simulator.server.context import House, header_map
from simulator.server.endpoint import DataEndpoint
from simulator.server.models import ModelsEndpoint
from simulator.server.play import Receive, Send
from simulator.server.refusals import Teller, choose, worded


class Methods:
    """The ASGI application of a path that has several methods, or one that several providers answer."""

    def __init__(
        self, house: House, apps: Mapping[str, Sequence[tuple[Provider, Any]]], sharing: Sequence[Provider] = ()
    ) -> None:
        """`apps` has by method the providers that answer it, in the registry's order.

        `sharing` are those for which POST is answered by another's application.
        """
        self._house = house
        self._apps = apps
        self._only = {method: found[0][1] for method, found in apps.items() if len(found) == 1}
        self._sharing = sharing
        self._providers = list(dict.fromkeys([*sharing, *[one for found in apps.values() for one, _ in found]]))
        self._teller = Teller(house)

    def __call__(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        """Answer by the method and, where there are several, by whose client asks."""
        # No coroutine of its own: it would cost each request of these paths another one to be awaited.
        app = self._only.get(scope["method"])
        return self._chosen(scope, receive, send) if app is None else app(scope, receive, send)

    def _chosen(self, scope: Any, receive: Receive, send: Send) -> Awaitable[None]:
        method = "GET" if scope["method"] == "HEAD" else scope["method"]
        app = self._only.get(method)
        if app is None:
            found = self._apps.get(method)
            if found is None:
                return self._refuse(scope, receive, send)
            provider = choose([provider for provider, _ in found], header_map(scope))
            app = next(app for one, app in found if one is provider)
        answering: Awaitable[None] = app(scope, receive, send)
        return answering

    async def _refuse(self, scope: Any, receive: Receive, send: Send) -> None:
        provider = choose(self._providers, header_map(scope))
        live = self._house.live
        address = live.addresses.arrive()
        bits = live.engine.seeds.request_bits(address)
        allowed = [method for method, found in self._apps.items() if any(one is provider for one, _ in found)]
        allowed += ["HEAD"] if "GET" in allowed else []
        allowed += ["POST"] if provider in self._sharing and "POST" not in allowed else []
        refusal = Refusal(Problem.WRONG_METHOD, param=f"{scope['method']} {scope['path'][:200]}")
        reply = worded(provider, refusal, bits, ", ".join(allowed).encode())
        if live.contract is not None:
            reply = await contract.unserved(reply, live, scope, receive, provider, bits)
        await self._teller.send(scope, send, reply, address, provider.name, "unknown")


def provider_apps(house: House) -> dict[str, Any]:
    """The ASGI application of every path, or template of paths, of the providers."""
    providers = house.prepared.providers
    apps: dict[str, Any] = {}
    for path in dict.fromkeys(path for provider in providers for path in provider.models_paths):
        listing = ModelsEndpoint(house, path, [one for one in providers if path in one.models_paths])
        apps |= {path: listing, path + "/{id:path}": listing}
    for path, offers in _offers(providers).items():
        apps[path] = _app(house, offers)
    for provider in providers:
        own: dict[str, Any] = {}
        for path in provider.models_paths:
            listing = ModelsEndpoint(house, f"/{provider.name}{path}", [provider])
            own |= {path: listing, path + "/{id:path}": listing}
        own |= {path: _app(house, offers) for path, offers in _offers([provider]).items()}
        for path, app in own.items():
            apps.setdefault(f"/{provider.name}{path}", app)
    return apps


class _Offers:
    """All that is served at one path."""

    def __init__(self) -> None:
        self.planned: list[tuple[Provider, Endpoint]] = []
        self.actions: list[tuple[Provider, Action]] = []


def _offers(providers: Sequence[Provider]) -> dict[str, _Offers]:
    offers: dict[str, _Offers] = {}
    for provider in providers:
        for endpoint in provider.endpoints:
            offers.setdefault(endpoint.path, _Offers()).planned.append((provider, endpoint))
        for action in provider.actions:
            offers.setdefault(action.path, _Offers()).actions.append((provider, action))
    return offers


def _app(house: House, offers: _Offers) -> Any:
    planned = [DataEndpoint(house, provider, endpoint) for provider, endpoint in offers.planned]
    if planned:
        planned[0].share(planned[1:])
        if not offers.actions:
            return planned[0]
    apps: dict[str, list[tuple[Provider, Any]]] = {}
    for provider, action in offers.actions:
        apps.setdefault(action.method, []).append((provider, ActionEndpoint(house, provider, action)))
    if planned:
        apps.setdefault("POST", []).insert(0, (planned[0].provider, planned[0]))
    return Methods(house, apps, [one.provider for one in planned])
