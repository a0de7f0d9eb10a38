"""Rate limits in OpenAI's headers and sentences. Pure.

Of several limits of one resource the headers tell the one of which the smallest share is left. Limits that the real
service does not know (prompt or answer tokens alone, requests at the same time) are told in its manner where they
refuse, and in no header.
"""

import math
from collections.abc import Sequence

from simulator.providers.base import Quota
from simulator.providers.openai.headers import ORGANIZATION

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


_REQUESTS = (
    b"x-ratelimit-limit-requests: %d\r\nx-ratelimit-remaining-requests: %d\r\nx-ratelimit-reset-requests: %b\r\n"
)
_TOKENS = b"x-ratelimit-limit-tokens: %d\r\nx-ratelimit-remaining-tokens: %d\r\nx-ratelimit-reset-tokens: %b\r\n"


def quota_lines(quotas: Sequence[Quota]) -> bytes:
    """`x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, as far as there are such limits, as lines."""
    requests = tokens = None
    for quota in quotas:
        if quota.resource == "requests":
            if requests is None or _tighter(quota, requests):
                requests = quota
        elif quota.resource == "tokens" and (tokens is None or _tighter(quota, tokens)):
            tokens = quota
    lines = b""
    if requests is not None:
        lines = _REQUESTS % (requests.limit, requests.remaining, duration(requests.reset).encode())
    if tokens is not None:
        lines += _TOKENS % (tokens.limit, tokens.remaining, duration(tokens.reset).encode())
    return lines


def reached(quota: Quota, model: str) -> str:
    """Why a request is refused, in the service's words."""
    place = f"for {model} in organization {ORGANIZATION.decode()} on {_UNITS[quota.resource, quota.period]}"
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
    milliseconds = math.ceil(seconds * 1000 - 1e-6)
    if milliseconds < 1000:
        return f"{milliseconds}ms"
    whole, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(whole, 60)
    tail = f"{second}.{rest:03d}".rstrip("0") + "s" if rest else f"{second}s"
    if not minutes:
        return tail
    hours, minute = divmod(minutes, 60)
    return f"{hours}h{minute}m{tail}" if hours else f"{minute}m{tail}"


def _tighter(one: Quota, other: Quota) -> bool:
    return one.remaining * other.limit < other.remaining * one.limit
