"""Whether what was measured is what was configured. Pure: samples and laws in, a verdict out.

A percentile is judged twice, each time within the tolerance, or half a tick of the server's clock where that is more:

- against the configuration: it must lie where that percentile of so many draws can lie by chance (`sampling`), of the
  distribution as configured or as it is sent on whole ticks (`laws`);
- against the plan of the very requests that were measured, which leaves no room for chance: only for the server, the
  machine and the client.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from simulator.calibration.laws import TICK, at, narrow, rounded, ticked
from simulator.calibration.sampling import bounds
from simulator.engine.latency.quantile import Floats
from simulator.fitting.goodness import Inverse, ks, percentiles

PERCENTS: Final = (50.0, 95.0, 99.0)


class Percentile(msgspec.Struct, frozen=True):
    """One percentile, in seconds. `low` and `high`: between them 9,999 of 10,000 samples of this size lie.

    `planned` is that of the measured requests' own plans, None where they are not known. `within`: see above.
    """

    percent: float
    configured: float
    planned: float | None
    measured: float
    low: float
    high: float
    within: bool

    @property
    def error(self) -> float | None:
        """Measured against configured, relative: what chance does is in it. None where 0 was configured."""
        return self.measured / self.configured - 1.0 if self.configured > 0.0 else None

    @property
    def shift(self) -> float | None:
        """Measured against planned, relative. None where no plan is known, or 0 was planned."""
        return self.measured / self.planned - 1.0 if self.planned else None


class Judged(msgspec.Struct, frozen=True):
    """One quantity: `ttft` or `itl`, of `n` values; `law` is what was configured.

    `distance` is the Kolmogorov-Smirnov distance on whole ticks, and `p` its chance; `p` is None where the configured
    distribution is narrower than two ticks, so that its shape cannot be seen.
    """

    name: str
    n: int
    law: Inverse
    percentiles: Sequence[Percentile]
    distance: float
    p: float | None

    @property
    def within(self) -> bool:
        """Whether all its percentiles are."""
        return all(one.within for one in self.percentiles)


def judge(
    name: str, measured: Floats, planned: Floats | None, law: Inverse, *, between: bool, tolerance: float
) -> Judged:
    """Judge a sample in seconds (at least one value) against its law, and against its plan.

    `between`: values are gaps between two moments. `tolerance` is relative.
    """
    sent = ticked(law, between=between).quantile
    found = percentiles(measured, PERCENTS)
    plans = None if planned is None else percentiles(planned, PERCENTS)
    replayed = None if planned is None else rounded(planned, between=between).quantile
    judged = []
    for place, percent in enumerate(PERCENTS):
        share, value = percent / 100.0, found[place]
        first, last = bounds(len(measured), percent)
        low, high = min(at(law, first), at(sent, first)), max(at(law, last), at(sent, last))
        within = _near(value, low, high, tolerance)
        plan = None
        if plans is not None and replayed is not None:
            plan, seen = plans[place], at(replayed, share)
            within = within and _near(value, min(plan, seen), max(plan, seen), tolerance)
        judged.append(Percentile(percent, at(law, share), plan, value, low, high, within))
    # On whole ticks both are steps at the same places, and what the machine adds to a read is below half a tick.
    distance = ks(_whole(measured), lambda u: _whole(sent(u)))
    return Judged(name, len(measured), law, judged, distance.d, None if narrow(law) else distance.p)


def _whole(seconds: Floats) -> Floats:
    return np.rint(seconds / TICK) * TICK


def _near(value: float, low: float, high: float, tolerance: float) -> bool:
    slack = TICK / 2.0
    return low - max(tolerance * low, slack) <= value <= high + max(tolerance * high, slack)
