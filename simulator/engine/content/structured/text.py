"""Readable text for a field: words that suit its role, as long as is asked. Pure."""

from collections.abc import Callable, Sequence
from typing import Final

from simulator.engine.content.structured import formats, vocabulary
from simulator.engine.content.structured.draws import Draws
from simulator.engine.content.structured.roles import Field, Role

_LISTS: Final[dict[Role, Sequence[str]]] = {
    Role.CITY: vocabulary.CITIES,
    Role.PLACE: vocabulary.CITIES,
    Role.COUNTRY: vocabulary.COUNTRIES,
    Role.STATE: vocabulary.STATES,
    Role.ADDRESS: vocabulary.STREETS,
    Role.POSTAL: vocabulary.POSTAL_CODES,
    Role.FIRST_NAME: vocabulary.FIRST_NAMES,
    Role.LAST_NAME: vocabulary.LAST_NAMES,
    Role.COMPANY: vocabulary.COMPANIES,
    Role.VENUE: vocabulary.VENUES,
    Role.PRODUCT: vocabulary.PRODUCTS,
    Role.FILE: vocabulary.FILES,
    Role.DAY: vocabulary.DAYS,
    Role.MONTH: vocabulary.MONTHS,
    Role.TIMEZONE: vocabulary.TIMEZONES,
    Role.TITLE: vocabulary.TITLES,
    Role.DESCRIPTION: vocabulary.SENTENCES,
    Role.REASON: vocabulary.REASONS,
    Role.STEP: vocabulary.STEPS,
    Role.QUERY: vocabulary.QUERIES,
    Role.MESSAGE: vocabulary.SENTENCES,
    Role.CURRENCY: vocabulary.CURRENCIES,
    Role.LANGUAGE: vocabulary.LANGUAGES,
    Role.COLOUR: vocabulary.COLOURS,
    Role.STATUS: vocabulary.STATUSES,
    Role.CATEGORY: vocabulary.CATEGORIES,
    Role.TAG: vocabulary.TAGS,
    Role.UNIT: vocabulary.UNITS,
    Role.JOB: vocabulary.JOBS,
    Role.SENTIMENT: vocabulary.SENTIMENTS,
    Role.TEXT: vocabulary.PHRASES,
}
_MADE: Final[dict[Role, Callable[[Draws], str]]] = {
    Role.PERSON: lambda draws: f"{draws.pick(vocabulary.FIRST_NAMES)} {draws.pick(vocabulary.LAST_NAMES)}",
    Role.EMAIL: formats.email,
    Role.PHONE: lambda draws: formats.make("phone", draws),
    Role.URL: formats.url,
    Role.DATE: formats.date,
    Role.TIME: formats.clock,
    Role.DATE_TIME: lambda draws: formats.make("date-time", draws),
    Role.DURATION: lambda draws: f"{draws.between(2, 12) * 5} minutes",
    Role.EXPRESSION: lambda draws: f"{draws.between(2, 40)} + {draws.between(2, 40)}",
    Role.CODE: lambda draws: "".join([chr(65 + draws.below(26)) for _ in range(3)]),
    Role.YEAR: lambda draws: str(draws.between(1990, 2026)),
    Role.AGE: lambda draws: str(draws.between(18, 80)),
    Role.PRICE: lambda draws: f"{draws.between(5, 400)}.{draws.between(0, 99):02}",
    Role.PERCENT: lambda draws: f"{draws.between(1, 100)}%",
    Role.TEMPERATURE: lambda draws: f"{draws.between(5, 30)}",
    Role.LATITUDE: lambda draws: f"{draws.between(-60, 60)}.{draws.below(1000):03}",
    Role.LONGITUDE: lambda draws: f"{draws.between(-170, 170)}.{draws.below(1000):03}",
}
_NUMERIC: Final = frozenset({Role.COUNT, Role.RATING, Role.SCORE, Role.LIMIT, Role.PAGE, Role.MEASURE})


def readable(field: Field, draws: Draws) -> str:
    """A short text that suits the field."""
    role = field.role
    if field.script and field.script in vocabulary.BY_SCRIPT and role not in _MADE:
        return draws.pick(vocabulary.BY_SCRIPT[field.script])
    if role is Role.COUNTRY and "code" in field.parts:
        return draws.pick(vocabulary.COUNTRY_CODES)
    if role is Role.LANGUAGE and ("code" in field.parts or "locale" in field.parts):
        return draws.pick(vocabulary.LANGUAGE_CODES)
    if role is Role.ID:
        owner = field.owner if field.owner.isascii() and field.owner else "id"
        return f"{owner}_{draws.between(1000, 9999)}"
    made = _MADE.get(role)
    if made is not None:
        return made(draws)
    return str(draws.between(1, 20)) if role in _NUMERIC else draws.pick(_LISTS[role])


def fitted(text: str, shortest: int, longest: int | None, draws: Draws) -> str:
    """The text, cut or continued until its length is allowed."""
    if len(text) < shortest:
        parts = [text]
        length = len(text)
        while length < shortest:
            more = draws.pick(vocabulary.SENTENCES) if length else draws.pick(vocabulary.TITLES)
            parts.append(more)
            length += len(more) + 1
        text = " ".join([part for part in parts if part])
        if longest is None or len(text) <= longest:
            return text
    if longest is None or len(text) <= longest:
        return text
    cut = text[:longest]
    end = cut.rfind(" ")
    if end >= max(shortest, longest // 2, 1):
        cut = cut[:end]
    bare = cut.rstrip(" ,.;")
    return bare if len(bare) >= max(shortest, 1) else cut
