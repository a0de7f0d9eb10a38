"""The part of the store's contract that sessions and stored objects need, in memory; one that is away; their users."""

import json

from asgi_client import ask

from simulator.config.load import load
from simulator.server.app import create_app, preload
from simulator.state.board import Board
from simulator.state.slot import Slot
from simulator.state.store import Session, SessionSummary, StoreHealth, StoreUnavailable, TooLarge

SESSION = ((b"x-session-id", b"talk"),)


class Remembering:
    """One fleet's memory; give it to several applications and they are its workers."""

    def __init__(self):
        self.now = 1_790_000_000_000_000
        self.kept = {}
        self.shelves = {}
        self.prompts = {}

    def health(self):
        return StoreHealth("memory")

    async def session(self, scope, name, limits):
        found = self._live(limits).get((scope, name))
        if found is None:
            return None
        return self._keep(found.turns, scope, name, found.created_us)

    async def remember(self, scope, name, turns, limits):
        before = self._live(limits).get((scope, name))
        turns = (*(before.turns if before else ()), *turns)
        while len(turns) > 1 and sum(turn.tokens for turn in turns) > limits.max_tokens:
            turns = turns[1:]
        return self._keep(turns, scope, name, before.created_us if before else self.now)

    async def sessions(self, limits, *, after="", most=100):
        live = sorted(self._live(limits).values(), key=lambda each: f"{each.scope}/{each.name}")
        found = [each for each in live if f"{each.scope}/{each.name}" > after][:most]
        return [
            SessionSummary(each.scope, each.name, each.created_us, each.used_us, len(each.turns), each.tokens)
            for each in found
        ]

    async def forget(self, scope, name):
        return self.kept.pop((scope, name), None) is not None

    async def session_count(self, limits):
        return len(self._live(limits))

    async def object(self, scope, kind, name):
        return self._shelf(scope, kind).get(name)

    async def put(self, scope, kind, name, body, ttl_us, limits):
        if len(body) > limits.max_bytes:
            raise TooLarge(len(body), limits.max_bytes, "all together may have")
        self._shelf(scope, kind)
        self.shelves[scope, kind].setdefault(name, None)
        self.shelves[scope, kind][name] = body, self.now + ttl_us

    async def swap(self, scope, kind, name, old, new):
        there = self._shelf(scope, kind).get(name) == old
        if there:
            self.shelves[scope, kind][name] = new, self.shelves[scope, kind][name][1]
        return there

    async def drop(self, scope, kind, name):
        self._shelf(scope, kind)
        return self.shelves[scope, kind].pop(name, None) is not None

    async def objects(self, scope, kind, *, after="", most=100, oldest_first=False):
        found = list(self._shelf(scope, kind).items())[:: 1 if oldest_first else -1]
        names = [name for name, _ in found]
        if after:
            found = found[names.index(after) + 1 :] if after in names else []
        return found[: max(most, 0)]

    async def recall(self, prefixes, ttl_us):
        flags = [self.prompts.get(name, 0) > self.now for name in prefixes]
        for name in prefixes:
            self.prompts[name] = max(self.prompts.get(name, 0), self.now + ttl_us)
        return [*flags, False].index(False)

    def _shelf(self, scope, kind):
        """What has not expired, by name, in the order of the first `put`."""
        shelf = self.shelves.setdefault((scope, kind), {})
        for name in [name for name, (_, until_us) in shelf.items() if until_us <= self.now]:
            del shelf[name]
        return {name: body for name, (body, _) in shelf.items()}

    def _live(self, limits):
        return {key: each for key, each in self.kept.items() if self.now - each.used_us < limits.ttl_us}

    def _keep(self, turns, scope, name, created):
        session = self.kept[scope, name] = Session(scope, name, created, self.now, turns)
        return session


class Away:
    """A store that cannot do anything."""

    def health(self):
        return StoreHealth("memory", "degraded", "away")

    async def _fail(self, *_, **__):
        raise StoreUnavailable("it is away")

    session = remember = sessions = forget = session_count = _fail
    object = put = swap = drop = objects = recall = _fail


def fleet(store, workers=2, **flags):
    """Several workers of one fleet, with one store."""
    given = {"simulation.latency": "none", **{key.replace("__", "."): value for key, value in flags.items()}}
    prepared = preload(load(None, environ={}, flags=given))
    board = Board(workers)
    apps = [create_app(prepared, Slot(ordinal, 0, board)) for ordinal in range(workers)]
    for app in apps:
        app._house.store = store
    return apps


def chat(app, *messages, headers=SESSION, **fields):
    body = {"model": "gpt-4o", "messages": [{"role": role, "content": text} for role, text in messages], **fields}
    return ask(app, "POST", "/v1/chat/completions", body, headers)


def said(response):
    """The text of an OpenAI answer, streamed or not."""
    assert response.status == 200, response.body
    if response.headers["content-type"].startswith("application/json"):
        return response.json()["choices"][0]["message"]["content"]
    events = [json.loads(line[6:]) for line in response.body.decode().splitlines() if line.startswith("data: {")]
    return "".join([event["choices"][0]["delta"].get("content", "") for event in events if event["choices"]])
