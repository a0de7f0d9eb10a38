"""Rate limits in Cohere's headers and sentences. Pure.

The service counts calls a minute and says how many are left only to trial keys, in headers that name neither a period
nor a time of reset; of several limits of requests they tell the one of which the smallest share is left. Its other
limits stand in no header.
"""

from collections.abc import Sequence
from typing import Final

from simulator.providers.quota import Level, Quota, QuotaWriter, tightest

_LINES: Final = b"x-trial-endpoint-call-limit: %d\r\nx-trial-endpoint-call-remaining: %d\r\n"
_UPGRADE: Final = (
    "You can continue to use the Trial key for free or upgrade to a Production key with higher rate limits at "
    "'https://dashboard.cohere.com/api-keys'. Contact us on 'https://discord.gg/XW44jPfYJu' or email us at "
    "support@cohere.com with any questions"
)


def quota_writer(resources: Sequence[str]) -> QuotaWriter:
    """`x-trial-endpoint-call-{limit,remaining}`, where requests are limited."""
    places = [place for place, resource in enumerate(resources) if resource == "requests"]

    def silent(levels: Sequence[Level], now: float) -> bytes:
        del levels, now
        return b""

    def write(levels: Sequence[Level], now: float) -> bytes:
        del now
        level = tightest(levels, places)
        return _LINES % (level.limit, level.remaining)

    return write if places else silent


def sentence(quota: Quota) -> str:
    """Why a request is refused, in the service's words."""
    if quota.resource == "requests":
        return f"You are using a Trial key, which is limited to {quota.limit} API calls / {quota.period}. {_UPGRADE}"
    if quota.resource == "concurrent":
        return "Please wait and try again later"
    unit = quota.resource.replace("_", " ")
    return f"trial token rate limit exceeded, limit is {quota.limit} {unit} per {quota.period}"
