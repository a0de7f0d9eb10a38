"""When each token of a response is due. Pure; built once a model, holds no draw."""

import numpy as np

from simulator.config.latency import Latency
from simulator.engine.latency.build import build
from simulator.engine.latency.constant import Constant
from simulator.engine.latency.quantile import SECONDS, Floats


class Timeline:
    """TTFT (with prefill by prompt length) and the gaps between tokens, all times `scale`.

    Times are seconds from the request's arrival. A delay that is not configured is 0.
    """

    __slots__ = ("_gap", "_itl", "_prefill", "_scale", "_ttft", "instant")

    instant: bool
    """Whether every delay is 0, whatever is drawn."""

    def __init__(self, latency: Latency, scale: float = 1.0) -> None:
        self._ttft = None if latency.ttft is None else build(latency.ttft)
        self._itl = None if latency.itl is None else build(latency.itl)
        self._prefill = (latency.prefill_ms_per_token or 0.0) * SECONDS * scale
        self._scale = scale
        drawn = [part for part in (self._ttft, self._itl) if part is not None and not isinstance(part, Constant)]
        self._gap = None if drawn else (0.0 if self._itl is None else self._itl.at(0.0) * scale)
        delays = [part.mean() for part in (self._ttft, self._itl) if part is not None]
        self.instant = scale == 0.0 or not (any(delays) or self._prefill)

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
