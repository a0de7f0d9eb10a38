"""From a conversation to hints. Pure.

Two readings of each message: one finds what has a form of its own (dates, numbers, addresses, quoted text), the other
names, in `naming`. Text beyond a limit is not read, and every expression takes time in proportion to the text.
"""

# ruff: noqa: RUF001 - letters of other scripts are meant

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import msgspec

from simulator.engine.content.structured import days
from simulator.engine.content.structured.hints import Hints, Kind, Mention, plain
from simulator.engine.content.structured.naming import names
from simulator.engine.content.structured.speech import AND, MONTHS, NUMBER_WORDS, PREPOSITIONS, RELATIVE_DAYS
from simulator.engine.request import Message

LONGEST: Final = 2_000
"""Characters of the user's last message that are read, half from its beginning and half from its end."""
EARLIER: Final = 600
"""Likewise of each other message."""
RESULT: Final = 16_000
"""Characters of a tool's result that are read where it is JSON."""
MESSAGES: Final = 12
"""Messages that are read, from the last."""
MOST: Final = 120
"""Mentions of one message."""

_EAST: Final = "\u2e80"
_DAY_WORDS: Final = "|".join([word for word in RELATIVE_DAYS if word < _EAST])
_DAY_CHARACTERS: Final = "|".join([word for word in RELATIVE_DAYS if word >= _EAST])
_MONTH: Final = "|".join([f"{name[:3]}(?:{name[3:]})?" for name in MONTHS]).replace("sep(?:tember)", "sept?(?:ember)?")
_FORMS: Final = re.compile(
    r"(?P<url>\b[a-z][a-z0-9+.-]{1,12}://[^\s<>\"'）)]{1,500}[^\s<>\"'）).,;:!?]|\bwww\.[\w.-]{2,80}[^\s<>\"').,;:!?])"
    r"|(?P<email>\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5})"
    r"|(?P<quoted>\"[^\"\n]{1,400}\"|“[^”\n]{1,400}”|„[^“”\n]{1,400}[“”]|«[^»\n]{1,400}»|「[^」\n]{1,400}」"
    r"|『[^』\n]{1,400}』|《[^》\n]{1,400}》|‘[^’\n]{1,400}’|`[^`\n]{1,400}`|(?<!\w)'[^'\n]{1,200}'(?!\w))"
    r"|(?P<stamp>\b\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})?)"
    r"|(?P<uuid>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)"
    r"|(?P<iso>\b\d{4}-\d{2}-\d{2}\b)"
    r"|(?P<eastern>\d{4}年\d{1,2}月\d{1,2}日)"
    r"|(?P<short>\b\d{1,2}[./]\d{1,2}[./]\d{4}\b)"
    rf"|(?P<written>\b(?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?:{_MONTH})|(?:{_MONTH})\s+\d{{1,2}}(?:st|nd|rd|th)?)"
    r"\b(?:,?\s+\d{4}\b)?)"
    rf"|(?P<relative>(?<!\w)(?:day after tomorrow|{_DAY_WORDS})(?!\w)|{_DAY_CHARACTERS})"
    r"|(?P<weekday>\b(?:next |this |on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day\b)"
    r"|(?P<time>(?<![\w:])(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?(?:\s?[ap]\.?m\b\.?)?(?![\w:])"
    r"|(?<![\w:.])(?:1[0-2]|0?[1-9])\s?[ap]\.?m\b\.?|(?<!\w)(?:[01]?\d|2[0-3])(?:\s?Uhr\b|h(?:[0-5]\d)?\b|時|点|시))"
    r"|(?P<phone>(?<![\w+])\+\d[\d ().-]{6,20}\d(?!\w)|\b\d{3}[-. ]\d{3,4}[-. ]\d{4}\b)"
    r"|(?P<expression>(?<![\w.])\d[\d.]{0,18}(?:\s*[-+*/×÷^]\s*\(?\d[\d.]{0,18}\)?){1,20}(?![\w.]))"
    r"|(?P<file>(?<![\w/])(?:~|\.{1,2})?/?(?:[\w-]{1,60}/){0,12}[\w-]{1,80}\.[a-z][a-z0-9]{1,4}\b(?![\w/@])|(?<![\w/])/(?:[\w.-]{1,60}/){1,12}[\w.-]{0,60})"
    r"|(?P<identifier>(?<![\w-])(?:#\d{1,20}|(?=[\w-]{0,40}\d)(?=[\w-]{0,40}[A-Za-z])[A-Za-z0-9]{1,40}(?:[_-][A-Za-z0-9]{1,40}){1,6}"
    r"|[A-Z]{1,6}\d{1,12}[A-Z0-9]{0,8}|[a-z]{1,4}\d{3,12})(?![\w-]))"
    r"|(?P<number>(?<![\w.])[-−]?(?:[$€£¥₹]\s?)?(?:\d{1,3}(?:,\d{3})+|\d{1,18})(?:\.\d{1,12})?(?![\d]))"
    rf"|(?P<word>\b(?:{'|'.join(NUMBER_WORDS)})\b)",
    re.IGNORECASE,
)
_KINDS: Final = {
    "url": Kind.URL,
    "email": Kind.EMAIL,
    "quoted": Kind.QUOTED,
    "stamp": Kind.DATE_TIME,
    "uuid": Kind.IDENTIFIER,
    "time": Kind.TIME,
    "phone": Kind.PHONE,
    "expression": Kind.EXPRESSION,
    "file": Kind.FILE,
    "identifier": Kind.IDENTIFIER,
    "number": Kind.NUMBER,
    "word": Kind.NUMBER,
}
_MINUS: Final = "\u2212"
_DATES: Final = frozenset({"iso", "eastern", "short", "written", "relative", "weekday"})
_AND: Final = re.compile(AND, re.IGNORECASE)
_AGAIN: Final = re.compile(r"(?P<joint>.{1,24}?)(?P<word>\w{1,12})\s{1,4}", re.DOTALL)
"""A joint and a preposition that is said again."""
_WORDS: Final = re.compile(r"[^\W_]+")
_CLOCK: Final = re.compile(r"(\d{1,2})(?:(?::|h)(\d{2}))?(?::(\d{2}))?\D*?([ap])?\.?m?\.?$", re.IGNORECASE)


