"""The configuration, as values. Pure data: no file, no environment, no default that is not written here.

Every section is a frozen struct; `load` builds one `Config` from the layers. A key's meaning, unit and
bounds stand beside it: the reference page is generated from these files. Sections of some size have a file
of their own: `latency`, `limits`, `state`, `scenarios`.
"""

from typing import Annotated, Literal

from msgspec import Meta

from simulator.config.breaker import CircuitBreaker
from simulator.config.compat import Compat
from simulator.config.failures import Failure
from simulator.config.latency import Latency, Milliseconds
from simulator.config.limits import Limits
from simulator.config.recording import Recording
from simulator.config.rules import Rule
from simulator.config.scenarios import Scenario
from simulator.config.section import Count, Port, Positive, Probability, Seconds, Section, Seed
from simulator.config.state import State


class Server(Section, frozen=True):
    """Where the fleet listens and how large it is."""

    host: str = "0.0.0.0"  # noqa: S104 - a server for containers; the seeds' default
    """Address to listen on; `127.0.0.1` serves this machine alone."""
    port: Port = 8080
    """TCP port; 0 takes any free one."""
    workers: Count = 0
    """Worker processes; 0 means as many as the CPU quota and affinity allow."""
    max_connections: Positive = 10_000
    """Open connections over the whole fleet; beyond it a worker stops accepting."""
    max_body_bytes: Positive = 33_554_432
    """Largest request body; larger ones are refused with 413."""
    request_timeout_secs: Seconds = 300
    """Longest a response may take before the connection is closed; 0 means no limit."""
    shutdown_timeout_secs: Seconds = 30
    """How long running streams may go on after TERM; what is left then ends in band, with the provider's error."""
    lame_duck_secs: Seconds = 0
    """How long the fleet serves on after TERM, `/ready` off and `Connection: close` on every answer; load balancers
    need some seconds to stop sending."""
    max_requests: Count = 0
    """A worker that has answered so many requests is replaced, one at a time and without a gap; 0 means never."""
    max_requests_jitter: Count = 0
    """Each worker adds a random number up to this to `max_requests`, so that they do not all come at once."""
    keep_alive_secs: Seconds = 75
    """How long an idle connection stays open; longer than the 60 s of common load balancers."""
    write_timeout_secs: Seconds = 30
    """How long a client that reads nothing may hold a stream."""
    heartbeat_timeout_secs: Annotated[float, Meta(ge=1)] = 30
    """A worker whose event loop has not beaten for so long is replaced."""
    refuse_connections: bool = False
    """True has new connections refused by the kernel, as where nothing listens; those that are open go on. On Linux."""


class Concurrency(Section, frozen=True):
    """Admission for the whole fleet."""

    max_concurrent_requests: Positive = 10_000
    """Requests that are answered at the same time, over all workers."""
    queue_size: Count = 1_000
    """How many requests may wait when the fleet is full; one more is refused at once."""
    backpressure_threshold: Probability = 0.8
    """Share of `max_concurrent_requests` above which the health page says so."""


class Sessions(Section, frozen=True):
    """Conversations remembered by `X-Session-ID`."""

    enabled: bool = True
    """False ignores `X-Session-ID`."""
    max_sessions: Positive = 100_000
    """Sessions kept at the same time; the one unused for longest gives way."""
    session_ttl_secs: Positive = 3_600
    """How long an unused session is kept."""
    max_context_tokens: Positive = 128_000
    """Tokens that a session remembers; older turns are dropped."""


class Simulation(Section, frozen=True):
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
    batch_requests_per_sec: Annotated[float, Meta(gt=0)] = 20
    """How fast the requests of a batch are done."""
    prompt_cache: bool = True
    """False counts no cached tokens, whatever was asked before."""
    concurrency: Concurrency = Concurrency()
    sessions: Sessions = Sessions()
    request_faults: bool = True
    """Whether a request may ask for a failure (`x-llm-sim-fault`); nobody else's request is harmed by it."""
    recording: Recording = Recording()


class RateLimitFault(Section, frozen=True):
    """429, as if the account's limit were reached."""

    probability: Probability = 0.0
    """Share of requests that get it."""
    retry_after_secs: Seconds = 60
    """What the Retry-After header says."""


class TimeoutFault(Section, frozen=True):
    """Held for `timeout_ms`, then the connection is closed without an answer."""

    probability: Probability = 0.0
    """Share of requests that get it."""
    timeout_ms: Milliseconds = 30_000
    """How long the request is held."""


class PlainFault(Section, frozen=True):
    """A failure that needs nothing but its probability."""

    probability: Probability = 0.0
    """Share of requests that get it."""


class OverloadedFault(Section, frozen=True):
    """503 (529 for Anthropic)."""

    probability: Probability = 0.0
    """Share of requests that get it."""
    retry_after_secs: Seconds | None = None
    """What the Retry-After header says; null sends none."""


class Errors(Section, frozen=True):
    """Which failures are injected, each by its own probability; at most one a request, in this order."""

    enabled: bool = True
    """False injects none of them."""
    authentication: PlainFault = PlainFault()
    """401, as if the key were wrong."""
    rate_limit: RateLimitFault = RateLimitFault()
    overloaded: OverloadedFault = OverloadedFault()
    server_error: PlainFault = PlainFault()
    """500."""
    timeout: TimeoutFault = TimeoutFault()


