"""A provider that breaks. Pure."""

from typing import ClassVar

from simulator.config.schema import PlainFault
from simulator.engine.faults.strategy import Chance
from simulator.engine.plan import Fault, FaultKind


class ServerError(Chance):
    """Answers 500 at once."""

    name: ClassVar[str] = "server_error"
    priority: ClassVar[int] = 40

    __slots__ = ()

    def __init__(self, settings: PlainFault) -> None:
        super().__init__(settings.probability, Fault(FaultKind.SERVER_ERROR))
