"""Names in a text: capitalised words, words after a preposition, and runs of scripts that have no capitals. Pure."""

# ruff: noqa: RUF001 - letters of other scripts are meant

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from simulator.engine.content.structured import speech

Name = tuple[int, int, str, str, bool]
"""Where it begins and ends, the name, the sense of the preposition before it, and whether it is a guess."""

Words = list[tuple[int, int, str]]
Free = Callable[[int, int], bool]

_WORD: Final = re.compile(r"[^\W\d_](?:[\w'’.-]*[^\W_])?|\S")
_SENTENCE_END: Final = re.compile(r"[.!?:\n]\s*$")
_MOST_WORDS: Final = 5
_ABBREVIATED: Final = frozenset({"St", "Ste", "Mt", "Ft", "Dr", "Mr", "Mrs", "Ms", "Prof"})
_FRAGMENT: Final = 3
_EASTERN: Final = re.compile(r"[\u3041-\u30ff\u3400-\u9fff々]+")
_KANA: Final = re.compile(r"[\u3041-\u3096]")
_HANGUL: Final = re.compile(r"[\uac00-\ud7a3]+")
_SPACED: Final = re.compile(r"[\u0590-\u06ff\u0900-\u097f]+")
_THAI: Final = re.compile(r"[\u0e00-\u0e7f]+")
_CHINESE_SPLIT: Final = re.compile(f"({speech.CHINESE[0]})")
_JAPANESE_SPLIT: Final = re.compile(f"({speech.PARTICLES['kana'][0]})")
_HANGUL_SPLIT: Final = re.compile(speech.PARTICLES["hangul"][0])
_THAI_SPLIT: Final = re.compile(f"({speech.THAI[0]})")


def names(text: str, covered: Sequence[tuple[int, int]]) -> list[Name]:
    """The names of a text, outside of the `covered` places (ascending), in order of place."""
    starts = [start for start, _ in covered]

    def free(start: int, end: int) -> bool:
        place = bisect_right(starts, start) - 1
        inside = place >= 0 and start < covered[place][1]
        return not inside and not (place + 1 < len(covered) and covered[place + 1][0] < end)

    found = list(_cased(text, free))
    if not text.isascii():
        found += [name for name in _eastern(text) if free(name[0], name[1])]
        found += [name for name in _hangul(text) if free(name[0], name[1])]
        found += [name for name in _spaced(text) if free(name[0], name[1])]
        found += [name for name in _thai(text) if free(name[0], name[1])]
    return sorted(found)


def _cased(text: str, free: Free) -> Iterator[Name]:
    words = [(match.start(), match.end(), match.group()) for match in _WORD.finditer(text)]
    index = 0
    while index < len(words):
        start, end, word = words[index]
        if not free(start, end):
            index += 1
            continue
        before = _preposition(words, index)
        if word[0].isupper():
            stop = _capitalised(text, words, index, free)
            if stop > index:
                opening = start == 0 or _SENTENCE_END.search(text[max(0, start - 4) : start]) is not None
                last = words[stop - 1][1]
                name = text[start:last].removesuffix("'s").removesuffix("’s").rstrip(".")
                yield start, start + len(name), name, before, opening and stop - index == 1 and not before
                index = stop
                continue
        elif (
            before
            and _cased_script(word)
            and word.casefold() not in speech.NO_VALUE
            and words[index - 1][2].casefold() in speech.BEFORE_PLAIN
        ):
            stop = _plain(text, words, index, free)
            if stop > index:
                last = words[stop - 1][1]
                yield start, last, text[start:last], before, True
                index = stop
                continue
        index += 1


def _cased_script(word: str) -> bool:
    return word[0].lower() != word[0].upper()


def _preposition(words: Words, index: int) -> str:
    for back in (1, 2):
        if index < back:
            return ""
        word = words[index - back][2].casefold()
        if word in speech.PREPOSITIONS and (
            back == 1 or words[index - 1][2].casefold() in {"the", "city", "der", "la"}
        ):
            return speech.PREPOSITIONS[word]
    return ""


