"""From a row of a trace, a mapping of names to values, to a request. Pure.

A time's name ends with its unit: `ttft_ms`, `ttft_s`. Of each quantity several names are understood, those of
this product and those of common tools. Raises `ValueError` with what is wrong, naming the field.
"""

import functools
import json
import math
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any

from simulator.config.faults import excerpt
from simulator.fitting.trace import Request

UNITS: Mapping[str, float] = {
    **dict.fromkeys(("s", "sec", "secs", "seconds"), 1.0),
    **dict.fromkeys(("ms", "millis", "milliseconds"), 1e-3),
    **dict.fromkeys(("us", "micros", "microseconds"), 1e-6),
    **dict.fromkeys(("ns", "nanos", "nanoseconds"), 1e-9),
}
"""Seconds of each unit."""

TTFT = ("ttft", "time_to_first_token")
GAPS = ("gaps", "itl", "itls", "inter_token_latency", "inter_token_latencies", "tpot", "time_per_output_token")
TIMES = ("token_times",)
START = ("start",)
PROMPT = ("prompt_tokens", "input_tokens", "number_input_tokens", "input_len", "prompt_len")
CACHED = ("cached_tokens", "cached_prompt_tokens", "cache_read_input_tokens", "cached_input_tokens")
MODEL = ("model", "model_id", "model_name")
ERROR = ("error", "error_code", "error_msg")

_LONGEST = 1e9
"""Seconds: the most that a delay of the configuration can be."""
_LISTS = str.maketrans(";|", ",,")


class Failed(Exception):  # noqa: N818 - the request did, not the row
    """The row tells of a request that failed."""


def request_of(row: Mapping[str, Any]) -> Request:
    """The request of a row. Raises `Failed` for one that failed, `ValueError` for a bad one."""
    if any(row.get(name) not in (None, "", 0, "0", False) for name in ERROR) or row.get("success") in (False, "false"):
        raise Failed
    ttft = _one(row, TTFT)
    gaps, mean = _gaps(row)
    if times := _many(row, TIMES):
        if ttft is not None or gaps:
            raise ValueError(f"{times[0]} and another time: give token_times alone, or ttft and gaps")
        ttft, gaps = _split(times[0], times[1], _one(row, START, signed=True) or 0.0)
    if ttft is None and not gaps:
        raise ValueError(_nothing(row))
    return Request(_model(row), ttft, tuple(gaps), mean, _uncached(row))


def _gaps(row: Mapping[str, Any]) -> tuple[Iterable[float], bool]:
    found = _many(row, GAPS)
    if not found:
        return (), False
    name, values, single = found
    return tuple(_delay(name, value) for value in values), single


def _split(name: str, times: list[float], start: float) -> tuple[float, list[float]]:
    """The first token's delay and the gaps, of absolute times in seconds."""
    from_start = [value - start for value in times]
    gaps = [later - earlier for earlier, later in pairwise(from_start)]
    if from_start[0] < 0.0:
        raise ValueError(f"{name}: the first token comes before the request's start")
    for place, gap in enumerate(gaps):
        if gap < 0.0:
            raise ValueError(f"{name}: token {place + 2} comes before token {place + 1}")
    for value in (from_start[0], *gaps):
        _delay(name, value)
    return from_start[0], gaps


def _one(row: Mapping[str, Any], names: tuple[str, ...], *, signed: bool = False) -> float | None:
    """The time of the one field with one of these names, in seconds; None if it is not given."""
    found = _field(row, names)
    if found is None:
        return None
    name, value, unit = found
    seconds = _number(name, value) * unit
    return seconds if signed else _delay(name, seconds)


def _many(row: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, list[float], bool] | None:
    """Name and times of the one field with one of these names, and whether it was a single number."""
    found = _field(row, names)
    if found is None:
        return None
    name, value, unit = found
    if isinstance(value, str):
        value = _listed(name, value)
    if not isinstance(value, list):
        return name, [_number(name, value) * unit], True
    return name, [_number(f"{name}[{place}]", each) * unit for place, each in enumerate(value)], False


def _field(row: Mapping[str, Any], names: tuple[str, ...]) -> tuple[str, Any, float] | None:
    """Name, value and unit (seconds) of the field with one of these names. Raises for two, and for one without unit."""
    found: tuple[str, Any, float] | None = None
    for key, value in row.items():
        if value is None or value == "" or not isinstance(key, str):
            continue
        unit = _unit(key, names)
        if unit is not None:
            if found is not None:
                raise ValueError(f"{found[0]} and {key}: give one of them")
            found = key, value, unit
    return found


@functools.lru_cache(maxsize=4_096)
def _unit(key: str, names: tuple[str, ...]) -> float | None:
    """The unit (seconds) in a key that is one of these names with a unit; None for another key."""
    lower = key.strip().lower()
    if lower in names:
        raise ValueError(f"{key}: its name must end with its unit, {lower}_ms or {lower}_s")
    base, _, suffix = lower.rpartition("_")
    return UNITS.get(suffix) if base in names else None


def _listed(name: str, text: str) -> Any:
    """A cell of text as a number or a list of numbers: JSON, or numbers between ; or | or spaces."""
    text = text.strip()
    try:
        if text.startswith("["):
            return json.loads(text)
        parts = text.translate(_LISTS).replace(",", " ").split()
        values = [float(part) for part in parts]
    except (ValueError, RecursionError):
        raise ValueError(f"{name}: found {excerpt(text)}; allowed: a number, or a list such as [12.5, 13]") from None
    return values[0] if len(values) == 1 else values


def _number(name: str, value: Any) -> float:
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            raise ValueError(f"{name}: found {excerpt(value)}; allowed: a number") from None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name}: found {excerpt(value)}; allowed: a number")  # noqa: TRY004 - one kind for a row
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError(f"{name}: found {excerpt(value)}; allowed: a finite number")
    return number


def _delay(name: str, seconds: float) -> float:
    if not 0.0 <= seconds <= _LONGEST:
        raise ValueError(f"{name}: found {seconds * 1e3:g} ms; allowed: a time from 0 to {_LONGEST:g} s")
    return seconds


def _uncached(row: Mapping[str, Any]) -> float | None:
    prompt, cached = _count(row, PROMPT), _count(row, CACHED)
    if prompt is None:
        return None
    if cached is not None and cached > prompt:
        raise ValueError(f"more cached tokens ({cached:g}) than prompt tokens ({prompt:g})")
    return prompt - (cached or 0.0)


def _count(row: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    for name in names:
        value = row.get(name)
        if value is not None and value != "":
            count = _number(name, value)
            if not 0.0 <= count <= 1e9:
                raise ValueError(f"{name}: found {count:g}; allowed: a number of tokens, 0 or more")
            return count
    return None


def _model(row: Mapping[str, Any]) -> str:
    value = next((row[name] for name in MODEL if row.get(name) not in (None, "")), "")
    if not isinstance(value, str) or not value.isprintable() or len(value) > 200:
        raise ValueError(f"model: found {excerpt(value)}; allowed: a name of up to 200 printable characters")
    return value.strip()


def _nothing(row: Mapping[str, Any]) -> str:
    if row.get("mean_ttft_ms") is not None or any(str(key).startswith("results_") for key in row):
        return "a summary without the times of each request (for vllm bench serve, add --save-result --save-detailed)"
    given = ", ".join(str(key) for key in list(row)[:8])
    return f"no time in this row (found: {given or 'nothing'}); needed: ttft_ms, itl_ms, gaps_ms or token_times_ms"