def harvest(messages: Sequence[Message]) -> Hints:
    """What the conversation offers: the user's last message first, then earlier ones, then results of tools."""
    recent = messages[-MESSAGES:]
    today = _today(messages)
    last = next((place for place in range(len(recent) - 1, -1, -1) if recent[place].role == "user"), -1)
    spoken: list[Mention] = []
    results: list[Mention] = []
    earlier: list[str] = []
    rank = 0
    for place in range(len(recent) - 1, -1, -1):
        message = recent[place]
        if message.role in {"tool", "function"}:
            results += _result(message.text, 20 + rank, today)
        elif message.role == "user":
            text = _excerpt(message.text, LONGEST if place == last else EARLIER)
            spoken += mentions(text, rank, today)
            if place != last:
                earlier.append(text)
        rank += place <= last
    request = _excerpt(recent[last].text, LONGEST) if last >= 0 else ""
    return Hints(tuple(spoken + results), plain(request), plain(" ".join(earlier)), request)


def _excerpt(text: str, most: int) -> str:
    """The text, or its beginning and its end: what is asked stands before or after what it is asked about."""
    return text if len(text) <= most else f"{text[: most // 2]}\n{text[-most // 2 :]}"


def mentions(text: str, rank: int, today: int) -> list[Mention]:
    """What one message mentions, in order of place."""
    found: list[Mention] = []
    covered: list[tuple[int, int]] = []
    ends: dict[int, int] = {}
    for match in _FORMS.finditer(text):
        group = match.lastgroup or ""
        mention = _form(group, match.group(), today)
        if mention is None:
            continue
        before, near = _around(text, match.start(), match.end())
        found.append(replace(mention, before=before, near=near, rank=rank, place=match.start(), weak=group == "word"))
        ends[match.start()] = match.end()
        covered.append(match.span())
        if len(found) >= MOST:
            break
    for start, end, name, before, weak in names(text, covered):
        near = _around(text, start, end)[1]
        found.append(Mention(Kind.NAME, name, name, before, near, rank, 0, weak, start))
        ends[start] = end
    found.sort(key=lambda each: each.place)
    return _enumerated(text, found[:MOST], ends, rank)


def _enumerated(text: str, found: list[Mention], ends: dict[int, int], rank: int) -> list[Mention]:
    """Number the enumerations: mentions of a kind with nothing but a joint between them."""
    number = rank * 1_000
    for index in range(1, len(found)):
        one, other = found[index - 1], found[index]
        between = text[ends[one.place] : other.place]
        if one.kind is other.kind and other.before in {"", one.before} and _joins(between, one.before):
            if not one.list:
                number += 1
                one = found[index - 1] = replace(one, list=number)
            found[index] = replace(other, list=one.list, before=one.before)
    return found


