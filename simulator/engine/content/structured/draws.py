"""Draws for values: an addressed stream of 64-bit words, and what is made of them.

Pure. The stream is keyed BLAKE2b in counter mode: block n is the hash of (what, purpose, index, n) under the seed's
key, eight words each. It needs no history, and the `person` of the hash keeps it apart from every other use of the key.
"""

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from struct import Struct
from typing import Final, TypeVar

T = TypeVar("T")

_WORDS: Final = Struct("<8Q").unpack
_UNIT: Final = 2.0**-53


def words(key: bytes, what: bytes, purpose: str, index: int = 0) -> Iterator[int]:
    """The 64-bit words at an address, without end.

    `key` has 16 to 64 bytes; `what` is the digest of a request or what stands for it; `purpose` and `index` tell the
    streams of one request apart, such as its choices.
    """
    label = purpose.encode()
    head = blake2b(b"%d:%s%d:%s%d;" % (len(what), what, len(label), label, index), key=key, person=b"structured")
    block = 0
    while True:
        hashed = head.copy()
        hashed.update(block.to_bytes(8, "little"))
        yield from _WORDS(hashed.digest())
        block += 1


class Draws:
    """Choices made from a stream of words, one word each, in the order in which they are asked for."""

    __slots__ = ("word",)

    word: Callable[[], int]
    """The next 64-bit word."""

    def __init__(self, stream: Iterator[int]) -> None:
        """A stream that ends makes a later choice raise StopIteration; `words` gives one without end."""
        self.word = stream.__next__

    def below(self, bound: int) -> int:
        """A whole number in [0, bound); `bound` is at least 1. Beyond 2**64 more words are taken."""
        if bound <= 1 << 64:
            return self.word() * bound >> 64
        drawn = 0
        size = 0
        while size < bound.bit_length() + 64:
            drawn = drawn << 64 | self.word()
            size += 64
        return drawn * bound >> size

    def between(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return low + self.below(high - low + 1)

    def unit(self) -> float:
        """A number in [0, 1)."""
        return (self.word() >> 11) * _UNIT

    def chance(self, percent: int) -> bool:
        """True with a probability of `percent` in a hundred."""
        return self.word() * 100 >> 64 < percent

    def pick(self, among: Sequence[T]) -> T:
        """One of a sequence that is not empty."""
        return among[self.word() * len(among) >> 64]

    def shuffled(self, among: Sequence[T]) -> list[T]:
        """All of a sequence in a drawn order."""
        order = list(among)
        for last in range(len(order) - 1, 0, -1):
            other = self.below(last + 1)
            order[last], order[other] = order[other], order[last]
        return order
