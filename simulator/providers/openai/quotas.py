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


_RESETS = 2_048
"""How many times until a reset are kept ready."""
_LINES = b"x-ratelimit-limit-%b: %%d\r\nx-ratelimit-remaining-%b: %%d\r\nx-ratelimit-reset-%b: %%b\r\n"


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
            told += (level.limit, level.remaining, _reset(level.reset_us))
        return form % tuple(told)

    if [len(places) for places in groups.values()] != [1, 1]:
        return write
    first, second = [places[0] for places in groups.values()]
    resets: dict[int, bytes] = {}

    def write_two(levels: Sequence[Level], now: float) -> bytes:
        # The same for what is usual, one limit of each: in half the time.
        del now
        one, other = levels[first], levels[second]
        soon, late = -(-one.reset_us // 1000), -(-other.reset_us // 1000)
        told = resets.get(soon)
        if told is None:
            told = _remembered(resets, soon)
        if late == soon:
            return form % (one.limit, one.remaining, told, other.limit, other.remaining, told)
        then = resets.get(late)
        if then is None:
            then = _remembered(resets, late)
        return form % (one.limit, one.remaining, told, other.limit, other.remaining, then)

    return write_two


def _remembered(resets: dict[int, bytes], milliseconds: int) -> bytes:
    if len(resets) >= _RESETS:
        resets.clear()
    resets[milliseconds] = found = _encoded(milliseconds)
    return found


def _reset(us: int) -> bytes:
    return _encoded(-(-us // 1000))


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
