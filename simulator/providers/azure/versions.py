"""Which `api-version` a request names, and whether its path takes it. Pure.

Dated paths need one. Without it, or with one that is no date, the service answers as if the path did not exist. Paths
below `/openai/v1` have none but by name: there a date is refused.
"""

import re
from typing import Final

from simulator.providers.base import Problem, Refusal, Target

PARAMETER: Final = "api-version"
LATEST: Final = "2024-10-21"
"""The last dated version that is no preview: named where a sentence needs one and none is known."""
_DATED: Final = re.compile(r"20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?:-preview|-alpha)?")
_NAMED: Final = frozenset({"", "v1", "latest", "preview"})


def check_dated(target: Target) -> None:
    """Raises `Refusal` unless the query names a version by its date."""
    version = target.first(PARAMETER)
    if version is None or _DATED.fullmatch(version) is None:
        raise Refusal(Problem.UNKNOWN_PATH)


def check_undated(target: Target) -> None:
    """Raises `Refusal` if the query names a version by a date, or by an unknown name."""
    if target.query and (target.first(PARAMETER) or "") not in _NAMED:
        raise Refusal(
            Problem.INVALID, "api-version query parameter is not allowed when using /v1 path", code="BadRequest"
        )
