"""What the model says before it calls tools, and the ids of the calls. Pure.

The engine makes calls without words before them; the service's models tell their plan first, in a sentence or two. It
is made here from the names of the tools, and is not counted in the usage.
"""

import re
from collections.abc import Sequence
from hashlib import blake2b
from string import ascii_lowercase, digits
from typing import Final

from simulator.engine.plan import Call

ID_LENGTH: Final = 12
_ALPHABET: Final = (digits + ascii_lowercase).encode()
_TO_ALPHABET: Final = bytes(_ALPHABET[byte % 36] for byte in range(256))
_WORD: Final = re.compile(r" ?\S+")


def call_id(call: Call) -> str:
    """The id of a call: the tool's name, and twelve digits and lower-case letters."""
    drawn = blake2b(call.id_bits, digest_size=ID_LENGTH).digest()
    return f"{call.name}_{drawn.translate(_TO_ALPHABET).decode()}"


def plan_of(calls: Sequence[Call]) -> str:
    """The plan before these calls."""
    names = list(dict.fromkeys([call.name for call in calls]))
    if len(names) == 1:
        return f"I will use the {names[0]} tool to answer the request."
    return f"I will use the {', '.join(names[:-1])} and {names[-1]} tools to answer the request."


def words_of(plan: str) -> list[str]:
    """The plan as it is streamed, a word a piece."""
    return _WORD.findall(plan)
