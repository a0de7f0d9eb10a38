"""Which mention of a conversation belongs into which field. Pure.

Every pair of a field and a mention gets points for kind, preposition, direction and words that both have; pairs are
taken from the best down, each field and each mention once. Order of mention decides between equals.
"""

from collections.abc import Container, Sequence
from typing import Final

from simulator.engine.content.structured.hints import Hints, Kind, Mention
from simulator.engine.content.structured.listing import listed
from simulator.engine.content.structured.roles import Field, Role

MOST: Final = 160
"""Mentions that are looked at for one object."""
ENOUGH: Final = 20
"""Points below which a mention says nothing about a field."""

_SPATIAL: Final = frozenset({Role.CITY, Role.COUNTRY, Role.STATE, Role.PLACE, Role.ADDRESS, Role.POSTAL, Role.TIMEZONE})
_PEOPLE: Final = frozenset({Role.PERSON, Role.FIRST_NAME, Role.LAST_NAME})
_THINGS: Final = frozenset({Role.VENUE, Role.COMPANY, Role.PRODUCT})
_SPEECH: Final = frozenset({Role.DESCRIPTION, Role.MESSAGE, Role.REASON, Role.STEP})
_BY_KIND: Final[dict[Role, dict[Kind, int]]] = {
    Role.TITLE: {Kind.QUOTED: 60, Kind.NAME: 20},
    Role.QUERY: {Kind.QUOTED: 60},
    Role.EXPRESSION: {Kind.EXPRESSION: 90, Kind.QUOTED: 60},
    Role.EMAIL: {Kind.EMAIL: 100},
    Role.URL: {Kind.URL: 100, Kind.FILE: 25},
    Role.PHONE: {Kind.PHONE: 100},
    Role.FILE: {Kind.FILE: 90, Kind.QUOTED: 50},
    Role.DATE: {Kind.DATE: 90, Kind.DATE_TIME: 60},
    Role.DAY: {Kind.DATE: 40},
    Role.TIME: {Kind.TIME: 90, Kind.DATE_TIME: 40},
    Role.DATE_TIME: {Kind.DATE_TIME: 100, Kind.DATE: 50, Kind.TIME: 30},
    Role.ID: {Kind.IDENTIFIER: 70, Kind.NUMBER: 40, Kind.QUOTED: 30},
    Role.CODE: {Kind.IDENTIFIER: 60, Kind.QUOTED: 30, Kind.NAME: 10},
    Role.LANGUAGE: {Kind.NAME: 35, Kind.QUOTED: 20},
    Role.CURRENCY: {Kind.NAME: 15},
    Role.DURATION: {Kind.NUMBER: 10},
    Role.TEXT: {Kind.QUOTED: 45, Kind.NAME: 32, Kind.IDENTIFIER: 25, Kind.EXPRESSION: 25, Kind.URL: 20},
}
_FALLBACK: Final = {Kind.QUOTED: 30, Kind.NAME: 14}
_PLACE_BEFORE: Final = {
    "in": 30,
    "at": 20,
    "of": 15,
    "for": 15,
    "to": 10,
    "from": 5,
    "with": -25,
    "by": -25,
    "named": 5,
}
_PERSON_BEFORE: Final = {
    "with": 25,
    "to": 20,
    "for": 25,
    "named": 30,
    "of": 15,
    "by": 20,
    "from": 5,
    "in": -30,
    "at": -20,
}
_THING_BEFORE: Final = {"at": 35, "named": 30, "for": 10, "of": 10, "by": 10, "in": -15}
_FORMATS: Final = {
    "email": Role.EMAIL,
    "idn-email": Role.EMAIL,
    "uri": Role.URL,
    "url": Role.URL,
    "iri": Role.URL,
    "date": Role.DATE,
    "time": Role.TIME,
    "partial-time": Role.TIME,
    "date-time": Role.DATE_TIME,
    "uuid": Role.ID,
    "phone": Role.PHONE,
}
_UNITS: Final[dict[Role, frozenset[str]]] = {
    Role.COUNT: listed(
        "people persons person guests guest adults seats tickets pax nights rooms items pieces copies times units",
        "personen personas personnes pessoas человек",
    ),
    Role.PRICE: listed("dollars dollar usd eur euro euros pounds yen bucks price cost budget under"),
    Role.PERCENT: frozenset({"percent", "percentage"}),
    Role.AGE: listed("years year old aged age yo"),
    Role.TEMPERATURE: listed("degrees celsius fahrenheit degree"),
    Role.DURATION: listed("minutes minute hours hour days day seconds weeks week mins min hrs nights"),
    Role.LIMIT: listed("top first results items limit most"),
    Role.MEASURE: listed("kg km cm m lb miles meters metres minutes hours days seconds weeks"),
    Role.RATING: listed("stars star rating rated"),
}
_CORRESPONDENTS: Final = frozenset({"to", "from", "recipient", "recipients", "sender", "cc", "bcc"})
_GROUPS: Final = (
    (_SPATIAL, {Kind.NAME: 50, Kind.QUOTED: 25}, _PLACE_BEFORE),
    (_PEOPLE, {Kind.NAME: 45, Kind.QUOTED: 25}, _PERSON_BEFORE),
    (_THINGS, {Kind.QUOTED: 55, Kind.NAME: 35}, _THING_BEFORE),
    (_SPEECH, {Kind.QUOTED: 45}, dict[str, int]()),
)
"""Roles, the points of what may fill them, and what a preposition before a name adds."""
_ENDS: Final = (
    (frozenset({"max", "maximum"}), frozenset({"under", "below", "most", "max", "than"})),
    (frozenset({"min", "minimum"}), frozenset({"over", "above", "least", "min"})),
)
_GENERIC: Final = frozenset({"name", "value", "text", "string", "number", "of", "the", "to", "from", "a", "in"})


