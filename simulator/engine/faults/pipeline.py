"""All faults of a model, drawn together. Pure; built once a model, holds no draw.

Each strategy reads its own uniforms at a fixed place, also while it cannot strike, so that giving one a
probability never moves the others' draws: the same requests go on failing in the same way. The strategies
draw independently and the first by priority is seen. A configured probability is therefore exact for each
fault by itself; where two strike together, which happens to p * q of all requests, the later one is hidden.
"""

from collections.abc import Sequence

from simulator.config.schema import Errors
from simulator.engine.faults.authentication import Authentication
from simulator.engine.faults.overloaded import Overloaded
from simulator.engine.faults.rate_limit import RateLimit
from simulator.engine.faults.server_error import ServerError
from simulator.engine.faults.strategy import Strategy
from simulator.engine.faults.timeout import Timeout
from simulator.engine.plan import Fault


def strategies(errors: Errors) -> list[Strategy]:
    """Every strategy, in the order of its draws. New ones go to the end: a place is a promise."""
    return [
        Authentication(errors.authentication),
        RateLimit(errors.rate_limit),
        Overloaded(errors.overloaded),
        ServerError(errors.server_error),
        Timeout(errors.timeout),
    ]


class Pipeline:
    """Decides whether a request fails, and how."""

    __slots__ = ("_armed", "active", "draws")

    active: bool
    """Whether anything can fail; where it is False, nothing needs to be drawn."""

    draws: int
    """How many uniforms `decide` takes, whatever is configured."""

    def __init__(self, errors: Errors) -> None:
        placed: list[tuple[Strategy, int]] = []
        self.draws = 0
        for strategy in strategies(errors):
            placed.append((strategy, self.draws))
            self.draws += strategy.draws
        armed = [(strategy, start) for strategy, start in placed if errors.enabled and strategy.possible]
        armed.sort(key=lambda entry: entry[0].priority)
        self._armed = [(strategy.decide, start) for strategy, start in armed]
        self.active = bool(armed)

    def decide(self, uniforms: Sequence[float]) -> Fault | None:
        """The fault of the request whose draws these are, at least `draws` uniforms in [0, 1); None to answer it."""
        for decide, start in self._armed:
            fault = decide(uniforms, start)
            if fault is not None:
                return fault
        return None
