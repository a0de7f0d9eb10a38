"""What is common to all parts that write a value: the work allowed, and how a try ends. Pure."""

from typing import Final, Protocol

from simulator.engine.content.structured.draws import Draws
from simulator.engine.content.structured.hints import Hints, Mention
from simulator.engine.content.structured.node import Node
from simulator.engine.content.structured.roles import Field
from simulator.engine.content.structured.shape import Shape

MOST_VALUES: Final = 4_000
"""Values made, those that are thrown away included; about 40 ms."""
MOST_CHARACTERS: Final = 100_000
"""Characters of all texts made."""
MANY: Final = 250
"""Values after which only what is required is added."""


class DeadEndError(Exception):
    """The choices made so far allow no value. `path` and `why` tell of the schema."""

    def __init__(self, path: str, why: str) -> None:
        super().__init__(why)
        self.path = path
        self.why = why


class SpentError(Exception):
    """The work allowed for one value is used up."""


class Work:
    """Counts what is done for one value."""

    __slots__ = ("characters", "values")

    def __init__(self) -> None:
        self.values = 0
        self.characters = 0

    def value(self) -> None:
        """Count one value. Raises SpentError."""
        self.values += 1
        if self.values > MOST_VALUES:
            raise SpentError

    def text(self, length: int) -> None:
        """Count a text. Raises SpentError."""
        self.characters += length
        if self.characters > MOST_CHARACTERS:
            raise SpentError


class Writing(Protocol):
    """What is needed of the writer of the whole value."""

    draws: Draws
    hints: Hints
    work: Work
    shape: Shape
    used: set[int]
    said: set[object]

    @property
    def lean(self) -> bool:
        """Whether to make the smallest value that is valid."""

    def value(self, node: Node, field: Field, mention: Mention | None) -> object:
        """A valid value."""

    def valid(self, node: Node, value: object) -> bool:
        """Whether a value is valid."""