def _capitalised(text: str, words: Words, index: int, free: Free) -> int:
    """The index after a name that begins here; `index` itself where none does."""
    if words[index][2].casefold().removesuffix("'s") in speech.NOT_NAMES:
        return index
    stop = index + 1
    while stop < len(words) and stop - index < _MOST_WORDS:
        start, end, word = words[stop]
        gap = text[words[stop - 1][1] : start]
        if word == "." and words[stop - 1][2] in _ABBREVIATED and text[end : end + 2][1:].isupper():
            stop += 2  # St. Louis
            continue
        if gap not in {" ", "-"} or not free(start, end):
            break
        if word[0].isupper() and word.casefold() not in speech.ENDS_A_NAME:
            stop += 1
        elif (
            word in speech.LINKS
            and stop + 1 < len(words)
            and words[stop + 1][2][0].isupper()
            and text[end : words[stop + 1][0]] == " "
        ):
            stop += 2
        else:
            break
    return stop


def _plain(text: str, words: Words, index: int, free: Free) -> int:
    """The index after a value in lower case that follows a preposition."""
    stop = index
    while stop < len(words) and stop - index < _FRAGMENT:
        start, end, word = words[stop]
        if stop > index and text[words[stop - 1][1] : start] != " ":
            break
        if word.casefold() in speech.ENDINGS or not word[0].isalpha() or word[0].isupper() or not free(start, end):
            break
        stop += 1
    return stop


def _eastern(text: str) -> Iterator[Name]:
    japanese = _KANA.search(text) is not None
    split, senses = (_JAPANESE_SPLIT, speech.PARTICLES["kana"][1]) if japanese else (_CHINESE_SPLIT, speech.CHINESE[1])
    for match in _EASTERN.finditer(text):
        at = match.start()
        pieces = split.split(match.group())
        for place, piece in enumerate(pieces):
            if piece and place % 2 == 0:
                # A Japanese particle follows its word, a Chinese one stands before it.
                around = pieces[place + 1 : place + 2] if japanese else pieces[max(0, place - 1) : place]
                before = senses.get(around[0], "") if around else ""
                if not before:
                    before = _cased_before(text, at)
                yield at, at + len(piece), piece, before, len(piece) == 1
            at += len(piece)


def _cased_before(text: str, at: int) -> str:
    words = text[max(0, at - 16) : at].split()
    return speech.PREPOSITIONS.get(words[-1].casefold(), "") if words else ""


def _hangul(text: str) -> Iterator[Name]:
    senses = speech.PARTICLES["hangul"][1]
    for match in _HANGUL.finditer(text):
        word = match.group()
        particle = _HANGUL_SPLIT.search(text, match.start() + 1, match.end() + 1)
        stem = word
        before = ""
        if particle is not None and particle.end() == match.end() and particle.start() - match.start() > 1:
            stem = text[match.start() : particle.start()]
            before = senses.get(particle.group(), "")
        if len(stem) > 1:
            yield match.start(), match.start() + len(stem), stem, before or _cased_before(text, match.start()), False


def _spaced(text: str) -> Iterator[Name]:
    words = [(match.start(), match.end(), match.group().rstrip("؟،।")) for match in _SPACED.finditer(text)]
    for index, (start, _, word) in enumerate(words):
        if word in speech.ARABIC or word in speech.HINDI:
            continue
        before = speech.ARABIC.get(words[index - 1][2], "") if index else ""
        if not before and index + 1 < len(words):
            before = speech.HINDI.get(words[index + 1][2], "")
        before = before or _cased_before(text, start)
        if not before and word[0] in speech.HEBREW and len(word) > 2:
            # A Hebrew preposition is the first letter of its word; the place may have a second word.
            last = words[min(index + 1, len(words) - 1)][1]
            yield start + 1, last, text[start + 1 : last].rstrip(), speech.HEBREW[word[0]], False
            return
        if before:
            yield start, start + len(word), word, before, False


def _thai(text: str) -> Iterator[Name]:
    for match in _THAI.finditer(text):
        at = match.start()
        pieces = _THAI_SPLIT.split(match.group())
        for place, piece in enumerate(pieces):
            if piece and place % 2 == 0 and place:
                yield at, at + len(piece), piece, speech.THAI[1].get(pieces[place - 1], ""), False
            at += len(piece)
