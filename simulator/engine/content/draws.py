"""The seam to randomness. Pure: content draws from the stream that it is given and from nothing else."""

from typing import Protocol


class Draws(Protocol):
    """A stream of random numbers."""

    def raw(self, n: int) -> list[int]:
        """The next `n` numbers, unsigned and of 64 bits."""

    def uniform(self) -> float:
        """The next number in [0, 1)."""
