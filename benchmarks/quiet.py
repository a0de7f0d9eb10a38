"""How quiet the machine was: what other processes, or the host of a virtual machine, took of the cores.

Edge of `/proc/stat`. A figure from a busy machine says little, so a disturbed row says that it was.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from benchmarks.processes import TICKS

NOTABLE = 0.05
"""Share of the cores above which the table tells of it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """CPU seconds so far: of all processes, stolen by the host, of this process and what it started and reaped."""

    everybody: float
    stolen: float
    own: float
    elapsed: float

    @classmethod
    def current(cls) -> Self:
        """Read the counters. Time in interrupts belongs to nobody and is left out."""
        told = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:]
        user, nice, system, _idle, _iowait, _irq, _softirq, stolen = (int(ticks) / TICKS for ticks in told[:8])
        mine = os.times()
        own = mine.user + mine.system + mine.children_user + mine.children_system
        return cls(user + nice + system, stolen, own, mine.elapsed)

    def disturbance(self, later: "Moment") -> float:
        """Between the two moments, the share (0 to 1) of the cores that was not ours to use."""
        cores = os.cpu_count() or 1
        others = (later.everybody - self.everybody) - (later.own - self.own) + (later.stolen - self.stolen)
        return max(0.0, others / max(1e-9, cores * (later.elapsed - self.elapsed)))
