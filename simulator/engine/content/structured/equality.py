"""When two JSON values are the same. Pure.

JSON Schema compares numbers by value (1 equals 1.0) and tells booleans from numbers, which Python's `==` does not.
"""

from collections.abc import Hashable, Sequence


def key(value: object) -> Hashable:
    """Equal for equal JSON values only, and hashable."""
    if isinstance(value, bool) or value is None:
        return (value is None, value)
    if isinstance(value, list):
        return ("array", *[key(item) for item in value])
    if isinstance(value, dict):
        return ("object", frozenset([(name, key(item)) for name, item in value.items()]))
    return value if isinstance(value, Hashable) else repr(value)


def distinct(values: Sequence[object]) -> bool:
    """Whether no two of the values are the same."""
    return len({key(value) for value in values}) == len(values)
