"""A provider that has no capacity. Pure."""

from typing import ClassVar

from simulator.config.schema import OverloadedFault
from simulator.engine.faults.strategy import Chance
from simulator.engine.plan import Fault, FaultKind


class Overloaded(Chance):
    """Answers 503 (529 for Anthropic) at once, with `Retry-After` if one is configured."""

    name: ClassVar[str] = "overloaded"
    priority: ClassVar[int] = 30

    __slots__ = ()

    def __init__(self, settings: OverloadedFault) -> None:
        super().__init__(settings.probability, Fault(FaultKind.OVERLOADED, retry_after=settings.retry_after_secs))
