"""The formats of strings: what is one, and how one is made. Pure.

The names are those of JSON Schema (2020-12, section 7.3) and of OpenAPI. A format that is not known is an annotation
and asks nothing. Made values are of the kind that documentation uses: `example.com` (RFC 2606), 192.0.2.0/24 (RFC
5737), 2001:db8::/32 (RFC 3849).
"""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Final

from simulator.engine.content.structured import days
from simulator.engine.content.structured.draws import Draws
from simulator.engine.content.structured.regex import PatternProblem, parse
from simulator.engine.content.structured.vocabulary import FIRST_NAMES, LAST_NAMES, SLUGS

LIMITS: Final = {
    "int8": (-(2**7), 2**7 - 1),
    "int16": (-(2**15), 2**15 - 1),
    "int32": (-(2**31), 2**31 - 1),
    "int64": (-(2**63), 2**63 - 1),
    "uint8": (0, 2**8 - 1),
    "uint16": (0, 2**16 - 1),
    "uint32": (0, 2**32 - 1),
    "uint64": (0, 2**64 - 1),
}
"""Formats of numbers that are bounds."""

_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([zZ]|[+-]([01]\d|2[0-3]):[0-5]\d)", re.ASCII)
_LOCAL_TIME: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d+)?)?", re.ASCII)
_DURATION: Final = re.compile(r"P(?!$)(\d+W|(\d+Y)?(\d+M)?(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?)", re.ASCII)
_EMAIL: Final = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]+")
_LABEL: Final = re.compile(r"[^\W_]([\w-]{0,61}[^\W_])?")
_URI: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}:[^\s<>\"{}|\\^`]+")
_REFERENCE: Final = re.compile(r"[^\s<>\"{}|\\^`]*")
_TEMPLATE: Final = re.compile(r"([^\s<>\"{}|\\^`]|\{[\w.,*:+#/;?&]{1,60}\})*")
_UUID: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_POINTER: Final = re.compile(r"(/([^/~]|~[01])*)*")
_RELATIVE: Final = re.compile(r"(0|[1-9]\d{0,9})(#|(/([^/~]|~[01])*)*)", re.ASCII)
_BYTE: Final = re.compile(r"25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d", re.ASCII)
_GROUP: Final = re.compile(r"[0-9A-Fa-f]{1,4}")
_PHONE: Final = re.compile(r"\+?[\d\s().-]{5,24}", re.ASCII)
_COLOUR: Final = re.compile(r"#([0-9A-Fa-f]{3}){1,2}")
_LONGEST: Final = 8_192


def _is_date(text: str) -> bool:
    return days.read(text) is not None


def _is_date_time(text: str) -> bool:
    return len(text) > 11 and text[10] in "Tt " and _is_date(text[:10]) and _TIME.fullmatch(text[11:]) is not None


def _is_hostname(text: str) -> bool:
    return len(text) <= 253 and all(_LABEL.fullmatch(label) for label in text.removesuffix(".").split("."))


def _is_ascii_hostname(text: str) -> bool:
    return text.isascii() and _is_hostname(text)


def _is_ipv4(text: str) -> bool:
    parts = text.split(".")
    return len(parts) == 4 and all(_BYTE.fullmatch(part) for part in parts)


def _is_ipv6(text: str) -> bool:
    if text.count("::") > 1 or ":::" in text:
        return False
    head, gap, tail = text.partition("::")
    groups = [*(head.split(":") if head else []), *(tail.split(":") if tail else [])]
    size = len(groups)
    if groups and "." in groups[-1]:
        if not _is_ipv4(groups.pop()):
            return False
        size += 1
    return all(_GROUP.fullmatch(each) for each in groups) and (size <= 7 if gap else size == 8)


