"""How rate limits stand, for the providers' headers and sentences. Pure values."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec


class Quota(msgspec.Struct, frozen=True, gc=False):
    """How the rate limit stands that a request was refused for, for the provider's words.

    `resource` is `requests`, `tokens`, `input_tokens`, `output_tokens` or `concurrent`; `period` is `minute`, `day`,
    or empty for `concurrent`. `used` and `remaining` add up to `limit`; `asked` is what this request wanted.
    `reset` is the time in seconds until all of it is there again, `wait` until this request would be granted: 0 if it
    was, infinite if never. `scope` is `model`, `key` or `tenant`.
    """

    resource: str
    period: str
    limit: int
    remaining: int
    asked: int
    reset: float
    wait: float = 0.0
    scope: str = "model"

    @property
    def used(self) -> int:
        """What is used of it."""
        return self.limit - self.remaining


class Level(Protocol):
    """How one rate limit stands after a request, for the provider's headers.

    Of `limit` so much is `remaining`; all of it is there again after `reset_us` microseconds.
    """

    @property
    def limit(self) -> int: ...  # noqa: D102 - told above

    @property
    def remaining(self) -> int: ...  # noqa: D102 - told above

    @property
    def reset_us(self) -> int: ...  # noqa: D102 - told above


QuotaWriter = Callable[[Sequence[Level], float], bytes]
"""From how the limits stand, and the wall clock in Unix seconds, to header lines, each ended by CRLF."""


def tightest(levels: Sequence[Level], places: Sequence[int]) -> Level:
    """Of the levels at these places, one or more, the first of which the smallest share is left."""
    found = levels[places[0]]
    if len(places) == 1:
        return found
    for place in places[1:]:
        other = levels[place]
        if other.remaining * found.limit < found.remaining * other.limit:
            found = other
    return found