def points(field: Field, kind: str, form: str, mention: Mention) -> int:
    """How well a mention suits a field of JSON type `kind` (`string`, `integer`, `number`) with a format."""
    if kind == "string":
        score = _for_text(field, _FORMATS.get(form, field.role) if form else field.role, mention)
    else:
        score = _for_number(field, kind, mention)
    if score <= 0:
        return 0
    if field.direction and mention.before in {"from", "to"}:
        score += 60 if field.direction == mention.before else -60
    if mention.kind is not Kind.VALUE and _shared(field, mention.near):
        score += 25
    return score - (15 if mention.weak else 0) - min(mention.rank, 20)


def _for_text(field: Field, role: Role, mention: Mention) -> int:
    kind = mention.kind
    if kind is Kind.VALUE:
        return _for_value(field, mention, (str,))
    if kind is Kind.EMAIL and (role in _PEOPLE or field.parts <= _CORRESPONDENTS):
        return 140 if field.parts <= _CORRESPONDENTS else 60
    for roles, kinds, before in _GROUPS:
        if role in roles:
            score = kinds.get(kind, 0)
            return score + before.get(mention.before, 0) if kind is Kind.NAME else score
    score = _BY_KIND.get(role, _FALLBACK).get(kind, 0)
    if kind is Kind.NAME and role in {Role.CURRENCY, Role.CODE}:
        capitals = mention.text.isupper() and mention.text.isascii() and 2 <= len(mention.text) <= 5
        return 60 if capitals else score
    if kind is Kind.NAME and role is Role.LANGUAGE and mention.before in {"to", "in", "from"}:
        return score + 20
    return score


def _for_number(field: Field, kind: str, mention: Mention) -> int:
    value = mention.value
    if mention.kind is Kind.VALUE:
        return _for_value(field, mention, (int, float)) if kind == "number" or isinstance(value, int) else 0
    if mention.kind is Kind.IDENTIFIER and field.role is Role.ID and mention.text.isascii() and mention.text.isdigit():
        return 70
    if mention.kind is not Kind.NUMBER or not isinstance(value, int if kind == "integer" else (int, float)):
        return 0
    score = 35 + _by_role(field.role, value, mention)
    for parts, words in _ENDS:
        if parts & field.parts and words & mention.near:
            score += 30
    return score


def _by_role(role: Role, value: float, mention: Mention) -> int:
    """What a number gains by the words and signs around it."""
    units = _UNITS.get(role)
    score = 40 if units is not None and not units.isdisjoint(mention.near) else 0
    if role is Role.COUNT and mention.before == "for":
        score += 15
    if role is Role.PRICE and mention.text.strip("-")[:1] in "$€£¥₹":
        score += 50
    if role is Role.YEAR:
        score += 40 if 1900 <= value <= 2100 else -35
    return score


def _for_value(field: Field, mention: Mention, types: tuple[type, ...]) -> int:
    if not isinstance(mention.value, types):
        return 0
    wanted = field.parts - _GENERIC or field.parts
    shared = {_stem(part) for part in wanted} & {_stem(word) for word in mention.near}
    if not shared:
        return 0
    if len(shared) == len(wanted):
        return 100
    return 70 if field.parts & mention.near & {"id", "ids", "code", "key"} else 45


def _shared(field: Field, near: frozenset[str]) -> bool:
    parts = field.parts - _GENERIC
    return not parts.isdisjoint(near) or any(
        _stem(part) in {_stem(word) for word in near} for part in parts if len(part) > 3
    )


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") else word


Wanted = tuple[Field, str, str]
"""A field, its JSON type and its format."""


def assign(fields: Sequence[Wanted], hints: Hints, used: Container[int]) -> list[Mention | None]:
    """The mention for each field, or None. Mentions whose `id` is in `used` are left out."""
    scored: list[tuple[int, int, int]] = []
    named = {part for field, _, _ in fields for part in field.parts}
    # "with subject …" names a field, it does not fill one.
    free = [
        each
        for each in hints.mentions[:MOST]
        if id(each) not in used and not (each.weak and each.kind is Kind.NAME and each.text.casefold() in named)
    ]
    for place, (field, kind, form) in enumerate(fields):
        if kind not in {"string", "integer", "number"}:
            continue
        for order, mention in enumerate(free):
            score = points(field, kind, form, mention)
            if score >= ENOUGH:
                scored.append((-score, order, place))
    scored.sort()
    found: list[Mention | None] = [None] * len(fields)
    taken: set[int] = set()
    for _, order, place in scored:
        if found[place] is None and order not in taken:
            found[place] = free[order]
            taken.add(order)
    return found


def enumeration(mention: Mention, hints: Hints) -> list[Mention]:
    """The enumeration that a mention stands in, or the mention alone."""
    if not mention.list:
        return [mention]
    return [each for each in hints.mentions if each.list == mention.list]
