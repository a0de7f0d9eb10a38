"""What the simulator counts: Prometheus metrics in multiprocess mode, named by slot and seat.

Edge of prometheus-client. A worker's files are named by its place in the fleet, not by its pid, so a respawn
goes on where its predecessor was killed: no new file, no counter that falls. A worker and the one that replaces it
live side by side and sit on two seats, so a slot has at most two sets of files, and no two live workers share one.
Children are bound once per label set (`.labels()` costs as much as the increment itself), and label values are
bounded.
"""

import os
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
os.environ.setdefault("PROMETHEUS_DISABLE_CREATED_SERIES", "True")

from prometheus_client import CollectorRegistry, Counter, Histogram, values  # noqa: E402 - the variable comes first

DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
TTFT_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
ITL_BUCKETS = (0.001, 0.0025, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.075, 0.1, 0.2, 0.5, 1)
LAG_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1)
BODY_BUCKETS = (256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216)
FLUSH_SECONDS = 0.02
"""How long a note may wait; a scrape waits twice as long before it reads, so it misses nothing."""
LABELS = ("provider", "model", "endpoint")
OTHER = "other"
"""The label of every model that is not configured: names come from clients and must not grow without end."""


class BulkHistogram(Histogram):
    """A histogram that takes many observations at once."""

    def observe_many(self, observed: Sequence[float]) -> None:
        """Count each value in its bucket; one write a touched bucket."""
        if not observed:
            return
        bounds = self._upper_bounds
        counts: dict[int, int] = {}
        for value in observed:
            place = bisect_left(bounds, value)
            counts[place] = counts.get(place, 0) + 1
        for place, count in counts.items():
            self._buckets[place].inc(count)
        self._sum.inc(sum(observed))


class Bound:
    """The metrics of one (provider, model, endpoint).

    An increment in a multiprocess file costs about a microsecond and a histogram's observation two; a request
    makes eight. So a request only notes what happened here, and `flush` writes the notes some milliseconds later.
    """

    __slots__ = (
        "_bodies", "_counts", "_durations", "_gaps", "_input", "_kinds", "_limited", "_metrics", "_output", "_ttfts",
        "body", "dirty", "duration", "input_tokens", "itl", "labels", "output_tokens", "tokens", "ttft",
    )  # fmt: skip

    def __init__(self, metrics: "Metrics", labels: tuple[str, str, str]) -> None:
        self._metrics = metrics
        self.labels = labels
        self.dirty = False
        self.duration = metrics.duration.labels(*labels)
        self.ttft = metrics.ttft.labels(*labels)
        self.itl = metrics.itl.labels(*labels)
        self.body = metrics.body.labels(*labels)
        self.input_tokens = metrics.input_tokens.labels(*labels)
        self.output_tokens = metrics.output_tokens.labels(*labels)
        self.tokens = metrics.tokens.labels(*labels)
        self._forget()

    def answered(
        self, status: int, seconds: float, body_bytes: int, input_tokens: int = 0, output_tokens: int = 0
    ) -> None:
        """A response of any kind is complete, with the tokens that it billed."""
        self._counts[status] = self._counts.get(status, 0) + 1
        self._durations.append(seconds)
        self._bodies.append(body_bytes)
        self._input += input_tokens
        self._output += output_tokens
        if not self.dirty:
            self._metrics.note(self)

    def streamed(self, ttft: float, gaps: Sequence[float]) -> None:
        """A stream has ended: when its first token left, and its gaps, in seconds."""
        self._ttfts.append(ttft)
        self._gaps.extend(gaps)
        if not self.dirty:
            self._metrics.note(self)

    def failed(self, kind: str) -> None:
        """An answer was a refusal or an injected fault."""
        self._kinds[kind] = self._kinds.get(kind, 0) + 1
        if not self.dirty:
            self._metrics.note(self)

    def limited(self, resource: str) -> None:
        """A request was refused because a limit of this resource was reached."""
        self._limited[resource] = self._limited.get(resource, 0) + 1
        if not self.dirty:
            self._metrics.note(self)

    def flush(self) -> None:
        """Write what was noted."""
        metrics = self._metrics
        for status, count in self._counts.items():
            metrics.requests.labels(*self.labels, str(status)).inc(count)
        for kind, count in self._kinds.items():
            metrics.errors.labels(*self.labels, kind).inc(count)
        for resource, count in self._limited.items():
            metrics.limited.labels(*self.labels, resource).inc(count)
        self.duration.observe_many(self._durations)
        self.body.observe_many(self._bodies)
        self.ttft.observe_many(self._ttfts)
        self.itl.observe_many(self._gaps)
        if self._input or self._output:
            self.input_tokens.inc(self._input)
            self.output_tokens.inc(self._output)
            self.tokens.inc(self._input + self._output)
        self._forget()

    def _forget(self) -> None:
        self.dirty = False
        self._counts: dict[int, int] = {}
        self._kinds: dict[str, int] = {}
        self._limited: dict[str, int] = {}
        self._durations: list[float] = []
        self._bodies: list[float] = []
        self._ttfts: list[float] = []
        self._gaps: list[float] = []
        self._input = 0
        self._output = 0


