"""The configuration, as values. Pure data: no file, no environment, no default that is not written here.

Every section is a frozen struct; `load` builds one `Config` from the layers. A key's meaning, unit and
bounds stand beside it: the reference page is generated from this file.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from simulator.config.latency import Latency

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]
Seconds = Annotated[float, Meta(ge=0)]
Probability = Annotated[float, Meta(ge=0, le=1)]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]


class Section(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The base of every section: immutable, strict about keys."""


class Server(Section):
    """Where the fleet listens and how large it is."""

    host: str = "0.0.0.0"  # noqa: S104 - a server for containers; the seeds' default
    port: Port = 8080
    workers: Count = 0
    """Worker processes; 0 means as many as the CPU quota and affinity allow."""
    max_connections: Positive = 10_000
    """Open connections over the whole fleet; beyond it a worker stops accepting."""
    max_body_bytes: Positive = 33_554_432
    """Largest request body; larger ones are refused with 413."""
    max_json_depth: Annotated[int, Meta(ge=4, le=512)] = 128
    """Deepest nesting of a JSON body; deeper ones are refused with 400."""
    request_timeout_secs: Seconds = 300
    """Longest a response may take before the connection is closed; 0 means no limit."""
    shutdown_timeout_secs: Seconds = 30
    """How long running streams may go on after TERM."""
    keep_alive_secs: Seconds = 75
    """How long an idle connection stays open; longer than the 60 s of common load balancers."""
    write_timeout_secs: Seconds = 30
    """How long a client that reads nothing may hold a stream."""
    heartbeat_timeout_secs: Annotated[float, Meta(ge=1)] = 30
    """A worker whose event loop has not beaten for so long is replaced."""


class Concurrency(Section):
    """Admission for the whole fleet."""

    max_concurrent_requests: Positive = 10_000
    queue_size: Count = 1_000
    """How many requests may wait when the fleet is full; one more is refused at once."""
    backpressure_threshold: Probability = 0.8
    """Share of `max_concurrent_requests` above which the health page says so."""


class Sessions(Section):
    """Conversations remembered by `X-Session-ID`."""

    enabled: bool = True
    max_sessions: Positive = 100_000
    session_ttl_secs: Positive = 3_600
    max_context_tokens: Positive = 128_000


class Simulation(Section):
    """Randomness, time and admission."""

    deterministic: bool = True
    """False frees ids, creation times and answers from the request."""
    seed: Seed | None = 42
    """Root of every random draw; null draws one at the start and tells it."""
    pod_ordinal: Count | None = None
    """This pod's number; null finds it from the environment."""
    conditions: Literal["shard", "request"] = "shard"
    """What latency and faults are drawn from: the shard's sequence, or the request itself."""
    latency: Literal["profile", "none"] = "profile"
    """`none` answers at once."""
    latency_scale: Annotated[float, Meta(ge=0, le=1000)] = 1.0
    """Stretches every delay without changing its shape."""
    concurrency: Concurrency = Concurrency()
    sessions: Sessions = Sessions()


class RateLimitFault(Section):
    """429, as if the account's limit were reached."""

    probability: Probability = 0.0
    retry_after_secs: Seconds = 60


class TimeoutFault(Section):
    """Held for `timeout_ms`, then the connection is closed without an answer."""

    probability: Probability = 0.0
    timeout_ms: Seconds = 30_000


class PlainFault(Section):
    """A failure that needs nothing but its probability."""

    probability: Probability = 0.0


class OverloadedFault(Section):
    """503 (529 for Anthropic)."""

    probability: Probability = 0.0
    retry_after_secs: Seconds | None = None


class Errors(Section):
    """Which failures are injected, each by its own probability; at most one a request, in this order."""

    enabled: bool = True
    authentication: PlainFault = PlainFault()
    rate_limit: RateLimitFault = RateLimitFault()
    overloaded: OverloadedFault = OverloadedFault()
    server_error: PlainFault = PlainFault()
    timeout: TimeoutFault = TimeoutFault()


class Length(Section):
    """How long answers are, in tokens: log-normal between the bounds, before `max_tokens` cuts."""

    p50: Positive = 60
    p95: Positive = 180
    min: Count = 1
    max: Positive = 4_096


class Response(Section):
    """What an answer looks like."""

    length: Length = Length()
    model_suffix: str = ""
    """Appended to the model's name in replies; `-simulated` marks them plainly."""
    id_prefix: str | None = None
    """Replaces the provider's own id prefix, for example `chatcmpl-sim-`."""


class ModelSettings(Section):
    """Overrides for one model or for every model that the key's pattern matches."""

    enabled: bool = True
    provider: str | None = None
    """Which provider serves a model that the catalogue does not know; guessed from its name if null."""
    latency: Latency = Latency()
    errors: Errors = Errors()
    response: Response | None = None


class Models(Section):
    """Which models there are."""

    allow_unknown: bool = False
    """True answers any model name; otherwise unknown names get the provider's 404."""
    aliases: dict[str, str] = {}
    """Other names for models of the catalogue."""
    tokenizer: Literal["exact", "estimate"] = "exact"
    """`estimate` saves the memory of the vocabularies; counts are then approximate."""


class Logging(Section):
    """Log lines on standard error."""

    level: Literal["trace", "debug", "info", "warn", "error"] = "info"
    format: Literal["json", "pretty"] = "pretty"
    access_sample_rate: Probability = 0.0
    """Share of requests that get an access line."""


class Metrics(Section):
    """Prometheus."""

    enabled: bool = True
    prometheus_port: Port | None = None
    """A second port that serves only `/metrics`; null serves them on the main port alone."""
    directory: str | None = None
    """Where the multiprocess files are kept; null makes a temporary folder."""


class Tracing(Section):
    """OpenTelemetry."""

    enabled: bool = False
    otlp_endpoint: str = "http://localhost:4318"
    sample_rate: Probability = 1.0


class Telemetry(Section):
    """What the simulator tells of itself."""

    logging: Logging = Logging()
    metrics: Metrics = Metrics()
    tracing: Tracing = Tracing()
    lag_threshold_ms: Annotated[float, Meta(gt=0)] = 20
    """Schedule lag above which health and a response header say that the server itself was late."""


class Admin(Section):
    """The admin plane. With no key, only loopback may use it."""

    enabled: bool = True
    api_key: str | None = None
    allowed_ips: tuple[str, ...] = ()


class Config(Section):
    """Everything. `providers` is keyed by model name or pattern; `"*"` is the default for every model."""

    version: str = "1.0"
    server: Server = Server()
    simulation: Simulation = Simulation()
    models: Models = Models()
    response: Response = Response()
    providers: dict[str, ModelSettings] = {}
    errors: Errors = Errors()
    telemetry: Telemetry = Telemetry()
    admin: Admin = Admin()
