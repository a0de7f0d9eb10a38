"""All that was measured of one profile, and what it comes to. Pure."""

from collections.abc import Callable, Mapping, Sequence

import msgspec
import numpy as np

from simulator.calibration.arrivals import Arrived
from simulator.calibration.laws import Law
from simulator.calibration.oracle import CIRCUMSTANCES, Oracle, Subject
from simulator.calibration.verdict import Judged, judge
from simulator.engine.latency.quantile import Floats

FAULT = "x-llm-sim-fault"
LAG = "x-llm-sim-lag-ms"


class Share:
    """One profile's share of a run: an `Order` of the client, and its answers as they come."""

    def __init__(
        self,
        subject: Subject,
        host: str,
        size: tuple[int, int],
        *,
        keyed: bool,
        ended: Callable[[], None] = lambda: None,
    ) -> None:
        """`size`: so many requests, so many at once. `ended` is called with each answer.

        `keyed`: conditions come from the request itself, so that each needs a key of its own.
        """
        self.subject = subject
        self.requests, self.streams = size
        self.answers: list[Arrived] = []
        self._host = host
        self._keyed = keyed
        self._ended = ended

    def request(self, number: int) -> bytes:
        """See `Order`."""
        extra = b"x-llm-sim-key: calibrate-%d\r\n" % number if self._keyed else b""
        return self.subject.asking.bytes_for(self._host, extra)

    def count(self, lines: bytes) -> int:
        """See `Order`."""
        return self.subject.dialect.tokens(lines)

    def take(self, arrived: Arrived) -> None:
        """See `Order`."""
        self.answers.append(arrived)
        self._ended()


class Lateness(msgspec.Struct, frozen=True):
    """Tokens against their plan, in seconds; what the way there and back takes is in it."""

    p50: float
    p99: float
    most: float


class Outcome(msgspec.Struct, frozen=True):
    """One profile's result.

    `streams` were measured, `failed` failed as configured or were lost, each with its reason. `loaded`: the fleet was
    configured to slow down under load or with age, so that only the plan can be compared. `late_answers` were told by
    the server to be late by its own fault, by up to `told_lag` seconds.
    """

    title: str
    provider: str
    streams: int
    failed: Mapping[str, int]
    judged: Sequence[Judged]
    lateness: Lateness | None
    late_answers: int
    told_lag: float
    loaded: bool
    samples: Sequence[Floats]

    @property
    def within(self) -> bool:
        """Whether something was measured, all that was asked for came, and all of it is within the tolerance."""
        return bool(self.judged) and "lost" not in self.failed and all(one.within for one in self.judged)


def outcome_of(share: Share, oracle: Oracle, tolerance: float) -> Outcome:
    """What a share's answers come to."""
    subject = share.subject
    failed: dict[str, int] = {}
    good: list[Arrived] = []
    for one in share.answers:
        reason = _wrong(one)
        if reason is None:
            good.append(one)
        else:
            failed[reason] = failed.get(reason, 0) + 1
    lost = share.requests - len(share.answers)
    if lost:
        failed["lost"] = failed.get("lost", 0) + lost
    plans = [oracle.moments(subject, one.headers) for one in good]
    known = all(plan is not None and len(plan) == len(one.times) for plan, one in zip(plans, good, strict=True))
    loaded = any(_loaded(one.headers.get(CIRCUMSTANCES, "")) for one in good)
    times = [np.frombuffer(one.times) for one in good]
    due = [np.asarray(plan, dtype=np.float64) for plan in plans if plan is not None] if known else []
    firsts, gaps = _split(times)
    samples = (firsts, gaps)
    planned = _split(due) if known and due else (None, None)
    judged = []
    for name, sample, plan, law in zip(("ttft", "itl"), samples, planned, subject.pace, strict=True):
        if len(sample) and (not loaded or plan is not None):
            basis = law if not loaded or plan is None else Law(np.sort(plan), np.ones(len(plan))).quantile
            judged.append(judge(name, sample, plan, basis, between=name == "itl", tolerance=tolerance))
    lags = [float(one.headers[LAG]) / 1e3 for one in share.answers if one.headers.get(LAG, "").isdigit()]
    return Outcome(
        subject.profile.title,
        subject.profile.dialect,
        len(good),
        failed,
        judged,
        _lateness(times, due) if due else None,
        len(lags),
        max(lags, default=0.0),
        loaded,
        samples,
    )


def _wrong(one: Arrived) -> str | None:
    """Why an answer cannot be measured."""
    if FAULT in one.headers:
        return "failed as configured"
    if one.status and one.status != 200:
        return f"answered {one.status}"
    return None if one.whole and len(one.times) else "lost"


def _loaded(circumstances: str) -> bool:
    """Whether the pace depended on more than what was drawn."""
    return any(part.strip().startswith(("load=", "age=")) for part in circumstances.split(","))


def _split(times: Sequence[Floats]) -> tuple[Floats, Floats]:
    """First tokens, and gaps."""
    if not times:
        return np.zeros(0), np.zeros(0)
    return np.array([one[0] for one in times]), np.concatenate([np.diff(one) for one in times])


def _lateness(times: Sequence[Floats], due: Sequence[Floats]) -> Lateness:
    late = np.concatenate([seen - planned for seen, planned in zip(times, due, strict=True)])
    p50, p99 = np.percentile(late, (50, 99))
    return Lateness(float(p50), float(p99), float(late.max()))
