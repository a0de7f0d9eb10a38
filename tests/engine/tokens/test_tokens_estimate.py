import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.content.corpus import CORPUS
from simulator.engine.tokens.estimate import Estimate

ESTIMATE = Estimate()


@settings(deadline=None)  # the machine may be busy
@given(text=st.text(st.characters(), max_size=600))
def test_count_is_the_number_of_pieces(text: str) -> None:
    pieces = ESTIMATE.pieces(text)
    assert "".join(pieces) == text
    assert all(pieces)
    assert ESTIMATE.count(text) == len(pieces)


@settings(deadline=None)  # the machine may be busy
@given(text=st.text(st.sampled_from("ab Z9.,\n\té漢я😀_"), max_size=60), data=st.data())
def test_a_text_cut_after_a_token_keeps_its_tokens(text: str, data: st.DataObject) -> None:
    pieces = ESTIMATE.pieces(text)
    k = data.draw(st.integers(0, len(pieces)))
    assert ESTIMATE.pieces("".join(pieces[:k])) == pieces[:k]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The answer is 1234.", ["The", " answe", "r", " is", " 123", "4", "."]),
        ("東京へ", ["東", "京", "へ"]),
        ("한국어", ["한", "국", "어"]),
        ("привет мир", ["при", "вет", " мир"]),
        ("naïve, café!", ["naïve", ",", " café", "!"]),
        ('{"a": [1]}', ['{"', "a", '":', " [", "1", "]}"]),
        ("a_b", ["a", "_", "b"]),
        ("\n\n    x", ["\n\n", "    ", "x"]),
        ("😀😀", ["😀", "😀"]),
        ("", []),
    ],
)
def test_the_rule(text: str, pieces: list[str]) -> None:
    assert ESTIMATE.pieces(text) == pieces


def test_english_prose_has_about_four_characters_a_token() -> None:
    text = "\n\n".join(" ".join(topic) for topic in CORPUS)
    assert 3.5 < len(text) / ESTIMATE.count(text) < 4.1
