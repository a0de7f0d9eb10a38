"""What the name of a model tells about the rules that it is served by. Pure.

The API's documentation ties thinking levels, budgets and signatures to generations of the family, and the catalogue
holds none of that. Of a name that tells no generation nothing is refused.
"""

import re
from functools import lru_cache
from typing import Final

import msgspec

_NAME: Final = re.compile(r"gemini-(\d+(?:\.\d+)?)-?([a-z-]*)")
_LATEST: Final = re.compile(r"gemini-[a-z-]*latest")

THINKING: Final = 2.5
SIGNED: Final = 3.0
"""From here on calls have ids and signatures, levels take the place of budgets, and thinking cannot be turned off."""
NO_MINIMAL: Final = 3.7


class Generation(msgspec.Struct, frozen=True):
    """A generation of the family, and the line as the name has it: `flash`, `flash-lite`, `pro`, `argon` and so on.

    `version` is 0 where the name tells none, and infinite for the aliases of the latest.
    """

    version: float
    line: str = ""

    @property
    def signed(self) -> bool:
        """Whether calls have ids, and signatures that must come back."""
        return self.version >= SIGNED

    @property
    def pro(self) -> bool:
        """Whether it is of a line that always thinks."""
        return "pro" in self.line

    @property
    def minimal(self) -> bool:
        """Whether it takes the thinking level MINIMAL."""
        return not self.pro and self.version < NO_MINIMAL


@lru_cache(maxsize=1024)
def generation_of(model: str) -> Generation:
    """The generation that a model's name tells."""
    if match := _NAME.match(model):
        return Generation(float(match[1]), match[2])
    if _LATEST.fullmatch(model):
        return Generation(float("inf"), model.removeprefix("gemini-"))
    return Generation(0.0)
