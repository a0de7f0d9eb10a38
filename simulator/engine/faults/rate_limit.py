"""An account over its limit. Pure."""

from typing import ClassVar

from simulator.config.schema import RateLimitFault
from simulator.engine.faults.strategy import Chance
from simulator.engine.plan import Fault, FaultKind


class RateLimit(Chance):
    """Answers 429 at once, with the configured `Retry-After`."""

    name: ClassVar[str] = "rate_limit"
    priority: ClassVar[int] = 20

    __slots__ = ()

    def __init__(self, settings: RateLimitFault) -> None:
        super().__init__(settings.probability, Fault(FaultKind.RATE_LIMIT, retry_after=settings.retry_after_secs))
