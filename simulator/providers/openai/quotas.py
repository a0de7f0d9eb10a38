"""Rate limits in OpenAI's headers and sentences. Pure.

Of several limits of one resource the headers tell the one of which the smallest share is left. Limits that the real
service does not know (prompt or answer tokens alone, requests at the same time) are told in its manner where they
refuse, and in no header.
"""

import functools
import math
from collections.abc import Sequence

from simulator.providers.quota import Level, Quota, QuotaWriter, tightest

_ORGANIZATION = "org-SimulatedAccount00000001"
"""In the service's sentences an organization has an id of this form; clients cut it out by it."""
_LEARN = "Visit https://platform.openai.com/account/rate-limits to learn more."
_UNITS = {
    ("requests", "minute"): "requests per min (RPM)",
    ("requests", "day"): "requests per day (RPD)",
    ("tokens", "minute"): "tokens per min (TPM)",
    ("tokens", "day"): "tokens per day (TPD)",
    ("input_tokens", "minute"): "input tokens per min (ITPM)",
    ("output_tokens", "minute"): "output tokens per min (OTPM)",
    ("concurrent", ""): "concurrent requests",
}


_LINES = b"x-ratelimit-limit-%b: %%d\r\nx-ratelimit-remaining-%b: %%b\r\nx-ratelimit-reset-%b: %%b\r\n"


def quota_writer(resources: Sequence[str]) -> QuotaWriter:
    """`x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, as far as there are such limits."""
    groups = {
        told: [place for place, resource in enumerate(resources) if resource == told]
        for told in ("requests", "tokens")
        if told in resources
    }
    form = b"".join([_LINES % ((told.encode(),) * 3) for told in groups])

    def write(levels: Sequence[Level], now: float) -> bytes:
        del now
        told: list[int | bytes] = []
        for places in groups.values():
            level = tightest(levels, places)
            told += (level.limit, b"%d" % level.remaining, _encoded(_milliseconds(level)))
        return form % tuple(told)

    if [len(places) for places in groups.values()] != [1, 1]:
        return write
    first, second = [places[0] for places in groups.values()]
    limit = other_limit = above = reset = other_above = other_reset = 0
    told = b""

    def write_two(levels: Sequence[Level], now: float) -> bytes:
        # The same for what is usual, one limit of each, in half the time: of many responses in a millisecond all lines
        # but what remains are the same.
        nonlocal limit, other_limit, above, reset, other_above, other_reset, told
        del now
        level, other = levels[first], levels[second]
        if (
            level.limit != limit
            or other.limit != other_limit
            or not above < level.reset_us <= reset
            or not other_above < other.reset_us <= other_reset
        ):
            limit, other_limit = level.limit, other.limit
            soon, late = _milliseconds(level), _milliseconds(other)
            above, reset = (soon - 1) * 1000, soon * 1000
            other_above, other_reset = (late - 1) * 1000, late * 1000
            told = form % (limit, b"%d", _encoded(soon), other_limit, b"%d", _encoded(late))
        return told % (level.remaining, other.remaining)

    return write_two


def _milliseconds(level: Level) -> int:
    return -(-level.reset_us // 1000)


@functools.lru_cache(maxsize=2048)
def _encoded(milliseconds: int) -> bytes:
    return _written(milliseconds).encode()


def reached(quota: Quota, model: str) -> str:
    """Why a request is refused, in the service's words."""
    place = f"for {model} in organization {_ORGANIZATION} on {_UNITS[quota.resource, quota.period]}"
    if quota.wait == math.inf:
        return (
            f"Request too large {place}: Limit {quota.limit}, Requested {quota.asked}. The input or output tokens must "
            f"be reduced in order to run successfully. {_LEARN}"
        )
    return (
        f"Rate limit reached {place}: Limit {quota.limit}, Used {quota.used}, Requested {quota.asked}. "
        f"Please try again in {duration(quota.wait)}. {_LEARN}"
    )


def kind(quota: Quota) -> str:
    """The error's type."""
    return "tokens" if quota.resource.endswith("tokens") else "requests"


def duration(seconds: float) -> str:
    """A time as the service writes it: `20ms`, `18.642s`, `6m0s`, `1h2m3s`; rounded up to milliseconds."""
    return _written(math.ceil(seconds * 1000 - 1e-6))


def _written(milliseconds: int) -> str:
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    whole, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(whole, 60)
    tail = f"{second}.{rest:03d}".rstrip("0") + "s" if rest else f"{second}s"
    if not minutes:
        return tail
    hours, minute = divmod(minutes, 60)
    return f"{hours}h{minute}m{tail}" if hours else f"{minute}m{tail}"
