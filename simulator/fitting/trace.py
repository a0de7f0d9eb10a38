"""What a trace holds once it is read: times in seconds, by model. Pure data."""

from array import array
from collections.abc import Iterator

import msgspec
import numpy as np

from simulator.engine.latency.quantile import Floats

SHOWN = 10
"""Most bad rows that an error names."""


class TraceError(Exception):
    """A trace that cannot be read; the message says where and why, a line for each fault."""


class Request(msgspec.Struct, frozen=True):
    """What one row tells of one request; times in seconds."""

    model: str = ""
    ttft: float | None = None
    gaps: tuple[float, ...] = ()
    mean_gap: bool = False
    """Whether `gaps` holds one value that is the mean of all gaps of the request."""
    uncached: float | None = None
    """Prompt tokens that had to be prefilled."""


class Times:
    """The times of the requests of one model, or of several one after the other."""

    def __init__(self) -> None:
        self.requests = 0
        self.means = 0
        """Requests of which only the mean gap is known."""
        self._ttft = array("d")
        self._uncached = array("d")
        self._gaps = array("d")

    def add(self, request: Request) -> None:
        """Take in one request."""
        self.requests += 1
        self.means += request.mean_gap
        if request.ttft is not None:
            self._ttft.append(request.ttft)
            self._uncached.append(np.nan if request.uncached is None else request.uncached)
        self._gaps.extend(request.gaps)

    def join(self, other: "Times") -> None:
        """Take in all requests of another."""
        self.requests += other.requests
        self.means += other.means
        self._ttft.frombytes(other.ttft.tobytes())
        self._uncached.frombytes(other.uncached.tobytes())
        self._gaps.frombytes(other.gaps.tobytes())

    @property
    def ttft(self) -> Floats:
        """Times to the first token."""
        return np.array(self._ttft, dtype=np.float64)

    @property
    def uncached(self) -> Floats:
        """The uncached prompt tokens of each of `ttft`; NaN where the trace does not tell."""
        return np.array(self._uncached, dtype=np.float64)

    @property
    def gaps(self) -> Floats:
        """Gaps between tokens, of all requests."""
        return np.array(self._gaps, dtype=np.float64)


class Trace:
    """A whole trace."""

    def __init__(self, source: str) -> None:
        self.source = source
        """What the trace is called: the file's name."""
        self.failed = 0
        """Rows that tell of a request that failed; they count for nothing else."""
        self.bad: list[str] = []
        """The first bad rows, in words, each with its place."""
        self.bad_rows = 0
        self._models: dict[str, Times] = {}

    def add(self, request: Request) -> None:
        """Take in one request."""
        self._models.setdefault(request.model, Times()).add(request)

    def refuse(self, where: str, why: str) -> None:
        """Count a bad row."""
        self.bad_rows += 1
        if len(self.bad) < SHOWN:
            self.bad.append(f"{where}: {why}")

    @property
    def requests(self) -> int:
        """How many requests were taken in."""
        return sum(times.requests for times in self._models.values())

    @property
    def models(self) -> tuple[str, ...]:
        """The models that rows name, in order of appearance; an empty name is a row without one."""
        return tuple(self._models)

    def by_model(self) -> Iterator[tuple[str, Times]]:
        """The times of each model, in order of appearance."""
        yield from self._models.items()

    def whole(self) -> Times:
        """The times of all models together."""
        every = Times()
        for times in self._models.values():
            every.join(times)
        return every
