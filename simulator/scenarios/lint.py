"""What is odd about a scenario that can be played: warnings, each with the place where it is written. Pure.

A scenario is looked at with its default parameters, each phase laid over the configuration by itself.
"""

import fnmatch
import itertools
from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args

import msgspec

from simulator.config.expand import Part, names, parts
from simulator.config.failures import Failure, Problem
from simulator.config.faults import Fault, did_you_mean, excerpt
from simulator.config.resolve import is_pattern
from simulator.config.runtime import SCENARIO, overlay
from simulator.config.schema import Config
from simulator.config.tree import Keys, dotted, nearest_place
from simulator.scenarios.chances import seconds
from simulator.scenarios.sources import Written

ANSWERS = frozenset((*get_args(Problem), "timeout"))
"""Kinds of which a request meets only one."""


class Known(msgspec.Struct, frozen=True):
    """What patterns may match: the names of all models, other names among them, and of the providers."""

    models: Collection[str]
    providers: Collection[str]


class _Phase(msgspec.Struct, frozen=True):
    """A phase that is looked at: what it sets, and the configuration at its beginning and its end."""

    path: Keys
    part: Part
    configs: tuple[Config, ...]
    last: bool

    def failures(self) -> Iterator[tuple[str, Failure, Mapping[str, Any]]]:
        """The failures that it brings: name, settings as they hold, settings as they are written."""
        own = self.part.set.get("faults")
        for name, written in (own if isinstance(own, Mapping) else {}).items():
            failure = self.configs[0].faults.get(name)
            if failure is not None and isinstance(written, Mapping):
                yield name, failure, written


def warnings(written: Written, known: Known) -> list[Fault]:
    """What is odd, in the order of the phases. Raises `ConfigError` for a phase that cannot be played."""
    scenario, loaded = written.scenario, written.loaded
    source = SCENARIO + written.name
    phases = []
    for place, part in enumerate(parts(scenario, scenario.parameters)):
        steps = (0,) if part.steps == 1 else (0, part.steps - 1)
        configs = tuple([overlay(loaded, [(source, part.layer(step))]).config for step in steps])
        phases.append(_Phase(("phases", f"[{place}]"), part, configs, place + 1 == len(scenario.phases)))
    found = [*_unused(written)]
    for phase in phases:
        found += _idle(phase, loaded.config, endless=bool(scenario.repeat))
        found += itertools.chain(_crowded(phase), _too_long(phase), _remembered(phase), _unmatched(phase, known))
    return [_fault(written, *one) for one in found]


Odd = tuple[Keys, str, str]
"""The path within the scenario, what is odd, and what to do."""


def _fault(written: Written, path: Keys, found: str, hint: str) -> Fault:
    return Fault(
        nearest_place(written.node, path), dotted(("scenarios", written.name, *path)), found, hint=hint
    )  # fmt: skip


def _unused(written: Written) -> Iterator[Odd]:
    """Parameters that nothing takes."""
    taken = {
        name
        for phase in written.scenario.phases
        for value in (phase.set, phase.to, phase.duration_secs)
        for name, _ in names(value)
    }
    for name in written.scenario.parameters:
        if name not in taken:
            yield ("parameters", name), "the parameter is not used", f"write ${{{name}}} where it is to stand"


def _idle(phase: _Phase, base: Config, *, endless: bool) -> Iterator[Odd]:
    """A phase that does nothing. One before others, or before the next round, is a pause."""
    if not phase.part.set:
        if phase.last and not endless:
            yield phase.path, "the phase sets nothing and nothing comes after it", "leave it out"
    elif all(config == base for config in phase.configs):
        yield (*phase.path, "set"), "what the phase sets holds without it", ""


