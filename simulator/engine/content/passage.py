"""A text whose tokens are only made when somebody asks for them. Pure.

An answer that is not streamed needs its text and the number of its tokens, not the tokens: touching seventy small
strings, each a cache miss on a busy machine, costs more than the rest of the answer.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import overload


class Passage(Sequence[str]):
    """The tokens of a text, as a sequence; `text` and the length come without them."""

    __slots__ = ("_make", "_pieces", "_size", "text")

    text: str
    """All of it."""

    def __init__(self, text: str, size: int, make: Callable[[], list[str]]) -> None:
        """`make` gives the `size` tokens that concatenate to `text`."""
        self.text = text
        self._size = size
        self._make = make
        self._pieces: list[str] | None = None

    @property
    def pieces(self) -> list[str]:
        """The tokens as a list; made once, not to be changed."""
        if self._pieces is None:
            self._pieces = self._make()
        return self._pieces

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        return self.pieces[index]

    def __iter__(self) -> Iterator[str]:
        return iter(self.pieces)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self.pieces == list(other)

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Passage({self.text!r})"
