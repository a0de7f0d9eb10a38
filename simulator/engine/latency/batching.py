"""A server that answers in batches: how much slower it is with so many requests in flight. Pure.

Continuous batching (Yu et al., Orca, OSDI 2022) puts every running request into each step of the model. A step reads
all weights once, whatever the batch, and computes for each request of it; so it takes the same time up to the batch at
which computing takes as long as reading, the knee of the roofline (Williams et al. 2009), and from there on time in
proportion to the batch. With n requests in flight, a knee k, a capacity c and a slowdown s at twice the knee:

    batch     b = min(n, c)
    factor    f = 1 + (s - 1) * max(0, b / k - 1)      for ITL and, with an s of its own, for TTFT with its prefill
    wait      w = max(0, n - c) * S / c                added to TTFT

S is the mean time that a request holds its place while all are taken. The wait is the mean of an M/M/c queue given
what an arrival finds (Kleinrock, Queueing Systems I, 1975): who finds n - 1 there, c of them served, waits for n - c
to leave, and they leave c every S.
"""

from typing import NamedTuple

from simulator.config.load_model import Load
from simulator.engine.latency.quantile import SECONDS


class Pressure(NamedTuple):
    """Factors on TTFT with its prefill and on ITL, and the wait for a place in seconds."""

    prefill: float
    decode: float
    wait: float


class Batching:
    """The slowdown of one model, by the requests in flight."""

    __slots__ = ("_capacity", "_decode", "_departure", "_knee", "_prefill", "waits")

    waits: bool
    """Whether a request may have to wait for a place."""

    def __init__(self, load: Load) -> None:
        """Of parameters in which the check of `Load` finds nothing."""
        self._knee = load.knee
        self._decode = load.decode_slowdown - 1.0
        self._prefill = load.prefill_slowdown - 1.0
        self._capacity = load.capacity
        self.waits = load.capacity is not None and load.service_ms is not None
        self._departure = (load.service_ms or 0.0) * SECONDS / (load.capacity or 1)

    def under(self, in_flight: int) -> Pressure:
        """What holds for a request that makes it so many in flight, itself included; 0 stands for nobody else."""
        running, wait = in_flight, 0.0
        if self._capacity is not None and in_flight > self._capacity:
            running, wait = self._capacity, (in_flight - self._capacity) * self._departure
        if self._knee is None or running <= self._knee:
            return Pressure(1.0, 1.0, wait)
        over = running / self._knee - 1.0
        return Pressure(1.0 + self._prefill * over, 1.0 + self._decode * over, wait)
