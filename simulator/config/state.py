"""Where the fleet's shared state is kept, as configuration. Pure data; the stores are in `simulator.state`."""

from typing import Annotated, Literal

from msgspec import Meta

from simulator.config.section import Positive, Section

Wait = Annotated[float, Meta(ge=1, le=60_000)]
"""Milliseconds that a request may wait for Redis."""


class Redis(Section, frozen=True):
    """How the Redis at `state.url` is used."""

    prefix: Annotated[str, Meta(pattern="^[A-Za-z0-9_.:-]{1,64}$")] = "llm-sim"
    """What every key begins with; fleets that share a prefix share their state."""
    connect_timeout_ms: Wait = 200
    """Longest wait for a connection."""
    call_timeout_ms: Wait = 80
    """Longest wait for an answer; then this pod goes on with its share of each limit."""
    probe_ms: Wait = 500
    """Between two looks at a Redis that is away."""
    max_connections: Positive = 16
    """Connections of one worker."""
    clock: Literal["server", "client"] = "server"
    """Whose time counts for limits: Redis's own, or each pod's."""


class Objects(Section, frozen=True):
    """What clients store: files, batches, responses, conversations."""

    max_objects: Positive = 100_000
    """Objects kept at the same time; the oldest give way."""
    max_mb: Annotated[int, Meta(ge=1, le=65_536)] = 32
    """Size of all together; the oldest give way. In the embedded file they share its `size_mb`."""
    ttl_secs: Positive = 86_400
    """How long an object is kept that names no time of its own."""


class State(Section, frozen=True):
    """Rate limits, sessions, runtime configuration and scenarios, shared by all workers."""

    backend: Literal["embedded", "redis"] = "embedded"
    """`embedded` is a file that all workers of a host share; `redis` is shared by many pods."""
    path: str | None = None
    """Folder of the embedded file, for state that outlives the fleet; null makes one that goes with the fleet."""
    size_mb: Annotated[int, Meta(ge=4, le=65_536)] = 64
    """Size of the embedded file; when it is full the sessions unused for longest give way."""
    url: str = "redis://127.0.0.1:6379/0"
    """`redis://`, `rediss://` (TLS), `redis+sentinel://host:port,host:port/service/db` or `redis+cluster://`."""
    redis: Redis = Redis()
    objects: Objects = Objects()
