import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.tokens import Tokenizer, load
from simulator.engine.tokens.bpe import repaired

pytest.importorskip("rs_bpe")

NAMES = ("o200k", "cl100k")
ANY_TEXT = st.text(st.characters(), max_size=400)  # with surrogates


@pytest.fixture(params=NAMES)
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return load(request.param)


@pytest.mark.parametrize(
    ("name", "text", "tokens"),
    [
        # Known from OpenAI's own tokenizer pages and from tiktoken's documentation.
        ("o200k", "", 0),
        ("o200k", "Hello", 1),
        ("o200k", "Hello world", 2),
        ("cl100k", "tiktoken is great!", 6),
        ("o200k", "tiktoken is great!", 6),
        ("cl100k", "antidisestablishmentarianism", 6),
        ("cl100k", "2 + 2 = 4", 7),
        ("o200k", "2 + 2 = 4", 7),
    ],
)
def test_known_counts(name: str, text: str, tokens: int) -> None:
    assert load(name).count(text) == tokens  # type: ignore[arg-type]


def test_special_tokens_are_plain_text(tokenizer: Tokenizer) -> None:
    assert tokenizer.count("<|endoftext|>") > 1


@settings(deadline=None)  # the machine may be busy
@given(text=st.text(st.characters(max_codepoint=127), max_size=600))
def test_ascii_has_a_piece_a_token(text: str) -> None:
    for name in NAMES:
        tokenizer = load(name)
        pieces = tokenizer.pieces(text)
        assert "".join(pieces) == text
        assert len(pieces) == tokenizer.count(text)


@settings(deadline=None)  # the machine may be busy
@given(text=ANY_TEXT)
def test_any_text_is_counted_and_divided(text: str) -> None:
    for name in NAMES:
        tokenizer = load(name)
        pieces = tokenizer.pieces(text)
        assert "".join(pieces) == repaired(text)
        assert all(pieces)
        assert len(pieces) <= tokenizer.count(text)


def test_a_character_of_several_tokens_is_one_piece(tokenizer: Tokenizer) -> None:
    text = "a \U00013000 b"
    assert tokenizer.count(text) > len(tokenizer.pieces(text))
    assert "\U00013000" in "|".join(tokenizer.pieces(text))
    "".join(tokenizer.pieces(text)).encode()


def test_long_texts_count_like_the_sum_of_their_lines(tokenizer: Tokenizer) -> None:
    line = "The quick answer is usually the one to check twice."
    assert tokenizer.count("\n".join([line] * 200)) == tokenizer.count(line + "\n") * 199 + tokenizer.count(line)


def test_surrogates_do_not_raise_in_long_texts(tokenizer: Tokenizer) -> None:
    assert tokenizer.count("\ud800" * 1_000) == tokenizer.count("\ufffd" * 1_000)


def test_surrogate_pairs_are_joined() -> None:
    assert repaired("\ud83d\ude00 and \ude00") == "\U0001f600 and \ufffd"
