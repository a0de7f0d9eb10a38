"""Token ids that turn back into the text they came from, for any text. Pure.

No vocabulary of the service's models can be had offline, so an id is made of its token: the token's UTF-8 bytes behind
a byte of 1, as one number. A token of more than six bytes becomes several ids, divided between characters, so that an
id is below 2**49 (JavaScript reads it exactly) and every id is text by itself. Real ids are smaller; they share that
equal tokens have equal ids.
"""

from collections.abc import Sequence
from typing import Final

LONGEST: Final = 6
"""Bytes of the text that one id stands for."""
LARGEST: Final = 2 << (8 * LONGEST)
"""Ids are below this."""


def parts_of(piece: str) -> list[str]:
    """A token's text in the parts that have an id each."""
    if len(piece.encode("utf-8", "replace")) <= LONGEST:
        return [piece]
    parts = [""]
    room = LONGEST
    for character in piece:
        size = len(character.encode("utf-8", "replace"))
        if size > room:
            parts.append("")
            room = LONGEST
        parts[-1] += character
        room -= size
    return parts


def id_of(part: str) -> int:
    """The id of a text of at most `LONGEST` bytes."""
    return int.from_bytes(b"\x01" + part.encode("utf-8", "replace"))


def text_of(number: int) -> str | None:
    """The text of an id; None if no text has it."""
    if not 1 < number < LARGEST:
        return None
    data = number.to_bytes((number.bit_length() + 7) // 8)
    if data[0] != 1:
        return None
    try:
        return data[1:].decode()
    except UnicodeDecodeError:
        return None


def ids_of(pieces: Sequence[str]) -> tuple[list[int], list[str]]:
    """The ids of tokens, and the text of each id."""
    parts = [part for piece in pieces for part in parts_of(piece)]
    return [id_of(part) for part in parts], parts
