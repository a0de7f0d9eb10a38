"""Dates as numbers of days, and back. Pure; it knows no today.

Howard Hinnant's `days_from_civil` and `civil_from_days` ("chrono-Compatible Low-Level Date Algorithms"), which are
exact for the proleptic Gregorian calendar; day 0 is 1970-01-01, a Thursday.
"""

from typing import Final

REFERENCE: Final = 20_468
"""2026-01-15, a Thursday: what `today` is for words like `tomorrow` where the conversation names no date."""
WEEKDAYS: Final = ("thursday", "friday", "saturday", "sunday", "monday", "tuesday", "wednesday")


def number(year: int, month: int, day: int) -> int:
    """The number of a day."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of a number."""
    era, of_era = divmod(day + 719_468, 146_097)
    years = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)
    shifted = (5 * of_year + 2) // 153
    month = shifted + (3 if shifted < 10 else -9)
    return years + era * 400 + (month <= 2), month, of_year - (153 * shifted + 2) // 5 + 1


def exists(year: int, month: int, day: int) -> bool:
    """Whether there is such a day, in the years 1 to 9999."""
    if not (1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31):
        return False
    return civil(number(year, month, day)) == (year, month, day)


def iso(day: int) -> str:
    """`2026-01-15`."""
    year, month, of_month = civil(day)
    return f"{year:04}-{month:02}-{of_month:02}"


def read(text: str) -> int | None:
    """The number of a day written as `iso` does."""
    if len(text) != 10 or text[4] != "-" or text[7] != "-" or not text.isascii():
        return None
    year, month, day = text[:4], text[5:7], text[8:]
    if not (year.isdigit() and month.isdigit() and day.isdigit()) or not exists(int(year), int(month), int(day)):
        return None
    return number(int(year), int(month), int(day))


def next_weekday(today: int, name: str) -> int:
    """The first day after `today` with that English name."""
    ahead = (WEEKDAYS.index(name) - today) % 7
    return today + (ahead or 7)
