"""Which limits a name falls under, the most specific first. Pure; it knows neither keys nor models."""

import fnmatch
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from simulator.config.limits import Limit
from simulator.config.resolve import is_pattern

_WILDCARD = re.compile(r"\[[^\]]*\]|[*?]")
FIELDS = Limit.__struct_fields__


class Patterns:
    """Limits by name or by pattern in the style of file names; case counts.

    The order is that of `providers` in the configuration: a name that is written out goes before every pattern, and
    of two patterns the one with more literal characters, then the one that was written first.
    """

    __slots__ = ("_exact", "_ranked")

    def __init__(self, limits: Mapping[str, Limit]) -> None:
        self._exact = {name: limit for name, limit in limits.items() if not is_pattern(name)}
        patterns = sorted(filter(is_pattern, limits), key=lambda pattern: -len(_WILDCARD.sub("", pattern)))
        self._ranked = [(re.compile(fnmatch.translate(pattern)), limits[pattern]) for pattern in patterns]

    def matching(self, names: Sequence[str]) -> Iterator[Limit]:
        """The limits that match any of something's names; of two names that are written out the earlier counts more."""
        for name in names:
            limit = self._exact.get(name)
            if limit is not None:
                yield limit
        for pattern, limit in self._ranked:
            if any(pattern.match(name) for name in names):
                yield limit


def combine(limits: Iterable[Limit]) -> dict[str, int]:
    """Each key of a `Limit` from the first that gives it; keys that none gives are left out."""
    limits = list(limits)
    found = {}
    for field in FIELDS:
        value = next((given for limit in limits if (given := getattr(limit, field)) is not None), None)
        if value is not None:
            found[field] = value
    return found


def says_anything(limit: Limit) -> bool:
    """Whether a `Limit` limits anything."""
    return any(getattr(limit, field) is not None for field in FIELDS)
