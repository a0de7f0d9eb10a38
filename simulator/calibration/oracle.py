"""What the fleet plans for the requests that it is sent: the very moments, from each answer's own address. Pure.

The engine is the fleet's own, made from the same configuration; it is asked what `explain` would be asked.
"""

from collections.abc import Mapping, Sequence

import msgspec

from simulator.calibration.dialects import DIALECTS, QUESTIONS, Asking, Dialect
from simulator.calibration.laws import Pace, configured
from simulator.calibration.profiles import Profile
from simulator.config.catalogue import ModelCard
from simulator.config.schema import Config
from simulator.engine.circumstances import Circumstances
from simulator.engine.engine import Engine
from simulator.engine.plan import Address, Answer
from simulator.providers.base import Call, Provider
from simulator.providers.paths import Paths, target_of
from simulator.providers.registry import registry
from simulator.server.failing.told import read

SHARD = "x-llm-sim-shard"
SEQUENCE = "x-llm-sim-sequence"
SEED = "x-llm-sim-seed"
KEY = "x-llm-sim-key"
RETRY = "x-llm-sim-retry"
CIRCUMSTANCES = "x-llm-sim-circumstances"


class Subject(msgspec.Struct, frozen=True):
    """One profile and the request that it is measured with.

    `thoughts` tokens are drawn before the first of `tokens` tokens that are shown. `pace` is what was configured.
    """

    profile: Profile
    dialect: Dialect
    asking: Asking
    call: Call
    thoughts: int
    tokens: int
    pace: Pace


class Oracle:
    """Plans for any request of a configuration. Serves one thread."""

    def __init__(self, config: Config, catalogue: Mapping[str, ModelCard]) -> None:
        """Raises ValueError where the configuration names no seed."""
        self._engine = Engine(config, catalogue)
        simulation = config.simulation
        self._scale = 0.0 if simulation.latency == "none" else simulation.latency_scale
        self._providers: Mapping[str, Provider] = {one.name: one for one in registry()}
        self._seed = self._engine.seeds.seed

    def subject(self, profile: Profile, tokens: int) -> Subject:
        """The request to measure a profile with: of all questions the one whose answer is nearest to `tokens` tokens.

        Raises `Refusal` or `EngineRefusal` for a model that cannot be asked so.
        """
        dialect = DIALECTS[profile.dialect]
        endpoints = Paths({one.path: one for one in self._providers[profile.dialect].endpoints})
        found: list[Subject] = []
        for question in QUESTIONS:
            asking = dialect.asking(profile.model, question)
            path, _, query = asking.path.removeprefix(f"/{profile.dialect}").partition("?")
            place = endpoints.find(path) or endpoints.find(asking.path.partition("?")[0])
            assert place is not None, asking.path  # noqa: S101 - the table of dialects is ours
            headers = {name.encode(): value.encode() for name, value in asking.headers.items()}
            call = place[0].decode(asking.body, headers, target_of(place[1], query.encode()))
            plan = self._engine.plan(call.request, Address(self._seed, 0, 0, 0), faultless=True)
            outcome = plan.outcome
            assert isinstance(outcome, Answer)  # noqa: S101 - faultless, and a chat
            choice = outcome.choices[0]
            model = self._engine.models[call.request.model]
            asked = outcome.usage.input_tokens
            prefill = model.timeline.ttft(0.0, asked) - model.timeline.ttft(0.0, 0)
            latency = self._engine.effective[profile.name].latency
            pace = configured(latency, self._scale, prefill, len(choice.reasoning))
            shown = len(choice.pieces)
            found.append(Subject(profile, dialect, asking, call, len(choice.reasoning), shown, pace))
        return min(found, key=lambda one: abs(one.tokens - tokens))

    def moments(self, subject: Subject, told: Mapping[str, str]) -> Sequence[float] | None:
        """When each shown token of an answer with these headers was due, in seconds from its arrival.

        None where its headers do not tell its address.
        """
        try:
            pod, _, worker = told[SHARD].partition(".")
            key = told.get(KEY)
            retry = int(told.get(RETRY, "0")) if key is not None else 0
            address = Address(int(told[SEED]), int(pod), int(worker), int(told[SEQUENCE]), key, retry)
        except (KeyError, ValueError):
            return None
        if address.seed != self._seed:
            return None
        held = read(told[CIRCUMSTANCES].encode("latin-1")) if CIRCUMSTANCES in told else {}
        circumstances = Circumstances(load=int(held.get("load", 0)), age=held.get("age", 0.0))
        request = subject.call.request
        plan = self._engine.plan(request, address, faultless=True, circumstances=circumstances)
        due = plan.offsets[subject.thoughts :] if plan.offsets else [0.0] * subject.tokens
        return due if len(due) == subject.tokens else None
