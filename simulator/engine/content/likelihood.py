"""How likely each token of an answer was, and which others might have stood in its place. Pure.

Nothing was sampled, so the figures are made up, but they are the same wherever and however an answer is shown: each is
drawn from the answer's bits, the choice, the place of the token and the token itself. They obey what log-probabilities
obey: sorted, each at most 0, the probabilities of one place never above 1 together. At most places the token is the
likeliest one, at one in seven it is not; the likeliest has between 42 % and nearly all of the probability, and the rest
falls off geometrically.

The alternatives are single tokens of OpenAI's public vocabularies and of the kind of the token they stand beside: words
after a space, words that begin a sentence, ends of words, numbers, punctuation.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

MOST: Final = 20
"""The most alternatives that are told at one place."""


def _listed(words: str) -> tuple[str, ...]:
    return tuple(words.split("|"))


_WORDS: Final = _listed(
    " the| a| of| to| and| in| is| that| for| it| on| with| as| are| this| by| be| from| or| an| at| which| can| has"
    "| was| not| their| one| more| all| its| also| when| some| into| they| most| other| such| these| may| will| but"
)
_NAMES: Final = _listed(
    " The| A| In| It| This| That| For| To| When| If| As| At| On| We| You| There| They| And| But| So| One| Some| Most"
    "| Each| All| With| By| From| What| How| Here| Then| After| Both| Since| While| Such| Not| These| Many"
)
_OPENINGS: Final = _listed(
    "The|A|In|It|This|That|For|To|When|If|As|At|On|We|You|There|They|And|But|So|One|Some|Most|Each|All|With|By|From|What"
    "|How|Yes|No|Here|Then|After|Both|Since|While|Such|Not"
)
_ENDINGS: Final = _listed(
    "s|ing|ed|er|ly|al|ion|es|en|ate|ity|ment|ness|able|ous|ive|ist|ism|y|e|or|ic|ally|ful|less|ance|ence|ure"
)
_NUMBERS: Final = _listed("0|1|2|3|4|5|6|7|8|9|10|12|15|20|25|30|40|50|60|75|80|90|100|200|500")
_SIGNS: Final = _listed(
    ",|.|:|;|!|?|)| (| -|\n|\n\n|.\n\n| and| or| which| but|\u2026|\"|'s| \u2013| \u2014|...|).|),|/|-"
)

_SPREAD: Final = 0.58
"""The most probability that the likeliest token leaves to all others."""
_SLACK: Final = 0.98
"""How much of what it leaves is given to tokens at all; the rest covers what rounding adds."""
_DOUBTFUL: Final = 0.05
"""Where the others have less than this together, the token itself is the likeliest one."""
_PRECISION: Final = 10**8
"""Parts of 1 in which a log-probability is told: few enough that every machine's logarithm gives the same."""
_BYTE: Final = 1 / 256
_WORD: Final = 2.0**-32


class Ranked(NamedTuple):
    """A token's log-probability (natural), and the tokens likeliest at its place with theirs, likeliest first.

    The token itself is one of `top` unless that is empty.
    """

    logprob: float
    top: Sequence[tuple[str, float]]


def ranked(bits: bytes, choice: int, step: int, token: str, most: int = 0) -> Ranked:
    """The likelihood of the token at place `step` of an answer's text; `bits` are the answer's id bits.

    `top` has `most` tokens, at most `MOST`: the likeliest, the last of which gives way to the token itself where that
    is not among them. The log-probability does not depend on `most`.
    """
    drawn = blake2b(b"%d/%d/%b" % (choice, step, token.encode("utf-8", "surrogatepass")), key=bits[:64], digest_size=8)
    draws = drawn.digest()
    left = _SPREAD * ((int.from_bytes(draws[:4], "little") + 1) * _WORD) ** 3
    fall = 0.35 + 0.35 * draws[4] * _BYTE
    first = min(_units(math.log1p(-left)), -1)
    second = _units(math.log(_SLACK * left * (1.0 - fall)))
    step_down = _units(math.log(fall))
    rank = _rank(draws[5]) if left > _DOUBTFUL else 0
    logprob = (second + (rank - 1) * step_down if rank else first) / _PRECISION
    most = min(most, MOST)
    if most <= 0:
        return Ranked(logprob, ())
    levels = [first / _PRECISION]
    levels += [(second + place * step_down) / _PRECISION for place in range(most - 1)]
    place = min(rank, most - 1)
    levels[place] = logprob
    names = _others(token, draws[6], most - 1)
    names.insert(place, token)
    return Ranked(logprob, list(zip(names, levels, strict=True)))


def _rank(draw: int) -> int:
    """How many tokens are likelier than the one that was said: 0 at six places of seven."""
    if draw < 219:
        return 0
    if draw < 243:
        return 1
    return 2 if draw < 252 else 3


def _units(logprob: float) -> int:
    """In units of `_PRECISION`, rounded down, so that no sum of probabilities grows."""
    return math.floor(logprob * _PRECISION)


def _others(token: str, start: int, count: int) -> list[str]:
    """So many tokens of the kind of this one and different from it."""
    tokens = _kind(token)
    start %= len(tokens)
    found = list((tokens + tokens)[start : start + count + 1])
    if token in found:
        found.remove(token)
    return found[:count]


def _kind(token: str) -> tuple[str, ...]:
    spaced = token.startswith(" ")
    character = token[1:2] if spaced else token[:1]
    if character.isdigit():
        return _NUMBERS
    if not character.isalpha():
        return _SIGNS
    if spaced:
        return _NAMES if character.isupper() else _WORDS
    return _OPENINGS if character.isupper() else _ENDINGS
