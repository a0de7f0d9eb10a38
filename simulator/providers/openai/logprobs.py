"""Log-probabilities as answers tell them: of a chat, token by token, and of a text completion, in columns. Pure.

The figures are the engine's (`engine.content.likelihood`); a token has the same ones streamed and not. They are written
without spaces in whole answers too: laid out, the bytes of each token alone would take a line each.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import orjson

from simulator.engine.content.likelihood import ranked
from simulator.providers.frames import ESCAPED


class _Spelled(dict[str, tuple[bytes, bytes]]):
    """Tokens to what stands before and after their log-probability. Bounded as `frames.Escaped` is."""

    def __missing__(self, token: str) -> tuple[bytes, bytes]:
        octets = ",".join(map(str, token.encode("utf-8", "surrogatepass"))).encode()
        spelled = b'{"token":%b,"logprob":' % ESCAPED[token], b',"bytes":[%b]' % octets
        if len(token) <= ESCAPED.longest:
            if len(self) >= ESCAPED.limit:
                self.clear()
            self[token] = spelled
        return spelled


_SPELLED: Final = _Spelled()


def entry(bits: bytes, choice: int, step: int, token: str, most: int) -> bytes:
    """What a chat answer tells of the token at place `step` of a choice's text; `bits` are the answer's id bits."""
    found = ranked(bits, choice, step, token, most)
    before, after = _SPELLED[token]
    told = b"%b%b%b" % (before, orjson.dumps(found.logprob), after)
    if not found.top:
        return told + b',"top_logprobs":[]}'
    figures = orjson.dumps([logprob for _, logprob in found.top])[1:-1].split(b",")
    others = [
        b"%b%b%b" % (_SPELLED[name][0], figure, _SPELLED[name][1])
        for (name, _), figure in zip(found.top, figures, strict=True)
    ]
    return b'%b,"top_logprobs":[%b}]}' % (told, b"},".join(others))


def entries(bits: bytes, choice: int, pieces: Sequence[str], most: int) -> Iterator[bytes]:
    """The same of all tokens of a choice's text."""
    return (entry(bits, choice, step, token, most) for step, token in enumerate(pieces))


_WORD: Final = re.compile(r" ?[^\W\d_]+| ?\d{1,3}| ?[^\w\s]{1,3}|\s+|.", re.DOTALL)


def pieces_of_prompt(text: str) -> list[str]:
    """About the tokens of an echoed prompt, which a dialect without a tokenizer can only estimate."""
    return _WORD.findall(text)


class Columns(NamedTuple):
    """The log-probabilities of a text completion's tokens; an echoed prompt's first token has none."""

    bits: bytes
    choice: int
    most: int

    def told(self, pieces: Sequence[str], offset: int, step: int = 0, *, first: bool = False) -> bytes:
        """The tokens from place `step` on, the first of which begins `offset` characters into the text.

        `first` says that the first of them is the very first token, of which nothing is known.
        """
        known = [ranked(self.bits, self.choice, step + place, token, self.most) for place, token in enumerate(pieces)]
        offsets = []
        for token in pieces:
            offsets.append(offset)
            offset += len(token)
        likely: list[float | None] = [each.logprob for each in known]
        tops: list[dict[str, float] | None] = [dict(each.top) for each in known]
        if first and pieces:
            likely[0] = tops[0] = None
        return orjson.dumps(
            {
                "tokens": list(pieces),
                "token_logprobs": likely,
                "top_logprobs": tops if self.most else None,
                "text_offset": offsets,
            }
        )
