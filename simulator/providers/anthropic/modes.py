"""How the models differ: above all how they think, which settings each takes and what it does without any. Pure.

The documentation ties all of it to generations. A model whose name tells no generation takes every setting and thinks
only when asked to.
"""

import functools
from typing import Final

import msgspec

from simulator.providers.anthropic.generation import Generation, Version, generation

THINKING: Final[Version] = (3, 7)
EFFORT: Final[Version] = (4, 5)
ADAPTIVE: Final[Version] = (4, 6)
ADAPTIVE_ONLY: Final[Version] = (4, 7)
BY_DEFAULT: Final[Version] = (5, 0)
NEVER_FORCED: Final[Version] = (5, 1)
LATEST: Final[Version] = (5, 5)
CONSTANT: Final = ("fable", "mythos")
"""Lines that always think."""


EFFORTS: Final = ("low", "medium", "high", "xhigh", "max")


class Modes(msgspec.Struct, frozen=True, gc=False):
    """What a model does with `thinking`.

    `manual` takes a budget, `adaptive` an effort. It can be switched `off`; where `off_at_most_high` says so, only at
    effort `high` and below. `between` knows `between_tools`. `always` thinks where nothing is said, with `effort`.
    `hidden` leaves the text of thoughts out unless it is asked for. `forced` lets a tool be forced. `efforts` are those
    that it knows. A prompt of fewer than `least_cached` tokens is not cached.
    """

    manual: bool = True
    adaptive: bool = True
    off: bool = True
    off_at_most_high: bool = False
    between: bool = True
    always: bool = False
    effort: str = "high"
    hidden: bool = False
    forced: bool = True
    efforts: tuple[str, ...] = EFFORTS
    least_cached: int = 1_024

    @property
    def thinks(self) -> bool:
        """Whether the model can think at all."""
        return self.manual or self.adaptive


UNKNOWN: Final = Modes()


@functools.lru_cache(maxsize=1024)
def modes_of(model: str) -> Modes:
    """The modes of a model by its name."""
    known = generation(model)
    return UNKNOWN if known is None else modes(known)


def modes(known: Generation) -> Modes:
    """The modes of a generation."""
    version, line = known.version, known.line
    constant = line in CONSTANT
    latest = version >= LATEST
    always_on = (constant and version >= ADAPTIVE) or (line == "opus" and latest)
    return Modes(
        manual=THINKING <= version < ADAPTIVE_ONLY,
        adaptive=version >= ADAPTIVE,
        off=not always_on and not (line == "sonnet" and latest),
        off_at_most_high=(line == "opus" and version >= BY_DEFAULT) or (line == "haiku" and latest),
        between=line == "sonnet" and latest,
        always=version >= BY_DEFAULT or (constant and version >= ADAPTIVE),
        effort="medium" if latest and line in ("opus", "haiku") else "high",
        hidden=version >= ADAPTIVE_ONLY or (constant and version >= ADAPTIVE),
        efforts=_efforts(known),
        least_cached=_least_cached(known),
        forced=not (latest and line in ("opus", "sonnet")) and not (constant and version >= NEVER_FORCED),
    )


def _efforts(known: Generation) -> tuple[str, ...]:
    if known.version >= ADAPTIVE_ONLY:
        return EFFORTS
    if known.version >= ADAPTIVE:
        return (*EFFORTS[:3], "max")
    return EFFORTS[:3] if known.version >= EFFORT and known.line == "opus" else ()


def _least_cached(known: Generation) -> int:
    version, line = known.version, known.line
    if version >= NEVER_FORCED or (line == "opus" and version >= BY_DEFAULT):
        return 512
    if line == "haiku":
        return 4_096 if version >= EFFORT else 2_048
    return 4_096 if line == "opus" and EFFORT <= version <= ADAPTIVE_ONLY else 1_024
