"""How latency is written in configuration: a distribution by name with its parameters, in milliseconds.

Pure data. What the parameters mean, and every check between them, is in `simulator.engine.latency`.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

Milliseconds = Annotated[float, Meta(ge=0)]


class _Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="distribution"):
    min_ms: Milliseconds | None = None
    max_ms: Milliseconds | None = None


class LogNormal(_Distribution, tag="log_normal"):
    """By percentiles or by the mean and standard deviation of the values themselves."""

    p50_ms: Milliseconds | None = None
    p95_ms: Milliseconds | None = None
    p99_ms: Milliseconds | None = None
    mean_ms: Milliseconds | None = None
    std_dev_ms: Milliseconds | None = None


class Normal(_Distribution, tag="normal"):
    """By mean and standard deviation, or by percentiles; cut off below zero."""

    mean_ms: Milliseconds | None = None
    std_dev_ms: Milliseconds | None = None
    p50_ms: Milliseconds | None = None
    p95_ms: Milliseconds | None = None
    p99_ms: Milliseconds | None = None


class Constant(_Distribution, tag="constant"):
    """Always the same."""

    value_ms: Milliseconds


Distribution = LogNormal | Normal | Constant


class Latency(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When tokens come: `ttft` is the first token's delay, `itl` the gap before each later one."""

    ttft: Distribution | None = None
    itl: Distribution | None = None
    prefill_ms_per_token: Milliseconds | None = None
    """Added to TTFT for each prompt token that is not cached."""
