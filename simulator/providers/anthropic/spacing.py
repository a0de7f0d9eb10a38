"""JSON as the real models write it: a space after each comma and colon. Pure.

The engine's JSON is compact; recorded arguments are streamed as `{"city": "Rome", "n": 2}`, and so are answers in JSON.
In a body that is sent whole the arguments are compact again.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

# A string is skipped whole, also one that is cut off in the middle, after its backslash or not.
_MARKS: Final = re.compile(r'"(?:[^"\\]|\\.?)*+"?|[,:]', re.DOTALL)


def spaced(pieces: Sequence[str]) -> list[str]:
    """The pieces of a compact JSON text, or of its beginning, with the spaces put in; as many pieces as before.

    A space stands at the end of what its comma or colon ends, never inside a string.
    """
    text = "".join(pieces)
    marks = [match.start() for match in _MARKS.finditer(text) if text[match.start()] != '"']
    found: list[str] = []
    start = first = 0
    for piece in pieces:
        end = start + len(piece)
        last = first
        while last < len(marks) and marks[last] < end:
            last += 1
        if last > first:
            cuts = [start, *[mark + 1 for mark in marks[first:last]], end]
            found.append(" ".join([text[cut:stop] for cut, stop in pairwise(cuts)]))
            first = last
        else:
            found.append(piece)
        start = end
    return found
