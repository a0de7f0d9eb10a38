"""Which generation a model is of, read from its name. Pure.

Several rules of the Messages API hang on the generation (prefill, sampling parameters, system messages inside
a conversation, image resolution), and so do a model's published capabilities. A name that tells nothing is
of no generation: none of the rules applies to it.
"""

import functools
import re
from typing import Final

import msgspec

# claude-opus-4-8, claude-haiku-4-5-20251001, claude-opus-4-20250514: one or two digits, a date is longer.
_LINE_FIRST = re.compile(r"claude-(opus|sonnet|haiku|fable|mythos)-(\d{1,2})(?!\d)(?:-(\d{1,2})(?!\d))?")
# claude-3-5-sonnet-20241022, claude-3-haiku-20240307
_NUMBER_FIRST = re.compile(r"claude-(\d)(?:-(\d))?-(opus|sonnet|haiku)(?![a-z])")
# Its name has no number; its rules are those of the models that came out with it.
_PREVIEW: Final = "claude-mythos-preview"

Version = tuple[int, int]

TEMPERATURE_OR_TOP_P: Final[Version] = (4, 1)
"""From here on the two cannot be given together."""
NO_PREFILL: Final[Version] = (4, 6)
"""From here on a conversation must end with the user's turn."""
NO_SAMPLING: Final[Version] = (4, 7)
"""From here on sampling parameters are refused under every API version; also the larger image resolution."""
SYSTEM_TURNS: Final[Version] = (4, 8)
"""From here on a `system` message may follow a user's turn."""


class Generation(msgspec.Struct, frozen=True):
    """A model line such as `opus`, and its version."""

    line: str
    version: Version


@functools.lru_cache(maxsize=1024)
def generation(model: str) -> Generation | None:
    """The generation that a model's name tells, or None."""
    if model.startswith(_PREVIEW):
        return Generation("mythos", (4, 6))
    if match := _LINE_FIRST.match(model):
        line, major, minor = match.groups()
    elif match := _NUMBER_FIRST.match(model):
        major, minor, line = match.groups()
    else:
        return None
    return Generation(line, (int(major), int(minor or 0)))


def since(model: str, version: Version) -> bool:
    """Whether the model is known to be of this version or a later one."""
    known = generation(model)
    return known is not None and known.version >= version


def before(model: str, version: Version) -> bool:
    """Whether the model is known to be of an earlier version."""
    known = generation(model)
    return known is not None and known.version < version
