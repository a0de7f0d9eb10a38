"""A provider that never answers. Pure."""

from typing import ClassVar

from simulator.config.schema import TimeoutFault
from simulator.engine.faults.strategy import Chance
from simulator.engine.plan import Fault, FaultKind


class Timeout(Chance):
    """Holds the request for `timeout_ms`, then closes the connection without an answer."""

    name: ClassVar[str] = "timeout"
    priority: ClassVar[int] = 50

    __slots__ = ()

    def __init__(self, settings: TimeoutFault) -> None:
        super().__init__(
            settings.probability, Fault(FaultKind.TIMEOUT, after=settings.timeout_ms / 1000.0, hang_up=True)
        )