class Metrics:
    """Every metric that a worker writes. Build it in the worker, after the fork."""

    def __init__(self, identity: str, models: Iterable[str]) -> None:
        """`identity` names the files: `Slot.identity`. `models` are the names that get a label of their own."""
        if DIRECTORY_VARIABLE in os.environ:
            values.ValueClass = values.MultiProcessValue(lambda: identity)  # type: ignore[no-untyped-call]  # prometheus-client is not typed here
        self.registry = CollectorRegistry()
        self._models = frozenset(models)
        self._bound: dict[tuple[str, str, str], Bound] = {}
        self._noted: list[Bound] = []
        self.on_note: Callable[[], None] = lambda: None
        """Called when something is noted and nothing was: whoever has a clock then calls `flush` within
        `FLUSH_SECONDS`."""
        registry = self.registry
        self.requests = Counter("llm_simulator_requests", "Responses by status", (*LABELS, "status"), registry=registry)
        self.errors = Counter(
            "llm_simulator_errors", "Refusals and injected faults", (*LABELS, "kind"), registry=registry
        )
        self.limited = Counter(
            "llm_simulator_rate_limited",
            "Requests refused by a rate limit, by the limit's resource",
            (*LABELS, "resource"),
            registry=registry,
        )
        self.duration = BulkHistogram(
            "llm_simulator_request_duration_seconds",
            "Arrival to last byte",
            LABELS,
            registry=registry,
            buckets=DURATION_BUCKETS,
        )
        self.ttft = BulkHistogram(
            "llm_simulator_ttft_seconds", "Arrival to first token sent", LABELS, registry=registry, buckets=TTFT_BUCKETS
        )
        self.itl = BulkHistogram(
            "llm_simulator_itl_seconds",
            "Planned gaps between tokens of finished streams",
            LABELS,
            registry=registry,
            buckets=ITL_BUCKETS,
        )
        self.input_tokens = Counter("llm_simulator_tokens_input", "Prompt tokens", LABELS, registry=registry)
        self.output_tokens = Counter("llm_simulator_tokens_output", "Answer tokens", LABELS, registry=registry)
        self.tokens = Counter("llm_simulator_tokens", "Prompt and answer tokens", LABELS, registry=registry)
        self.body = BulkHistogram(
            "llm_simulator_request_body_bytes",
            "Size of request bodies",
            LABELS,
            registry=registry,
            buckets=BODY_BUCKETS,
        )
        self.circuits = Counter(
            "llm_simulator_circuit_transitions",
            "Entries of a provider's circuit breaker into a state",
            ("provider", "state"),
            registry=registry,
        )
        self._lags: list[float] = []
        self.lag = BulkHistogram(
            "llm_simulator_schedule_lag_seconds",
            "How late a turn of the timing wheel was",
            registry=registry,
            buckets=LAG_BUCKETS,
        )

    def bind(self, provider: str, model: str, endpoint: str) -> Bound:
        """The bound metrics of a label set; a model that is not configured is counted as `other`."""
        key = (provider, model, endpoint)
        bound = self._bound.get(key)
        if bound is None:
            if model not in self._models:
                return self.bind(provider, OTHER, endpoint) if model != OTHER else self._make(key)
            bound = self._make(key)
        return bound

    def circuit_entered(self, provider: str, state: str) -> None:
        """The circuit of a provider that is served has come into a state."""
        self.circuits.labels(provider, state).inc()

    def lagged(self, seconds: float) -> None:
        """A turn of the timing wheel was so late."""
        if not (self._lags or self._noted):
            self.on_note()
        self._lags.append(seconds)

    def note(self, bound: Bound) -> None:
        """A label set has something to write."""
        bound.dirty = True
        if not (self._noted or self._lags):
            self.on_note()
        self._noted.append(bound)

    def flush(self) -> None:
        """Write all that was noted to the slot's files."""
        lags, self._lags = self._lags, []
        self.lag.observe_many(lags)
        noted, self._noted = self._noted, []
        for bound in noted:
            bound.flush()

    def _make(self, key: tuple[str, str, str]) -> Bound:
        bound = self._bound.get(key)
        if bound is None:
            bound = self._bound[key] = Bound(self, key)
        return bound


def files(directory: Path) -> list[Path]:
    """The multiprocess files of a fleet, sorted."""
    return sorted(directory.glob("*.db"))
