"""The rules of a configuration, ready to be asked. Pure: a request in, the first rule that is for it out."""

from collections.abc import Sequence
from hashlib import blake2b

from simulator.config.rules import Rule, RuleAnswer
from simulator.rules.matching import Facts, Matcher


class ReadyRule:
    """A rule with its patterns compiled."""

    def __init__(self, rule: Rule, number: int) -> None:
        self.rule = rule
        self.name = rule.name or str(number)
        self.sequence: Sequence[RuleAnswer] = [answer for answer in rule.answers for _ in range(answer.times)]
        self.counted = len(self.sequence) > 1 or rule.then == "pass"
        self._matcher = Matcher(rule.when)
        self._needs = {call.name for answer in rule.answers for call in answer.tool_calls}

    def fits(self, facts: Facts) -> bool:
        """Whether the rule is for a request; fills the groups of its regular expressions."""
        offered = not self._needs or self._needs <= {tool.name for tool in facts.request.tools}
        return offered and self._matcher.fits(facts)

    def counter(self, facts: Facts) -> bytes:
        """The name under which the fleet counts the rule's requests."""
        key = facts.key.encode() if self.rule.count_by == "key" else b""
        return b"rule:%b" % blake2b(b"%b\0%b" % (self.name.encode(), key), digest_size=16).hexdigest().encode()

    def answer(self, count: int) -> RuleAnswer | None:
        """The answer to the rule's request number `count`, from 1; None for the usual one."""
        place = count - 1
        if place >= len(self.sequence):
            if self.rule.then == "pass":
                return None
            place = place % len(self.sequence) if self.rule.then == "repeat" else -1
        return self.sequence[place]


class Book:
    """All rules, in their order."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = [ReadyRule(rule, number) for number, rule in enumerate(rules, 1)]

    def find(self, facts: Facts) -> ReadyRule | None:
        """The first rule that is for a request."""
        return next((rule for rule in self._rules if rule.fits(facts)), None)
