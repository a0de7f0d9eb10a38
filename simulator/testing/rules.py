"""What a test says that requests are answered with, as rules of the simulator's configuration. Pure.

A test's rules hold for its own requests: those that bring its key, or its name in a header. Where it is the only test
that runs, they hold as well for requests that name no test at all, so that a key which the tested code has of its own
is no obstacle.
"""

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from typing import Any

from simulator.testing.environment import TEST_HEADER

Rule = dict[str, Any]
"""A rule as in the configuration."""
When = Mapping[str, Any]
KEY_PREFIX = "sk-llm-sim-"
"""What every test's key begins with."""
MOST_NAME = 64
BLOCKED: Sequence[Rule] = (
    {"name": "other-tests-key", "when": {"key": KEY_PREFIX + "*"}, "answers": [{}]},
    {"name": "other-tests-name", "when": {"headers": {TEST_HEADER: "*"}}, "answers": [{}]},
)
"""Requests of tests that have ended: the usual answer."""


def condition(when: "When | str | None") -> dict[str, Any]:
    """What a request must be: a mapping as under `when` of a rule, or a part of the last message."""
    if when is None:
        return {}
    return {"last_message": {"contains": when}} if isinstance(when, str) else dict(when)


class Script:
    """The answers to requests that fit one condition: `first`, one after the other, then `last` for ever."""

    def __init__(self, when: When, number: int) -> None:
        self.when = dict(when)
        self.number = number
        """The name that its requests are counted by."""
        self.first: list[dict[str, Any]] = []
        self.last: dict[str, Any] | None = None
        self.begun = 0
        """How many requests there were before it."""

    @property
    def length(self) -> int:
        """How many requests `first` answers."""
        return sum(answer["times"] for answer in self.first)


class Sayings:
    """All that one test says, in the order in which it holds."""

    def __init__(self, test: str) -> None:
        self.test = test
        self._scripts: list[Script] = []
        self._rules: list[Rule] = []
        self._numbers = 0

    def replace(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Other rules in the place of those that were given before; they hold before all that `say` says."""
        self._rules = [{**rule, "name": self._name(self._next(), str(rule.get("name", "")))} for rule in rules]

    def say(self, when: When, answer: Mapping[str, Any], times: int | None, seen: int) -> None:
        """Answer requests that fit `when`: so many of them, after those that were said before, or all from then on.

        `seen` is how many requests there have been. A number of times that is said after "all from then on" begins
        with the next request, and then it is again as it was.
        """
        for each in self._scripts:
            if each.first and not each.when and seen - each.begun >= each.length:
                each.first.clear()
        script = next((each for each in self._scripts if each.when == dict(when)), None)
        if script is None:
            script = Script(when, self._next())
            self._scripts.insert(0, script)
        if times is None:
            script.last = dict(answer)
            return
        if script.last is not None or not script.first:
            script.first.clear()
            script.number, script.begun = self._next(), seen
        script.first.append({**answer, "times": times})

    def saved(self) -> tuple[list[Script], list[Rule]]:
        """What is said at this moment, for `restore`."""
        return deepcopy(self._scripts), list(self._rules)

    def restore(self, saved: tuple[list[Script], list[Rule]]) -> None:
        """Say again what was said then."""
        self._scripts, self._rules = saved

    def clear(self) -> None:
        """Say nothing."""
        self._scripts.clear()
        self._rules.clear()

    @property
    def rules(self) -> list[Rule]:
        """The rules, for whoever's requests; the first that fits a request holds.

        What is said of all requests a number of times comes first for each of them. Else what names a condition goes
        before what names none, and the later before the earlier.
        """
        general = next((each for each in self._scripts if not each.when), None)
        found: list[Rule] = []
        for each in self._scripts:
            if each is general:
                continue
            if general is not None and general.first:
                last = each.last or general.last
                found.append(self._rule(general.number, each.when, [*general.first, *each.first], last))
            else:
                last = each.last or (general.last if general is not None else None)
                found.append(self._rule(each.number, each.when, each.first, last))
        if general is not None:
            found.append(self._rule(general.number, {}, general.first, general.last))
        return [*self._rules, *(rule for rule in found if rule["answers"])]

    def _rule(
        self, number: int, when: When, first: Sequence[Mapping[str, Any]], last: Mapping[str, Any] | None
    ) -> Rule:
        answers = [*first, last] if last is not None else [*first]
        then = "pass" if last is None else "last"
        return {"name": self._name(number), "when": dict(when), "answers": answers, "then": then}

    def _next(self) -> int:
        self._numbers += 1
        return self._numbers

    def _name(self, number: int, given: str = "") -> str:
        """A name that no other test's rule has, so that the counting begins anew with each test."""
        return f"{self.test}.{number}{'.' if given else ''}{given}"[:MOST_NAME]


def of_key(rules: Iterable[Rule], key: str) -> list[Rule]:
    """The same rules for requests with a key; those that name a key of their own are left out."""
    return [_also(rule, {"key": key}) for rule in rules if not rule.get("when", {}).get("key")]


def of_test(rules: Iterable[Rule], test: str) -> list[Rule]:
    """The same rules for requests that name a test."""
    return [_also(rule, {"headers": {**rule.get("when", {}).get("headers", {}), TEST_HEADER: test}}) for rule in rules]


def named(rules: Sequence[Rule], test: str) -> list[Rule]:
    """The configuration's rules under names of a test's own, so that their counting begins anew with each test."""
    return [
        {**rule, "name": f"{test}.config-{number}.{rule.get('name', '')}"[:MOST_NAME]}
        for number, rule in enumerate(rules, 1)
    ]


def composed(sayings: Mapping[str, Sayings], base: Sequence[Rule]) -> list[Rule] | None:
    """The rules of the whole simulator while tests run, by the key of each; `base` are those of its configuration.

    None where there is nothing to say.
    """
    if not sayings or not (base or any(each.rules for each in sayings.values())):
        return None
    found: list[Rule] = []
    usual = list(base)
    for key, each in sayings.items():
        usual = named(base, each.test)
        for rules in (each.rules, usual):
            found += of_key(rules, key)
            found += of_test(rules, each.test)
    if len(sayings) > 1:
        return [*found, *base]
    return [*found, *BLOCKED, *next(iter(sayings.values())).rules, *usual]


def _also(rule: Rule, more: When) -> Rule:
    return {**rule, "when": {**rule.get("when", {}), **more}}
