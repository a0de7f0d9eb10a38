"""What a fault is to the pipeline, and the strategy that most of them share: a fixed probability.

Pure. A strategy sees the uniforms of one request and nothing else; what it returns is a value that the
server plays and a provider words.
"""

from collections.abc import Sequence
from typing import ClassVar, Protocol

from simulator.engine.plan import Fault


class Strategy(Protocol):
    """Decides for one kind of fault."""

    name: ClassVar[str]
    """As it is written in configuration."""

    priority: ClassVar[int]
    """Where two faults strike one request, the lower priority number is the one that is seen."""

    draws: ClassVar[int]
    """How many uniforms it reads, whether or not it can strike."""

    @property
    def possible(self) -> bool:
        """Whether it can strike at all."""

    def decide(self, uniforms: Sequence[float], start: int) -> Fault | None:
        """The fault of a request whose draws for this strategy begin at `uniforms[start]`, or None."""


class Chance:
    """A fault that strikes each request with the same probability, by one uniform in [0, 1)."""

    draws: ClassVar[int] = 1

    __slots__ = ("fault", "probability")

    def __init__(self, probability: float, fault: Fault) -> None:
        self.probability = probability
        self.fault = fault

    @property
    def possible(self) -> bool:
        """See `Strategy`."""
        return self.probability > 0.0

    def decide(self, uniforms: Sequence[float], start: int) -> Fault | None:
        """See `Strategy`."""
        return self.fault if uniforms[start] < self.probability else None
