import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.engine.content.stop import cut

PIECES = ["The", " first", " line", ".\n\n", "The", " second", "."]


@pytest.mark.parametrize(
    ("stops", "kept", "found"),
    [
        ((), PIECES, None),
        (("###",), PIECES, None),
        (("",), PIECES, None),
        ((".",), ["The", " first", " line"], "."),
        (("\n\n",), ["The", " first", " line", "."], "\n\n"),
        (("t li",), ["The", " firs"], "t li"),
        (("The",), [], "The"),
        (("second.",), ["The", " first", " line", ".\n\n", "The", " "], "second."),
        (("second", " line"), ["The", " first"], " line"),
        (("e first line.\n\nThe s",), ["Th"], "e first line.\n\nThe s"),
    ],
)
def test_cut(stops: tuple[str, ...], kept: list[str], found: str | None) -> None:
    assert cut(PIECES, stops) == (kept, found)


def test_the_first_listed_of_two_at_one_place_is_reported() -> None:
    assert cut(["a", "\n\n", "b"], ("\n", "\n\n")) == (["a"], "\n")
    assert cut(["a", "\n\n", "b"], ("\n\n", "\n")) == (["a"], "\n\n")


def test_the_pieces_given_are_left_alone() -> None:
    pieces = ["a", "b"]
    kept, _ = cut(pieces, ("x",))
    kept.append("c")
    assert pieces == ["a", "b"]


def test_no_pieces() -> None:
    assert cut([], ("x",)) == ([], None)


letters = st.text("ab", max_size=4)


@given(pieces=st.lists(letters, max_size=12), stops=st.lists(letters, max_size=4))
def test_it_agrees_with_a_search_in_the_whole_text(pieces: list[str], stops: list[str]) -> None:
    text = "".join(pieces)
    kept, found = cut(pieces, stops)
    places = [(text.find(stop), index) for index, stop in enumerate(stops) if stop and stop in text]
    if not places:
        assert (kept, found) == (pieces, None)
    else:
        place, index = min(places)
        assert ("".join(kept), found) == (text[:place], stops[index])
        assert all(kept)
        nonempty = [piece for piece in pieces if piece]
        assert kept[:-1] == nonempty[: len(kept)][:-1]
        assert all(piece.startswith(part) for part, piece in zip(kept, nonempty, strict=False))
