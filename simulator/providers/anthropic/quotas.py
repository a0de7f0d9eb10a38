"""Rate limits in Anthropic's headers and sentences. Pure.

The real service rounds remaining tokens to thousands; these are exact. Of several limits of one resource the headers
tell the one of which the smallest share is left. A limit of requests at the same time stands in no header.
"""

import datetime as dt
import functools
import math
from collections.abc import Sequence

from simulator.providers.anthropic.wire import ORGANIZATION
from simulator.providers.quota import Level, Quota, QuotaWriter, tightest

_NAMES = {
    "requests": b"requests",
    "tokens": b"tokens",
    "input_tokens": b"input-tokens",
    "output_tokens": b"output-tokens",
}
_UNITS = {"input_tokens": "input tokens", "output_tokens": "output tokens"}
_PLACES = (
    "Number of concurrent connections has exceeded your rate limit. Please try again later or contact sales at "
    "https://www.anthropic.com/contact-sales to discuss your options for a rate limit increase."
)
_MORE = (
    "For details, refer to: https://docs.claude.com/en/api/rate-limits. You can see the response headers for current "
    "usage. Please reduce the prompt length or the maximum tokens requested, or try again later. You may also contact "
    "sales at https://claude.com/contact-sales to discuss your options for a rate limit increase."
)

_LINES = (
    b"anthropic-ratelimit-%b-limit: %%d\r\n"
    b"anthropic-ratelimit-%b-remaining: %%d\r\n"
    b"anthropic-ratelimit-%b-reset: %%b\r\n"
)


def quota_writer(resources: Sequence[str]) -> QuotaWriter:
    """`anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}`."""
    groups: dict[bytes, list[int]] = {}
    for place, resource in enumerate(resources):
        if resource in _NAMES:
            groups.setdefault(_NAMES[resource], []).append(place)
    form = b"".join([_LINES % (name, name, name) for name in groups])
    places_of = list(groups.values())

    def write(levels: Sequence[Level], now: float) -> bytes:
        told: list[int | bytes] = []
        for places in places_of:
            level = tightest(levels, places)
            told += (level.limit, level.remaining, _moment(math.ceil(now + level.reset_us * 1e-6)))
        return form % tuple(told)

    return write


def sentence(quota: Quota, model: str) -> str:
    """Why a request is refused, in the service's words."""
    where = f"(org: {ORGANIZATION[1].decode()}, model: {model})"
    if quota.resource == "concurrent":
        return _PLACES
    unit = _UNITS.get(quota.resource, quota.resource)
    limit = f"{quota.limit:,} {unit} per {quota.period}"
    return f"This request would exceed your organization's rate limit of {limit} {where}. {_MORE}"


@functools.lru_cache(maxsize=256)
def _moment(seconds: int) -> bytes:
    """RFC 3339 in UTC; the same second is asked for by many responses."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ").encode()
