"""What a model thinks before it answers. Pure.

Of the words of a choice's content the last one is the thought's: its upper half says how long, its lower half where in
the prose it begins.
"""

from collections.abc import Sequence

import msgspec

from simulator.engine.content.prose import Prose
from simulator.engine.plan import Choice, Finish

_HALF = 2**32
SENTENCE = 200
"""Tokens that no sentence of the prose has; a thought that is cut off ends amid one."""


def thought(prose: Prose, word: int, target: int, most: int) -> Sequence[str]:
    """The tokens of a thought: evenly between half of `target` and half as much again, cut at `most`.

    It has whole sentences unless it is cut. `word` has 64 random bits.
    """
    size, start = divmod(word, _HALF)
    wanted = max(1, round(target * (0.5 + size / _HALF)))
    pieces = prose.stretch(start * _HALF, min(wanted, most + SENTENCE), most + SENTENCE)
    return pieces if len(pieces) <= most else pieces[:most]


def after(thought: Sequence[str], choice: Choice | None) -> Choice:
    """The choice with the thought before it; None where the thought has left no room for any."""
    if choice is None:
        return Choice((), Finish.LENGTH, reasoning=thought)
    return msgspec.structs.replace(choice, reasoning=thought)
