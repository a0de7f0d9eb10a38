"""A key that is refused. Pure."""

from typing import ClassVar

from simulator.config.schema import PlainFault
from simulator.engine.faults.strategy import Chance
from simulator.engine.plan import Fault, FaultKind


class Authentication(Chance):
    """Answers 401 at once, as if the key were wrong."""

    name: ClassVar[str] = "authentication"
    priority: ClassVar[int] = 10

    __slots__ = ()

    def __init__(self, settings: PlainFault) -> None:
        super().__init__(settings.probability, Fault(FaultKind.AUTHENTICATION))
