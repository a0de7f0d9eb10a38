"""Rate limits in Mistral's headers. Pure.

The service tells its limits by the minute; of several limits of one resource the headers tell the one of which the
smallest share is left. Limits of other resources are in no header.
"""

from collections.abc import Sequence

from simulator.providers.quota import Level, QuotaWriter, tightest

_NAMES = {"requests": b"req-minute", "tokens": b"tokens-minute"}
_LINES = b"x-ratelimit-limit-%b: %%d\r\nx-ratelimit-remaining-%b: %%d\r\n"


def quota_writer(resources: Sequence[str]) -> QuotaWriter:
    """`x-ratelimit-{limit,remaining}-{req,tokens}-minute`, as far as there are such limits."""
    groups = {
        told: [place for place, resource in enumerate(resources) if resource == told]
        for told in _NAMES
        if told in resources
    }
    form = b"".join([_LINES % (_NAMES[told], _NAMES[told]) for told in groups])

    def write(levels: Sequence[Level], now: float) -> bytes:
        del now
        told: list[int] = []
        for places in groups.values():
            level = tightest(levels, places)
            told += (level.limit, level.remaining)
        return form % tuple(told)

    return write
