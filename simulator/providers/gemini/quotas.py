"""Rate limits in the service's details and sentences. Pure.

The service tells them in its errors and in no header. Limits that it does not know (answer tokens, requests at the same
time) are told in its manner.
"""

import math
from collections.abc import Sequence
from typing import Any, Final

from simulator.providers.quota import Level, Quota, QuotaWriter

_SERVICE: Final = "generativelanguage.googleapis.com"
LEARN: Final = "https://ai.google.dev/gemini-api/docs/rate-limits"
EXCEEDED: Final = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    f"head to: {LEARN}. To monitor your current usage, head to: https://ai.dev/rate-limit. "
)
HELP: Final[dict[str, Any]] = {
    "@type": "type.googleapis.com/google.rpc.Help",
    "links": [{"description": "Learn more about Gemini API quotas", "url": LEARN}],
}
_UNITS: Final = {
    ("requests", "minute"): ("generate_requests_per_model", "GenerateRequestsPerMinutePerProjectPerModel"),
    ("requests", "day"): ("generate_requests_per_model_per_day", "GenerateRequestsPerDayPerProjectPerModel"),
    ("tokens", "minute"): ("generate_content_token_count", "GenerateContentTokensPerModelPerMinute"),
    ("tokens", "day"): ("generate_content_token_count", "GenerateContentTokensPerModelPerDay"),
    ("input_tokens", "minute"): (
        "generate_content_paid_tier_input_token_count",
        "GenerateContentPaidTierInputTokensPerModelPerMinute",
    ),
    ("output_tokens", "minute"): (
        "generate_content_output_token_count",
        "GenerateContentOutputTokensPerModelPerMinute",
    ),
    ("concurrent", ""): ("concurrent_generate_requests", "ConcurrentGenerateRequestsPerProjectPerModel"),
}


def quota_writer(resources: Sequence[str]) -> QuotaWriter:
    """A writer of nothing: the service sends no rate-limit headers."""
    del resources
    return _silent


def _silent(levels: Sequence[Level], now: float) -> bytes:
    del levels, now
    return b""


def sentence(quota: Quota, model: str) -> str:
    """Which limit was reached, as the message of the error goes on."""
    metric, _ = _UNITS[quota.resource, quota.period]
    told = f"\n* Quota exceeded for metric: {_SERVICE}/{metric}, limit: {quota.limit}, model: {model}"
    return told if math.isinf(quota.wait) else f"{told}\nPlease retry in {_exact(quota.wait)}s."


def failure(quota: Quota, model: str) -> dict[str, Any]:
    """The detail that names the limit."""
    metric, name = _UNITS[quota.resource, quota.period]
    violation = {
        "quotaMetric": f"{_SERVICE}/{metric}",
        "quotaId": name,
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": str(quota.limit),
    }
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}


def retry_info(seconds: float) -> dict[str, Any]:
    """The detail that tells when to come again, in whole seconds rounded up."""
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{math.ceil(seconds)}s"}


def _exact(seconds: float) -> str:
    return f"{seconds:.9f}".rstrip("0").rstrip(".")
