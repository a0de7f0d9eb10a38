"""When each token of a response is due. Pure; built once a model, holds no draw."""

import numpy as np

from simulator.config.latency import Latency
from simulator.engine.latency.ageing import Ageing
from simulator.engine.latency.batching import Batching
from simulator.engine.latency.build import build
from simulator.engine.latency.constant import Constant
from simulator.engine.latency.quantile import SECONDS, Floats

LONGEST = 1e9
"""Seconds: no moment, and no client that tells one, makes a delay that no clock can be set to."""


class Timeline:
    """TTFT (with prefill by prompt length) and the gaps between tokens, all times `scale`.

    Times are seconds from the request's arrival. A delay that is not configured is 0. What the moment does to them is a
    step of its own, `stretched`, so that it moves no draw.
    """

    __slots__ = (
        "_ageing", "_batching", "_gap", "_itl", "_prefill", "_scale", "_ttft", "ageing", "instant", "loaded", "varies",
    )  # fmt: skip

    instant: bool
    """Whether every delay is 0, whatever is drawn and whenever."""
    loaded: bool
    """Whether delays depend on the requests in flight."""
    ageing: bool
    """Whether delays depend on the time since the configuration began to be served."""
    varies: bool
    """Whether either is so."""

    def __init__(self, latency: Latency, scale: float = 1.0) -> None:
        self._ttft = None if latency.ttft is None else build(latency.ttft)
        self._itl = None if latency.itl is None else build(latency.itl)
        self._prefill = (latency.prefill_ms_per_token or 0.0) * SECONDS * scale
        self._scale = scale
        drawn = [part for part in (self._ttft, self._itl) if part is not None and not isinstance(part, Constant)]
        self._gap = None if drawn else (0.0 if self._itl is None else self._itl.at(0.0) * scale)
        delays = [part.mean() for part in (self._ttft, self._itl) if part is not None]
        load, degradation = latency.load, latency.degradation
        self._batching = Batching(load) if load is not None and load.enabled else None
        self._ageing = Ageing(degradation) if degradation is not None and degradation.enabled else None
        waits = self._batching is not None and self._batching.waits
        self.instant = scale == 0.0 or not (any(delays) or self._prefill or waits)
        self.loaded = self._batching is not None and not self.instant
        self.ageing = self._ageing is not None and not self.instant
        self.varies = self.loaded or self.ageing

    def fixed(self, steps: int, prompt_tokens: int) -> list[float] | None:
        """The offsets where nothing depends on a draw, or None."""
        if self._gap is None:
            return None
        first, gap = self.ttft(0.0, prompt_tokens), self._gap
        return [first + gap * step for step in range(steps)] if gap else [first] * steps

    def offsets(self, uniforms: Floats, prompt_tokens: int) -> Floats:
        """When each token is due, ascending: as many as `uniforms`, in [0, 1).

        The first uniform draws the TTFT, each later one the gap before its token. `prompt_tokens` are those
        that have to be prefilled.
        """
        due = np.zeros(len(uniforms))
        if not len(due):
            return due
        if self._itl is not None and len(due) > 1:
            np.multiply(self._itl.quantile(uniforms[1:]), self._scale, out=due[1:])
        due[0] = self.ttft(float(uniforms[0]), prompt_tokens)
        return due.cumsum(out=due)

    def ttft(self, u: float, prompt_tokens: int) -> float:
        """The time to the first token, or to the whole of an answer that is not streamed by tokens."""
        wait = self._prefill * prompt_tokens
        return wait if self._ttft is None else wait + self._ttft.at(u) * self._scale

    def stretched(self, offsets: list[float], load: int, age: float) -> list[float]:
        """The offsets of `fixed` or `offsets` with so many requests in flight, so many seconds after the beginning.

        TTFT and the gaps have factors of their own, and the wait for a place comes before both. Where the factors are 1
        and nobody waits, the offsets are those given, to the last bit.
        """
        prefill, decode, wait = (1.0, 1.0, 0.0) if self._batching is None else self._batching.under(load)
        if self._ageing is not None:
            factor = self._ageing.after(age)
            prefill, decode, wait = prefill * factor, decode * factor, wait * factor
        if not offsets or (prefill == decode == 1.0 and not wait):
            return offsets
        first = offsets[0]
        begin = first * prefill + wait * self._scale
        if begin + (offsets[-1] - first) * decode > LONGEST:
            return [min(LONGEST, begin + (offset - first) * decode) for offset in offsets]
        return [begin + (offset - first) * decode for offset in offsets]
