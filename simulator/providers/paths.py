"""Which of several path templates a path fits. Pure.

A template is a path with parameters: `{name}` stands for a part of one segment, `{name:path}` for anything to the end.
Where several fit, the one with the most letters of its own wins: `/models/{model}:generate` before `/models/{model}`.
"""

import re
from collections.abc import Mapping
from typing import Generic, TypeVar
from urllib.parse import parse_qs

from simulator.providers.base import NO_TARGET, Target

T = TypeVar("T")
_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")
REMEMBERED = 1_024
"""How many paths with parameters are kept ready; load tests repeat a handful."""
LONGEST = 256
"""Characters of a path that is kept ready."""


class Paths(Generic[T]):
    """Values by path template."""

    def __init__(self, table: Mapping[str, T]) -> None:
        self._exact = {path: value for path, value in table.items() if "{" not in path}
        templates = sorted((path for path in table if "{" in path), key=_own_letters, reverse=True)
        self._templates = [(_compiled(path), table[path]) for path in templates]
        self._found: dict[str, tuple[T, Mapping[str, str]]] = {}

    def find(self, path: str) -> tuple[T, Mapping[str, str]] | None:
        """The value of the template that a path fits, and its parameters; None if it fits none."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, NO_TARGET.parameters
        found = self._found.get(path)
        if found is None:
            for template, value in self._templates:
                if match := template.fullmatch(path):
                    found = value, match.groupdict()
                    if len(path) <= LONGEST:
                        if len(self._found) >= REMEMBERED:
                            self._found.clear()
                        self._found[path] = found
                    break
        return found


def target_of(parameters: Mapping[str, str], query: bytes) -> Target:
    """The target of a request from its path's parameters and its query as it stands in the URL."""
    if query:
        return Target(parameters, parse_qs(query.decode("latin-1"), keep_blank_values=True))
    return Target(parameters) if parameters else NO_TARGET


def _own_letters(template: str) -> int:
    return len(_PARAMETER.sub("", template))


def _compiled(template: str) -> re.Pattern[str]:
    pattern = ""
    end = 0
    for parameter in _PARAMETER.finditer(template):
        pattern += re.escape(template[end : parameter.start()])
        pattern += f"(?P<{parameter[1]}>{'.*' if parameter[2] else '[^/]+'})"
        end = parameter.end()
    return re.compile(pattern + re.escape(template[end:]), re.DOTALL)
