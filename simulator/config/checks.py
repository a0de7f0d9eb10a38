"""What the types alone cannot say: values that contradict each other, and keys that wait for a later version.

Pure: values and the tree they came from in, contradictions and warnings out.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from simulator.config.breaker import CHECKS as BREAKER_CHECKS
from simulator.config.catalogue import ModelCard, pace
from simulator.config.convert import Check, Contradiction
from simulator.config.expand import PARAMETER, names, plain_fault, seconds_of
from simulator.config.failure_checks import CHECKS as FAILURE_CHECKS
from simulator.config.failure_checks import failure_names
from simulator.config.faults import did_you_mean, excerpt, listed
from simulator.config.latency import Latency
from simulator.config.limits import Limits
from simulator.config.load_model import CHECKS as LOAD_CHECKS
from simulator.config.resolve import is_pattern
from simulator.config.rule_checks import response, rule, rule_answer, text_match
from simulator.config.rules import Rule, RuleAnswer, TextMatch
from simulator.config.scenario_checks import CHECKS as SCENARIO_CHECKS
from simulator.config.scenarios import Phase, Scenario
from simulator.config.schema import Admin, Config, Length, Response
from simulator.config.tiers import known_tier
from simulator.config.tree import Branch, Keys, Node, dotted, find

WELL_KNOWN_KEYS = frozenset(
    ("", "admin", "administrator", "api-key", "apikey", "changeit", "changeme", "change-me", "default", "demo")
) | frozenset(("example", "key", "letmein", "llm-sim", "llm-simulator", "password", "root", "secret", "test", "token"))
"""Keys that stand in examples everywhere; a plane that is guarded by one is open."""

SCENARIO_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
"""What stands in a path without escapes. A dash and an underscore count as the same."""

NOT_ACTED_ON: tuple[tuple[Keys, str], ...] = (
    (("telemetry", "tracing"), "no span is sent"),
    (("telemetry", "metrics", "prometheus_port"), "/metrics is served on the main port alone"),
)
"""Keys that load, as the format is settled, and that this version does nothing with: path, and what happens
instead. A key leaves this table when something reads it."""


def checks(catalogue: Mapping[str, ModelCard]) -> dict[type, Check]:
    """What the walker is to check beyond types, by the struct that holds the values."""
    return {
        Latency: pace,
        Length: _length,
        Limits: known_tier,
        Admin: _admin,
        Scenario: scenario,
        TextMatch: text_match,
        RuleAnswer: rule_answer,
        Rule: rule,
        Response: response,
        **FAILURE_CHECKS,
        **SCENARIO_CHECKS,
        **LOAD_CHECKS,
        **BREAKER_CHECKS,
        Config: lambda values: (
            *_version(values),
            *_ports(values),
            *_aliases(values, catalogue),
            *_scenario_names(values),
            *failure_names(values),
        ),
    }


def waiting(config: Config, tree: Branch) -> Iterator[str]:
    """A line for each key or section that is asked for and that this version does not act on."""
    for path, instead in NOT_ACTED_ON:
        value: object = config
        for key in path:
            value = getattr(value, key)
        asked = value is not None and getattr(value, "enabled", True)
        written = find(tree, path)
        if asked and written is not None and (at := _first_given(written)) is not None:
            yield f"{at}: {dotted(path)} is accepted, but this version does not act on it: {instead}"


def _first_given(node: Node) -> str | None:
    """The place of the first value that a user wrote, or None if all of them are defaults."""
    if isinstance(node, Branch):
        return next((at for child in node.entries.values() if (at := _first_given(child)) is not None), None)
    return None if node.at.source == "default" else str(node.at)


def _version(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    if "version" in values and values["version"].split(".", 1)[0] != "1":
        yield Contradiction("version", "1 or 1.0")


def _ports(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    if "telemetry" in values and "server" in values:
        metrics = values["telemetry"].metrics
        if metrics.enabled and metrics.prometheus_port and metrics.prometheus_port == values["server"].port:
            yield Contradiction("telemetry.metrics.prometheus_port", "another port than server.port, or null")


def _admin(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    key = values.get("api_key")
    if key is not None and key.strip().lower() in WELL_KNOWN_KEYS:
        yield Contradiction("api_key", "a key of your own, or null", found="this key is a well-known default")
    addresses = values.get("allowed_ips", ())
    if not addresses:
        return
    import ipaddress  # noqa: PLC0415 - few configurations name addresses

    for i, text in enumerate(addresses):
        try:
            ipaddress.ip_network(text, strict=False)
        except ValueError:
            yield Contradiction(f"allowed_ips[{i}]", "an address or network, such as 10.0.0.0/8")


def _length(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    for low, high in (("min", "max"), ("p50", "p95")):
        if low in values and high in values and values[low] > values[high]:
            yield Contradiction(high, f"at least {low}, {values[low]}")


def _aliases(values: Mapping[str, Any], catalogue: Mapping[str, ModelCard]) -> Iterator[Contradiction]:
    if "models" not in values or not values["models"].aliases:
        return
    chosen = values["models"].aliases
    names = {*catalogue, *(key for key in values.get("providers", ()) if not is_pattern(key))}
    names.update(alias for card in catalogue.values() for alias in card.aliases)
    for alias, target in chosen.items():
        key = f'models.aliases."{alias}"'
        seen, last = {alias}, target
        while last in chosen and last not in seen:
            seen.add(last)
            last = chosen[last]
        if alias in catalogue:
            yield Contradiction(key, "a name that no model has", found="a model of the catalogue has this name")
        elif last in seen:
            yield Contradiction(key, "the name of a model", found="the alias leads back to itself")
        elif last not in names and "providers" in values and not values["models"].allow_unknown:
            some = listed(sorted(names)[:3])
            yield Contradiction(key, f"a model, such as {some}", hint=did_you_mean(last, names))


def scenario(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """The check of a `Scenario`: phases that can be played with the parameters that there are."""
    if "phases" not in values or "parameters" not in values:
        return
    parameters, phases = values["parameters"], values["phases"]
    yield from _parameters(parameters)
    if not phases:
        yield Contradiction("phases", "at least one phase", found="there is none")
    for place, phase in enumerate(phases):
        path = ("phases", f"[{place}]")
        yield from _unknown_names(phase, parameters, path)
        endless = phase.duration_secs is None and (place + 1 < len(phases) or values.get("repeat"))
        if endless:
            yield Contradiction(
                dotted((*path, "duration_secs")), "a duration, since a phase follows", found="it has no end"
            )
        try:
            seconds_of(phase.duration_secs, parameters)
        except ValueError as error:
            yield Contradiction(dotted((*path, "duration_secs")), str(error))
        except KeyError:
            pass  # told with the other unknown names
        fault = plain_fault(phase.set)
        if fault is not None:
            yield Contradiction(dotted((*path, "set", *fault[0])), "a finite number of 64 bits", found=fault[1])


def _parameters(parameters: Mapping[str, Any]) -> Iterator[Contradiction]:
    for name, default in parameters.items():
        key = dotted(("parameters", name))
        if not PARAMETER.fullmatch(name):
            yield Contradiction(key, "a name of letters, digits and _", found=f"the name is {excerpt(name)}")
        elif not isinstance(default, bool | int | float | str) or plain_fault(default) is not None:
            yield Contradiction(key, "a number, text, true or false")


def _unknown_names(phase: Phase, parameters: Mapping[str, Any], path: Keys) -> Iterator[Contradiction]:
    for field in ("duration_secs", "set", "to"):
        for name, inner in names(getattr(phase, field)):
            if name not in parameters:
                known = ", ".join(f"${{{each}}}" for each in parameters) or "no parameter, since there is none"
                hint = did_you_mean(name, parameters)
                yield Contradiction(
                    dotted((*path, field, *inner)), known, found=f"no parameter {excerpt(name)}", hint=hint
                )


def _scenario_names(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    seen: dict[str, str] = {}
    for name in values.get("scenarios", ()):
        key = dotted(("scenarios", name))
        same = seen.setdefault(name.replace("-", "_"), name)
        if not SCENARIO_NAME.fullmatch(name):
            allowed = "a name of letters, digits, - and _, 64 at most"
            yield Contradiction(key, allowed, found=f"the name is {excerpt(name)}")
        elif same != name:
            yield Contradiction(key, "another name", found=f"{excerpt(same)} is the same name")
