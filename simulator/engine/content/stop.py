"""Stop sequences. Pure: the text ends where the first of them would begin."""

from collections.abc import Sequence


def cut(pieces: Sequence[str], stops: Sequence[str]) -> tuple[list[str], str | None]:
    """The pieces before the earliest stop sequence, and that sequence; all of them and None where there is none.

    A sequence is found across pieces too. The earliest is the one that begins first; of several that begin at the same
    place, the one listed first, whatever its length: the text is the same, only the reported sequence differs.
    Empty sequences are ignored. A piece that the sequence begins within is shortened and still counts as one token,
    though its rest might be tokenised differently; no piece is left empty.
    """
    text = "".join(pieces)
    place, found = len(text), None
    for stop in stops:
        if stop:
            at = text.find(stop)
            if 0 <= at < place:
                place, found = at, stop
    if found is None:
        return list(pieces), None
    kept: list[str] = []
    left = place
    for piece in pieces:
        if left <= len(piece):
            if left and piece:
                kept.append(piece[:left])
            break
        left -= len(piece)
        if piece:
            kept.append(piece)
    return kept, found
