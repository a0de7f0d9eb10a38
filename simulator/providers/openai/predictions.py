"""How much of an answer was predicted by the client. Pure.

A prediction is taken as far as the answer begins and ends with it, token by token of the answer. What is left of it is
rejected, at the usual four characters a token: a dialect has no tokenizer.
"""

from collections.abc import Sequence
from typing import Final

from simulator.providers.openai.chat_schema import PredictedContent

_CHARACTERS: Final = 4


def predicted(given: PredictedContent) -> str:
    """The text of a prediction."""
    if isinstance(given.content, str):
        return given.content
    return "".join([part.text for part in given.content])


def matched(pieces: Sequence[str], prediction: str) -> tuple[int, int]:
    """How many tokens of an answer were predicted, and about how many tokens of the prediction were not used."""
    start = taken = 0
    for piece in pieces:
        if not prediction.startswith(piece, start):
            break
        start += len(piece)
        taken += 1
    end = len(prediction)
    for piece in reversed(pieces[taken:]):
        if end - len(piece) < start or not prediction.endswith(piece, start, end):
            break
        end -= len(piece)
        taken += 1
    return taken, -(-(end - start) // _CHARACTERS)