def _joins(between: str, before: str) -> bool:
    """Whether what stands between two mentions only joins them, as in "in Paris and in Tokyo"."""
    if _AND.fullmatch(between):
        return True
    again = _AGAIN.fullmatch(between)
    return (
        again is not None
        and PREPOSITIONS.get(again["word"].casefold()) == before != ""
        and bool(_AND.fullmatch(again["joint"]))
    )


def _around(text: str, start: int, end: int) -> tuple[str, frozenset[str]]:
    """The sense of the preposition before a place, and the words near it."""
    left = [word.casefold() for word in _WORDS.findall(text[max(0, start - 48) : start])][-4:]
    right = [word.casefold() for word in _WORDS.findall(text[end : end + 32].split(".", maxsplit=1)[0])][:2]
    before = ""
    for word in reversed(left[-2:]):
        if word in PREPOSITIONS:
            before = PREPOSITIONS[word]
            break
        if word not in {"the", "a", "an", "about", "around"}:
            break
    return before, frozenset((*left, *right))


def _form(group: str, text: str, today: int) -> Mention | None:
    if group in _DATES:
        return Mention(Kind.DATE, text.removeprefix("on "), _date(group, text, today))
    kind = _KINDS[group]
    if group == "quoted":
        inner = text[1:-1].strip()
        return Mention(kind, inner, inner) if inner else None
    if group == "time":
        return Mention(kind, text, _clock(text))
    if group == "number":
        bare = re.sub(r"[,$€£¥₹\s]", "", text.replace(_MINUS, "-"))
        return Mention(kind, text, float(bare) if "." in bare else int(bare))
    if group == "word":
        return Mention(kind, text, NUMBER_WORDS[text.casefold()])
    text = text.strip().removeprefix("#")
    return Mention(kind, text, text)


def _clock(text: str) -> str | None:
    match = _CLOCK.match(text)
    if match is None:
        return None
    hour = int(match.group(1))
    half = (match.group(4) or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    return f"{hour:02}:{match.group(2) or '00'}" + (f":{match.group(3)}" if match.group(3) else "")


def _date(group: str, text: str, today: int) -> str | None:
    if group == "iso":
        return text if days.read(text) is not None else None
    if group == "relative":
        if text.casefold() == "day after tomorrow":
            return days.iso(today + 2)
        return days.iso(today + RELATIVE_DAYS[text.casefold()])
    if group == "weekday":
        return days.iso(days.next_weekday(today, text.casefold().split()[-1]))
    numbers = [int(each) for each in re.findall(r"\d+", text)]
    if group == "eastern":
        year, month, day = numbers
    elif group == "short":
        first, second, year = numbers
        day, month = (first, second) if "." in text or first > 12 else (second, first)
    else:
        day = numbers[0]
        year = numbers[1] if len(numbers) > 1 else days.civil(today)[0]
        month = 1 + next(place for place, name in enumerate(MONTHS) if re.search(rf"\b{name[:3]}", text, re.IGNORECASE))
    return days.iso(days.number(year, month, day)) if days.exists(year, month, day) else None


def _today(messages: Sequence[Message]) -> int:
    """The day that the system's message names (`Today is 2026-03-01`), or the reference day."""
    for message in messages:
        if message.role in {"system", "developer"}:
            match = re.search(r"\b\d{4}-\d{2}-\d{2}\b", message.text[:RESULT])
            found = days.read(match.group()) if match else None
            if found is not None:
                return found
    return days.REFERENCE


def _result(text: str, rank: int, today: int) -> list[Mention]:
    """What a tool's result offers: its members where it is JSON, otherwise what any text does."""
    if len(text) > RESULT or not text.lstrip().startswith(("{", "[")):
        return mentions(_excerpt(text, EARLIER), rank, today)
    try:
        document = msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return mentions(_excerpt(text, EARLIER), rank, today)
    found: list[Mention] = []
    waiting: list[tuple[object, tuple[str, ...]]] = [(document, ())]
    while waiting and len(found) < MOST:
        value, path = waiting.pop()
        if isinstance(value, dict):
            waiting += [(inner, (*path[-1:], str(name))) for name, inner in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [(inner, path) for inner in reversed(value)]
        elif isinstance(value, str | int | float) and not isinstance(value, bool):
            near = frozenset([word.lower() for name in path for word in re.findall(r"[A-Z]?[a-z]+|[^\W_]+", name)])
            found.append(Mention(Kind.VALUE, str(value), value, "", near, rank, 0, weak=False, place=len(found)))
    return found
