"""Rate limits, as configuration. Pure data; how they are counted is in `simulator.state` and `simulator.limits`."""

from typing import Annotated, Literal

from msgspec import Meta

from simulator.config.section import Section

Amount = Annotated[int, Meta(ge=1, le=9_007_199_254)]
"""Levels are kept in millionths, and both stores reckon in doubles, which are exact up to 2**53."""


class Limit(Section, frozen=True):
    """How much may be asked for; null means no limit."""

    requests_per_minute: Amount | None = None
    """Requests a minute."""
    requests_per_day: Amount | None = None
    """Requests a day."""
    tokens_per_minute: Amount | None = None
    """Prompt and answer tokens a minute, together."""
    tokens_per_day: Amount | None = None
    """Prompt and answer tokens a day, together."""
    input_tokens_per_minute: Amount | None = None
    """Prompt tokens a minute."""
    output_tokens_per_minute: Amount | None = None
    """Answer tokens a minute."""
    concurrent_requests: Amount | None = None
    """Requests being answered at the same time."""


class Limits(Limit, frozen=True):
    """Rate limits. The keys above hold for each API key on each model; the sections below go beyond them."""

    enabled: bool = True
    """False limits nothing."""
    algorithm: Literal["token_bucket", "fixed_window"] = "token_bucket"
    """`token_bucket` refills steadily, as the providers do; `fixed_window` grants all of it anew each period."""
    tier: str | None = None
    """A preset of a provider's limits, such as `openai-tier-1`; keys that are given here go before it."""
    tenant_header: str = "openai-organization"
    """The request header that names the tenant; without it the request belongs to the tenant `default`."""
    models: dict[str, Limit] = {}
    """For each API key, on models whose name matches the pattern; replaces the limit it names, keeps the others."""
    keys: dict[str, Limit] = {}
    """For each API key that matches the pattern, over all models together."""
    tenants: dict[str, Limit] = {}
    """For each tenant that matches the pattern, over all its keys and models together."""