def _is_regex(text: str) -> bool:
    try:
        parse(text)
    except PatternProblem:
        return False
    return True


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _fully(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: len(text) <= _LONGEST and pattern.fullmatch(text) is not None


def date(draws: Draws) -> str:
    """A day of 2026."""
    return days.iso(days.number(2026, 1, 1) + draws.below(365))


def clock(draws: Draws) -> str:
    """A time of a working day, at a quarter of an hour: `14:30`."""
    return f"{draws.between(8, 18):02}:{draws.pick(('00', '15', '30', '45'))}"


def email(draws: Draws) -> str:
    """An address of a made-up person."""
    return f"{draws.pick(FIRST_NAMES)}.{draws.pick(LAST_NAMES)}@example.com".lower()


def uuid(draws: Draws) -> str:
    """A UUID of version 4 (RFC 9562)."""
    text = f"{draws.word():016x}{draws.word():016x}"
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-{'89ab'[draws.below(4)]}{text[17:20]}-{text[20:]}"


def url(draws: Draws) -> str:
    """An address in the web."""
    return f"https://example.com/{draws.pick(SLUGS)}"


def _duration(draws: Draws) -> str:
    return draws.pick(("PT15M", "PT30M", "PT45M", "PT1H", "PT1H30M", "PT2H", "P1D", "P3D", "P1W", "P1M"))


def _base64(draws: Draws) -> str:
    return base64.b64encode(draws.pick(SLUGS).encode()).decode()


Maker = Callable[[Draws], str]
Check = Callable[[str], bool]

_FORMATS: Final[dict[str, tuple[Check, Maker]]] = {
    "date": (_is_date, date),
    "date-time": (_is_date_time, lambda draws: f"{date(draws)}T{clock(draws)}:00Z"),
    "time": (_fully(_TIME), lambda draws: f"{clock(draws)}:00Z"),
    "partial-time": (_fully(_LOCAL_TIME), lambda draws: f"{clock(draws)}:00"),
    "duration": (_fully(_DURATION), _duration),
    "email": (_fully(_EMAIL), email),
    "idn-email": (_fully(_EMAIL), email),
    "hostname": (_is_ascii_hostname, lambda draws: f"{draws.pick(SLUGS)}.example.com"),
    "idn-hostname": (_is_hostname, lambda draws: f"{draws.pick(SLUGS)}.example.com"),
    "ipv4": (_is_ipv4, lambda draws: f"192.0.2.{draws.between(1, 254)}"),
    "ipv6": (_is_ipv6, lambda draws: f"2001:db8::{draws.between(1, 0xFFFF):x}"),
    "uri": (_fully(_URI), url),
    "url": (_fully(_URI), url),
    "iri": (_fully(_URI), url),
    "uri-reference": (_fully(_REFERENCE), lambda draws: f"/{draws.pick(SLUGS)}"),
    "iri-reference": (_fully(_REFERENCE), lambda draws: f"/{draws.pick(SLUGS)}"),
    "uri-template": (_fully(_TEMPLATE), lambda draws: f"https://example.com/{draws.pick(SLUGS)}/{{id}}"),
    "uuid": (_fully(_UUID), uuid),
    "json-pointer": (_fully(_POINTER), lambda draws: f"/{draws.pick(SLUGS)}"),
    "relative-json-pointer": (_fully(_RELATIVE), lambda draws: f"1/{draws.pick(SLUGS)}"),
    "regex": (_is_regex, lambda draws: f"^{draws.pick(SLUGS)}$"),
    "byte": (_is_base64, _base64),
    "base64": (_is_base64, _base64),
    "phone": (_fully(_PHONE), lambda draws: f"+1-202-555-01{draws.below(100):02}"),
    "color": (_fully(_COLOUR), lambda draws: f"#{draws.below(1 << 24):06x}"),
}


def known(name: str) -> bool:
    """Whether a format asks something of strings."""
    return name in _FORMATS


def holds(name: str, text: str) -> bool:
    """Whether a text has a known format."""
    return _FORMATS[name][0](text)


def make(name: str, draws: Draws) -> str:
    """A text of a known format."""
    return _FORMATS[name][1](draws)
