"""Which requests are kept for whoever wants to see what clients sent. Pure data; `simulator.server.recording` acts."""

from typing import Annotated

from msgspec import Meta

from simulator.config.section import Section


class Recording(Section, frozen=True):
    """Requests as they came, listed at `/admin/requests`. Keys are never kept; prompts are."""

    enabled: bool = False
    """True keeps each request with what it was answered with, before anything of the answer is sent."""
    max_requests: Annotated[int, Meta(ge=1, le=10_000)] = 1_000
    """Requests kept at the same time, over all who share the state; the oldest give way."""
    max_body_bytes: Annotated[int, Meta(ge=0, le=8_388_608)] = 65_536
    """How much of a body is kept."""
    ttl_secs: Annotated[int, Meta(ge=1, le=2_592_000)] = 86_400
    """How long a request is kept."""
