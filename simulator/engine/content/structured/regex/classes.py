r"""Sets of characters: `\d`, `\w`, `\s`, `.`, `\p{…}`, ranges, their complements. Pure.

As ECMA-262 has them, which JSON Schema refers to: `\d` and `\w` are ASCII. Sets by Unicode category are worked out over
the Basic Multilingual Plane at their first use; sets by script are the main blocks of the script.
"""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from simulator.engine.content.structured.listing import listed
from simulator.engine.content.structured.regex.tree import Chars, Range

LAST: Final = 0x10FFFF
DIGITS: Final[tuple[Range, ...]] = ((48, 57),)
WORD: Final[tuple[Range, ...]] = ((48, 57), (65, 90), (95, 95), (97, 122))
SPACE: Final[tuple[Range, ...]] = (
    (9, 13),
    (32, 32),
    (160, 160),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)
LINE_ENDS: Final[tuple[Range, ...]] = ((10, 10), (13, 13), (0x2028, 0x2029))

_SCRIPTS: Final[dict[str, tuple[Range, ...]]] = {
    "Latin": ((65, 90), (97, 122), (0xC0, 0xD6), (0xD8, 0xF6), (0xF8, 0x24F)),
    "Greek": ((0x391, 0x3A1), (0x3A3, 0x3CE)),
    "Cyrillic": ((0x400, 0x481), (0x48A, 0x52F)),
    "Armenian": ((0x531, 0x556), (0x561, 0x586)),
    "Hebrew": ((0x5D0, 0x5EA),),
    "Arabic": ((0x620, 0x63F), (0x641, 0x64A)),
    "Devanagari": ((0x904, 0x939),),
    "Bengali": ((0x985, 0x98C), (0x993, 0x9A8)),
    "Tamil": ((0xB85, 0xB8A), (0xBAE, 0xBB9)),
    "Thai": ((0xE01, 0xE30), (0xE40, 0xE46)),
    "Hiragana": ((0x3041, 0x3096),),
    "Katakana": ((0x30A1, 0x30FA),),
    "Han": ((0x4E00, 0x9FFF), (0x3400, 0x4DBF)),
    "Hangul": ((0xAC00, 0xD7A3),),
}
_LONG_NAMES: Final = {
    "Letter": "L",
    "Lowercase_Letter": "Ll",
    "Uppercase_Letter": "Lu",
    "Mark": "M",
    "Number": "N",
    "Decimal_Number": "Nd",
    "Punctuation": "P",
    "Symbol": "S",
    "Separator": "Z",
    "Space_Separator": "Zs",
    "Other": "C",
    "Alphabetic": "L",
    "Alpha": "L",
    "Lowercase": "Ll",
    "Uppercase": "Lu",
}
_CATEGORIES: Final = listed(
    "L Lu Ll Lt LC Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp C Cc Cf"
)
_POOL: Final = 192
_READABLE: Final = (*range(97, 123), *range(48, 58), *range(65, 91))
_PRINTABLE: Final = (*_READABLE, *[code for code in range(33, 127) if code not in _READABLE])


def union(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The ranges in order, those that touch joined."""
    joined: list[Range] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(high, joined[-1][1]))
        else:
            joined.append((low, high))
    return tuple(joined)


def complement(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """Every code point that is in none of the ranges."""
    outside: list[Range] = []
    after = 0
    for low, high in union(ranges):
        if low > after:
            outside.append((after, low - 1))
        after = high + 1
    if after <= LAST:
        outside.append((after, LAST))
    return tuple(outside)


def both_cases(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """The ranges with the other case of each of their ASCII letters."""
    more = list(ranges)
    for low, high in tuple(more):
        for first, last, step in ((65, 90, 32), (97, 122, -32)):
            if low <= last and high >= first:
                more.append((max(low, first) + step, min(high, last) + step))
    return union(more)


@lru_cache(maxsize=64)
def by_property(name: str) -> tuple[Range, ...] | None:
    r"""The set of `\p{name}`; None for a name that is not known."""
    kind, equals, value = name.partition("=")
    if equals:
        known = kind in {"Script", "sc", "Script_Extensions", "scx", "General_Category", "gc"}
        return by_property(value) if known else None
    if name in _SCRIPTS:
        return union(_SCRIPTS[name])
    if name == "ASCII":
        return ((0, 127),)
    if name == "Any":
        return ((0, LAST),)
    short = _LONG_NAMES.get(name, name)
    if short not in _CATEGORIES:
        return None
    wanted = ("Lu", "Ll", "Lt") if short == "LC" else (short,)
    category = unicodedata.category
    return union((code, code) for code in range(0x10000) if category(chr(code)).startswith(wanted))


def chars(ranges: tuple[Range, ...], *, negated: bool = False) -> Chars:
    """The set of one character, with the members that are written. `ranges` are those of the set itself."""
    return Chars(ranges, _pool(ranges, negated), negated)


@lru_cache(maxsize=1024)
def _pool(ranges: tuple[Range, ...], negated: bool) -> tuple[int, ...]:
    preferred = _READABLE if negated else _PRINTABLE
    for codes in (preferred, _PRINTABLE, (32,)):
        members = tuple([code for code in codes if any(low <= code <= high for low, high in ranges)])
        if members:
            return members
    letters: list[int] = []
    others: list[int] = []
    for low, high in ranges:
        for code in range(low, min(high, low + _POOL) + 1):
            if 0xD800 <= code <= 0xDFFF:
                break  # a lone surrogate is not text
            (letters if unicodedata.category(chr(code))[0] in "LN" else others).append(code)
        if len(letters) >= _POOL:
            break
    return tuple((letters or others)[:_POOL])