class Length(Section, frozen=True):
    """How long answers are, in tokens: log-normal between the bounds, before `max_tokens` cuts."""

    p50: Positive = 60
    """Half of the answers are shorter."""
    p95: Positive = 180
    """19 of 20 answers are shorter."""
    min: Count = 1
    """No answer is shorter than this."""
    max: Positive = 4_096
    """No answer is longer than this."""


class Response(Section, frozen=True):
    """What an answer looks like."""

    kind: Literal["corpus", "echo", "template"] = "corpus"
    """What is said: readable text, the last message again, or `template`."""
    template: str = ""
    """What `template` says; `{{ last_message }}`, `{{ model }}` … as in `rules`."""
    length: Length = Length()
    model_suffix: str = ""
    """Appended to the model's name in replies; `-simulated` marks them plainly."""
    id_prefix: str | None = None
    """Replaces the provider's own id prefix, for example `chatcmpl-sim-`."""


class ModelSettings(Section, frozen=True):
    """Overrides for one model or for every model that the key's pattern matches.

    What a key does not give is taken from the next less specific key that matches, and in the end from the
    catalogue and the global sections.
    """

    enabled: bool = True
    """False hides the models whose most specific key this is."""
    provider: str | None = None
    """Which provider serves the model; null takes the catalogue's, or guesses from the name."""
    latency: Latency = Latency()
    """Replaces the catalogue's profile, part by part: `ttft`, `itl` and `prefill_ms_per_token` each alone."""
    errors: Errors | None = None
    """Replaces the global `errors` as a whole; null keeps it."""
    response: Response | None = None
    """Replaces the global `response` as a whole; null keeps it."""


class Models(Section, frozen=True):
    """Which models there are."""

    allow_unknown: bool = False
    """True answers any model name; otherwise unknown names get the provider's 404."""
    aliases: dict[str, str] = {}
    """Other names for models of the catalogue."""
    tokenizer: Literal["exact", "estimate"] = "exact"
    """`estimate` saves the memory of the vocabularies; counts are then approximate."""


class Logging(Section, frozen=True):
    """Log lines on standard error."""

    level: Literal["trace", "debug", "info", "warn", "error"] = "info"
    """The least important lines that are written."""
    format: Literal["json", "pretty"] = "pretty"
    """One JSON object a line for machines, or text for people."""


class Metrics(Section, frozen=True):
    """Prometheus."""

    enabled: bool = True
    """False counts nothing and serves no `/metrics`."""
    prometheus_port: Port | None = None
    """A second port that serves only `/metrics`; null serves them on the main port alone."""
    directory: str | None = None
    """Where the multiprocess files are kept; null makes a temporary folder."""


class Tracing(Section, frozen=True):
    """OpenTelemetry."""

    enabled: bool = False
    """True sends a span for each sampled request."""
    otlp_endpoint: str = "http://localhost:4318"
    """The collector, OTLP over HTTP."""
    sample_rate: Probability = 1.0
    """Share of requests that are traced."""


class Telemetry(Section, frozen=True):
    """What the simulator tells of itself."""

    logging: Logging = Logging()
    metrics: Metrics = Metrics()
    tracing: Tracing = Tracing()
    lag_threshold_ms: Annotated[float, Meta(gt=0)] = 20
    """Schedule lag above which health and a response header say that the server itself was late."""


class Watch(Section, frozen=True):
    """Reload when the configuration's file changes."""

    enabled: bool = True
    """False waits for HUP or for `POST /admin/config/reload`."""
    interval_secs: Annotated[float, Meta(ge=0.05)] = 1
    """Between two looks at the file."""


class Admin(Section, frozen=True):
    """The admin plane. With no key, only loopback may use it."""

    enabled: bool = True
    """False serves no admin endpoint."""
    api_key: str | None = None
    """The key that admin requests must bring; null allows only loopback."""
    api_key_file: str | None = None
    """A file that holds the key, such as a mounted secret; it is read again when it changes."""
    allowed_ips: tuple[str, ...] = ()
    """Addresses or networks (`10.0.0.0/8`) that may use it; empty allows any that has the key."""


class Config(Section, frozen=True):
    """Everything. `providers` is keyed by model name or pattern; `"*"` is the default for every model."""

    version: str = "1.0"
    """Version of this format; only 1 is known."""
    server: Server = Server()
    simulation: Simulation = Simulation()
    models: Models = Models()
    response: Response = Response()
    providers: dict[str, ModelSettings] = {}
    """Settings by model name or pattern."""
    rules: tuple[Rule, ...] = ()
    """Which requests get which answers; the first that matches holds."""
    errors: Errors = Errors()
    faults: dict[str, Failure] = {}
    """Failures by name, beside the plain `errors`."""
    circuit_breaker: CircuitBreaker = CircuitBreaker()
    compat: Compat = Compat()
    limits: Limits = Limits()
    scenarios: dict[str, Scenario] = {}
    """Scenarios by name, beside those that ship with the product."""
    state: State = State()
    telemetry: Telemetry = Telemetry()
    watch: Watch = Watch()
    admin: Admin = Admin()
