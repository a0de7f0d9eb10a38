"""A scenario on a clock of its own: what requests meet at a moment, without a server."""

from simulator.config.library import activated, find
from simulator.config.load import load
from simulator.engine.circumstances import Candidate, Circumstances
from simulator.engine.plan import Address, Fault
from simulator.engine.request import Message, Operation, Request
from simulator.rules.matching import Facts
from simulator.server.app import preload
from simulator.server.control.document import EMPTY
from simulator.server.control.document import activated as switched_on
from simulator.server.control.keeper import Keeper
from simulator.state.board import Board
from simulator.state.slot import Slot
from simulator.state.store import Control

STARTED = 1_000_000.0
MODELS = {"openai": "gpt-4o", "anthropic": "claude-sonnet-4-5"}
LOADED = load(environ={})
PREPARED = preload(LOADED)


class Stage:
    """One worker's view of one scenario."""

    def __init__(self, name, **parameters):
        found = find(LOADED.config, name, "test")
        self.activation = activated(found, parameters, started=STARTED, source="test")
        self.keeper = Keeper(PREPARED, Slot(0, 0, Board(1)), Control)
        self.keeper.rehearse(LOADED, switched_on(EMPTY, self.activation), STARTED)
        self.keeper.agenda = type(self.keeper.agenda)(switched_on(EMPTY, self.activation), ())
        self._present = self.keeper.build(LOADED, self.keeper.agenda.at(0))

    def live(self, seconds):
        """What holds so long after the scenario began."""
        self._present = self.keeper.live(self._present, 0, STARTED + seconds)
        assert self.keeper.problem is None
        return self._present

    def plans(self, seconds, count=1, provider="openai", key=b"sk-a", headers=None, number=0):
        """The plans of so many requests at that moment, a shard's one after the other, each counted from `number`."""
        live = self.live(seconds)
        request = Request(
            operation=Operation.CHAT, provider=provider, model=MODELS[provider], messages=(Message("user", "Hello"),)
        )
        facts = Facts(request, headers or {}, key, provider, "chat_completions")
        found = [] if live.failures is None else live.failures.applicable(facts)
        plans = []
        for sequence in range(count):
            candidates = [
                Candidate(
                    one,
                    STARTED + seconds - live.since.get(one.name, live.began),
                    number + sequence + 1 if one.counted else 0,
                )
                for one in found
            ]
            address = Address(live.engine.seeds.seed, 0, 0, sequence)
            plans.append(live.engine.plan(request, address, circumstances=Circumstances(candidates)))
        return plans

    def kinds(self, *args, **kwargs):
        """What each of these requests meets: the kind of its error, or of what disturbs it first, or nothing."""
        return [
            plan.outcome.kind.value
            if isinstance(plan.outcome, Fault)
            else plan.disturbances[0].kind.value
            if plan.disturbances
            else ""
            for plan in self.plans(*args, **kwargs)
        ]

    def share(self, kind, *args, count=600, **kwargs):
        """The share of requests that meet something."""
        return self.kinds(*args, count=count, **kwargs).count(kind) / count