def _crowded(phase: _Phase) -> Iterator[Odd]:
    """Errors whose probabilities are more than there are requests: the last ones are seen less often than they say."""
    found: dict[str, float] = {}
    for config in phase.configs:
        errors = config.errors
        common = 0.0
        if errors.enabled:
            kinds = [field.name for field in msgspec.structs.fields(errors) if field.name != "enabled"]
            common = sum([getattr(errors, kind).probability for kind in kinds])
        groups = {"": common}
        for failure in config.faults.values():
            always = not (failure.burst or failure.window or failure.first or failure.strategy)
            if failure.enabled and failure.kind in ANSWERS and always:
                ramp = failure.ramp
                most = failure.probability / failure.every * (1.0 if ramp is None else max(ramp.begin, ramp.end))
                when = msgspec.json.encode(failure.when).decode()
                groups[when] = groups.get(when, common) + most
        found |= {when: max(total, found.get(when, 0.0)) for when, total in groups.items()}
    most = max(found.values())
    if most > 1 + 1e-9:
        hint = "a request meets one error: the later ones are seen less often than they say"
        yield (*phase.path, "set"), f"the probabilities of errors add up to {most:.4g}", hint


def _too_long(phase: _Phase) -> Iterator[Odd]:
    """Ramps and windows that the phase's end cuts off, and windows that never open."""
    lasts = phase.part.seconds
    if lasts is None:
        return
    hint = f"the phase lasts {seconds(lasts)}"
    for name, failure, _ in phase.failures():
        path = (*phase.path, "set", "faults", name)
        ramp, window = failure.ramp, failure.window
        if ramp is not None and ramp.over_secs > lasts:
            yield (*path, "ramp", "over_secs"), f"the ramp takes {seconds(ramp.over_secs)}", hint
        if window is None:
            continue
        if window.after_secs >= lasts:
            yield (*path, "window", "after_secs"), f"the window opens after {seconds(window.after_secs)}", hint
        elif window.for_secs is not None and window.after_secs + window.for_secs > lasts:
            closes = seconds(window.after_secs + window.for_secs)
            yield (*path, "window", "for_secs"), f"the window closes after {closes}", hint


def _remembered(phase: _Phase) -> Iterator[Odd]:
    """Counts that are kept for longer, or forgotten sooner, than the phase needs."""
    lasts = phase.part.seconds
    for name, failure, written in phase.failures():
        if failure.first is None:
            continue
        path = (*phase.path, "set", "faults", name)
        if "forget_secs" not in written:
            hint = "give forget_secs, at least as long as the phase"
            yield (*path, "first"), "the requests are counted for a day, then the first ones fail anew", hint
        elif lasts is not None and 0 < failure.forget_secs < lasts:
            found = f"after {seconds(failure.forget_secs)} the first ones fail anew"
            yield (*path, "forget_secs"), found, f"the phase lasts {seconds(lasts)}"


def _unmatched(phase: _Phase, known: Known) -> Iterator[Odd]:
    """Names and patterns of models and providers that nothing has."""
    config = phase.configs[0]
    any_model = config.models.allow_unknown or config.compat.contract
    for name, failure, _ in phase.failures():
        path = (*phase.path, "set", "faults", name, "when")
        model, provider = failure.when.model, failure.when.provider
        if model is not None and not any_model and not fnmatch.filter(known.models, model):
            yield (*path, "model"), f"{excerpt(model)} matches no model", did_you_mean(model, known.models)
        if provider is not None and provider not in known.providers:
            hint = did_you_mean(provider, known.providers) or f"there are: {', '.join(sorted(known.providers))}"
            yield (*path, "provider"), f"there is no provider {excerpt(provider)}", hint
    own = phase.part.set.get("providers")
    for pattern in own if isinstance(own, Mapping) else ():
        path = (*phase.path, "set", "providers", pattern)
        if is_pattern(pattern):
            if not any_model and not fnmatch.filter(known.models, pattern):
                yield path, f"{excerpt(pattern)} matches no model", did_you_mean(pattern, known.models)
        elif pattern not in known.models:
            hint = did_you_mean(pattern, known.models)
            yield path, f"there is no model {excerpt(pattern)}; the phase brings one", hint
