"""Texts with places for values: `Hello {{ model }}`. Pure."""

import re
from collections.abc import Mapping

PLACE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
LONGEST = 1_000_000
"""Characters that a template may grow to; what would go beyond is left out."""


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with the value of each name in its place; a name that has none leaves nothing."""
    if "{{" not in template:
        return template
    left = LONGEST

    def value(place: re.Match[str]) -> str:
        nonlocal left
        found = values.get(place[1], "")[: max(0, left)]
        left -= len(found)
        return found

    return PLACE.sub(value, template)


def filled_within(value: object, values: Mapping[str, str]) -> object:
    """A JSON value with every text in it filled; names of members stay as they are."""
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, Mapping):
        return {key: filled_within(child, values) for key, child in value.items()}
    if isinstance(value, list | tuple):
        return [filled_within(child, values) for child in value]
    return value
