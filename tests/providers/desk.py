"""A desk in memory, for tests of actions and of endpoints that keep objects: no server, no store."""

import asyncio
import functools
from hashlib import blake2b

import msgspec

from simulator.config.load import load
from simulator.engine.engine import Engine
from simulator.engine.errors import EngineRefusal
from simulator.engine.plan import Address
from simulator.providers.base import NO_TARGET, Asked, ModelEntry, Problem, Refusal, Target
from simulator.server.engine_refusals import refused
from simulator.server.live import entries


@functools.cache
def engine():
    """The engine of the shipped configuration, without latency."""
    loaded = load(None)
    simulation = msgspec.structs.replace(loaded.config.simulation, latency="none")
    config = msgspec.structs.replace(loaded.config, simulation=simulation)
    return Engine(config, loaded.catalogue)


class MemoryShelf:
    """`Shelf`; nothing expires but by `forget_expired`, which goes by the desk's clock."""

    def __init__(self, desk):
        self._desk = desk
        self._kinds = {}
        self._until = {}

    async def get(self, kind, name):
        self._forget_expired()
        return self._kinds.get(kind, {}).get(name)

    async def put(self, kind, name, body, ttl_secs=None):
        assert 0 < len(kind) <= 150, kind
        assert kind.isascii(), kind
        assert 0 < len(name) <= 150, name
        assert name.isascii(), name
        assert isinstance(body, bytes)
        self._kinds.setdefault(kind, {})[name] = body
        self._until[kind, name] = self._desk.now + (86_400 if ttl_secs is None else ttl_secs)

    async def swap(self, kind, name, old, new):
        if self._kinds.get(kind, {}).get(name) != old:
            return False
        self._kinds[kind][name] = new
        return True

    async def drop(self, kind, name):
        return self._kinds.get(kind, {}).pop(name, None) is not None

    async def page(self, kind, *, after="", most=100, oldest_first=False):
        self._forget_expired()
        found = list(self._kinds.get(kind, {}).items())
        if not oldest_first:
            found.reverse()
        if after:
            names = [name for name, _ in found]
            found = found[names.index(after) + 1 :] if after in names else []
        return found[:most]

    def _forget_expired(self):
        for (kind, name), until in list(self._until.items()):
            if self._desk.now >= until:
                self._kinds.get(kind, {}).pop(name, None)
                del self._until[kind, name]


class MemoryDesk:
    """`Desk` of one provider. A test may set `now`; each request has `request_bits` of its own."""

    def __init__(self, provider, now=1_800_000_000.0, batch_rate=20.0):
        self.provider = provider
        self.now = now
        self.batch_rate = batch_rate
        self.shelf = MemoryShelf(self)
        self.models: list[ModelEntry] = entries(engine()).get(provider.name, [])
        self.requests = 0

    @property
    def request_bits(self):
        return blake2b(b"request %d" % self.requests, digest_size=16).digest()

    def run(self, path, body, ordinal=0, headers=None):
        bits = blake2b(self.request_bits + b"%d" % ordinal, digest_size=16).digest()
        endpoint = next((one for one in self.provider.endpoints if one.path == path), None)
        if endpoint is None:
            return self.provider.refuse(Refusal(Problem.UNKNOWN_PATH, param=f"POST {path}"), bits)
        try:
            call = endpoint.decode(body, headers or {}, NO_TARGET)
            plan = self.plan(call)
        except Refusal as refusal:
            return self.provider.refuse(refusal, bits)
        return endpoint.reply(call, plan)

    def plan(self, call):
        """The plan of a call that arrives at this moment. Raises `Refusal`."""
        address = Address(42, 0, 0, self.requests)
        try:
            return engine().plan(call.request, address, int(self.now))
        except EngineRefusal as refusal:
            raise refused(refusal, [entry.id for entry in self.models]) from None

    def ask(self, method, path, body=b"", *, headers=None, parameters=None, query=None):
        """What the provider answers at the path (a template) of an action or of a planned endpoint, as a `Reply`."""
        self.requests += 1
        target = Target(parameters or {}, query or {})
        try:
            return asyncio.run(self._answer(method, path, body, headers or {}, target))
        except Refusal as refusal:
            return self.provider.refuse(refusal, self.request_bits)

    async def _answer(self, method, path, body, headers, target):
        for action in self.provider.actions:
            if (action.method, action.path) == (method, path):
                return await action.answer(Asked(method, body, headers, target), self)
        endpoint = next(one for one in self.provider.endpoints if one.path == path)
        call = endpoint.decode(body, headers, target)
        if call.kept:
            call = await endpoint.recall(call, self)
        plan = self.plan(call)
        if call.kept:
            await endpoint.remember(call, plan, self)
        return endpoint.reply(call, plan)
