"""What makes a rule of answers impossible, beyond types. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from simulator.config.convert import Contradiction

KINDS = ("json", "tool_calls", "refusal", "echo", "error")
NAMES = frozenset({"last_message", "system", "model", "provider", "turn", "count", "tool_result"})
GROUPS = ("header.", "match.")
PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
"""Where a template takes a value."""


def text_match(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """A regular expression that is none."""
    regex = values.get("regex")
    if regex is not None:
        try:
            re.compile(regex)
        except re.error as error:
            yield Contradiction("regex", "a regular expression", found=str(error))


def rule_answer(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """Two kinds of answer at once, and templates that name what there is not."""
    given = [kind for kind in KINDS if values.get(kind) not in (None, False, ())]
    if values.get("text") is not None and given not in ([], ["tool_calls"]):
        given.append("text")
    if len(given) > 1:
        yield Contradiction(given[-1], f"one kind of answer, but there is {given[0]} as well")
    for key in ("status", "type", "code", "message"):
        if values.get(key) is not None and values.get("error") is None:
            yield Contradiction(key, "an answer with error")
    for key in ("text", "refusal", "reasoning"):
        yield from _templates(values.get(key), key)
    yield from _templates(values.get("json"), "json")
    for place, call in enumerate(values.get("tool_calls") or ()):
        yield from _templates(call.arguments, f"tool_calls[{place}].arguments")


def rule(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """A rule without answers."""
    if "answers" in values and not values["answers"]:
        yield Contradiction("answers", "at least one answer")


def response(values: Mapping[str, Any]) -> Iterator[Contradiction]:
    """A template that names what there is not."""
    yield from _templates(values.get("template"), "template")


def _templates(value: object, key: str) -> Iterator[Contradiction]:
    if isinstance(value, str):
        for name in PLACE.findall(value):
            if name not in NAMES and not name.startswith(GROUPS):
                names = ", ".join([*sorted(NAMES), *[f"{group}…" for group in GROUPS]])
                yield Contradiction(key, f"a template with {names}", found=f"{{{{ {name} }}}}")
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _templates(child, key)
    elif isinstance(value, list | tuple):
        for child in value:
            yield from _templates(child, key)
