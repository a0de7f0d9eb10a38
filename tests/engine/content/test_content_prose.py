from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.catalogue import TokenizerName
from simulator.engine.content.corpus import CORPUS
from simulator.engine.content.passage import Passage
from simulator.engine.content.prose import BREAK, Prose
from simulator.engine.tokens import load

SENTENCES = [sentence for topic in CORPUS for sentence in topic]
TOPIC_OF = {sentence: number for number, topic in enumerate(CORPUS) for sentence in topic}
NAMES: tuple[TokenizerName, ...] = ("o200k", "cl100k", "estimate")
PROSE = {name: Prose(load(name)) for name in NAMES}


WORD = st.integers(0, 2**64 - 1)
UNBOUNDED = 2**62


def write(name: str, number: int, target: int, most: int = UNBOUNDED) -> Sequence[str]:
    return PROSE[name].stretch(number, target, most)


def paragraphs(text: str) -> list[list[str]]:
    return [[part.strip(".") + "." for part in paragraph.split(". ")] for paragraph in text.split("\n\n")]


@pytest.mark.parametrize("name", NAMES)
def test_every_ordered_pair_of_sentences_has_the_tokens_of_its_parts(name: TokenizerName) -> None:
    tokenizer = load(name)
    count = tokenizer.count
    first = [count(sentence) for sentence in SENTENCES]
    later = [count(" " + sentence) for sentence in SENTENCES]
    extra = count(BREAK) - 1
    for a, size in zip(SENTENCES, first, strict=True):
        paragraph, end = f"{a} ", a[:-1] + BREAK
        for b, opening, following in zip(SENTENCES, first, later, strict=True):
            assert count(paragraph + b) == size + following, (a, b)
            assert count(end + b) == size + extra + opening, (a, b)


@pytest.mark.parametrize("name", NAMES)
def test_every_sentence_cut_after_any_token_has_the_tokens_up_to_there(name: TokenizerName) -> None:
    tokenizer = load(name)
    for sentence in SENTENCES:
        for text in (sentence + " Then", " " + sentence, sentence[:-1] + BREAK):
            pieces = tokenizer.pieces(text)
            for k in range(1, len(pieces)):
                assert tokenizer.pieces("".join(pieces[:k])) == pieces[:k], (text, k)


@given(number=WORD, target=st.integers(-5, 400), data=st.data())
def test_pieces_are_the_tokens_of_the_text_also_when_cut(number: int, target: int, data: st.DataObject) -> None:
    for name in NAMES:
        tokenizer = load(name)
        pieces = write(name, number, target)
        kept = data.draw(st.integers(1, len(pieces)))
        assert isinstance(pieces, Passage)
        assert pieces.text == "".join(pieces)
        assert len(pieces) == len(list(pieces))
        for part in (list(pieces), pieces[:kept]):
            text = "".join(part)
            assert tokenizer.pieces(text) == part
            assert tokenizer.count(text) == len(part)


@given(number=WORD, target=st.integers(0, 500))
def test_the_length_is_the_nearest_that_whole_sentences_allow(number: int, target: int) -> None:
    """The same number gives answers that begin alike, one sentence longer at a time."""
    pieces = write("o200k", number, target)
    sizes = {len(write("o200k", number, other)) for other in range(1, target + 60, 3)} | {len(pieces)}
    assert abs(len(pieces) - target) == min(abs(size - target) for size in sizes)


@given(number=WORD, target=st.integers(0, 300), most=st.integers(1, 300))
def test_no_answer_is_longer_than_the_most(number: int, target: int, most: int) -> None:
    pieces = write("o200k", number, target, most)
    assert 1 <= len(pieces) <= most
    if isinstance(pieces, Passage):
        assert pieces.text.endswith(".")


@given(number=WORD, target=st.integers(1, 600))
def test_paragraphs_hold_different_sentences_of_one_topic(number: int, target: int) -> None:
    text = "".join(write("o200k", number, target))
    found = paragraphs(text)
    for paragraph in found:
        assert 1 <= len(paragraph) <= 5
        assert len(set(paragraph)) == len(paragraph)
        assert len({TOPIC_OF[sentence] for sentence in paragraph}) == 1
    assert all(len(paragraph) >= 3 for paragraph in found[1:-1])


def test_the_same_number_gives_the_same_answer_and_others_another() -> None:
    numbers = range(0, 2**64, 2**64 // 300)
    texts = {"".join(write("o200k", number, 60)) for number in numbers}
    assert len(texts) >= 298
    assert write("o200k", 7, 60) == write("o200k", 7, 60)


def test_every_sentence_is_written_sooner_or_later() -> None:
    seen = {sentence for paragraph in paragraphs("".join(write("estimate", 0, 60_000))) for sentence in paragraph}
    assert seen == set(SENTENCES)


@pytest.mark.parametrize("target", [60_000, 130_000, 300_000])
def test_answers_longer_than_the_prose_repeat_it(target: int) -> None:
    for name in NAMES:
        pieces = write(name, 2**63, target)
        text = "".join(pieces)
        assert abs(len(pieces) - target) <= 20
        tokenizer = load(name)
        # Beyond 500,000 characters a count is an estimate: the end alone is compared there.
        last = text[-2_000:].partition("\n\n")[2]
        assert tokenizer.pieces(last) == list(pieces)[-len(tokenizer.pieces(last)) :]
        assert text.endswith(".")
        assert {len(paragraph) for paragraph in paragraphs(text)[1:-1]} == {3, 4, 5}
        assert len(write(name, 2**63, target, target)) <= target


@pytest.mark.parametrize("number", [0, 2**64 - 1, 0xFFFF, 0x3FFFFF, 2**63])
def test_extreme_numbers_are_fine(number: int) -> None:
    for name in NAMES:
        pieces = write(name, number, 300)
        assert abs(len(pieces) - 300) <= 20
        assert load(name).count("".join(pieces)) == len(pieces)


def test_answers_do_not_share_their_tokens() -> None:
    list(write("o200k", 5, 60)).clear()
    assert list(write("o200k", 5, 60))


def test_a_passage_is_a_sequence_like_any_other() -> None:
    passage = write("o200k", 5, 60)
    same = write("o200k", 5, 60)
    assert passage == same == list(passage)
    assert passage != "x"
    assert hash(passage) == hash(same)
    assert passage[0] == next(iter(passage))
    assert repr(passage).startswith("Passage('")


def test_a_tokenizer_that_joins_the_full_stop_is_refused() -> None:
    class Whole:
        name = "whole"

        def count(self, text: str) -> int:
            return min(1, len(text))

        def pieces(self, text: str) -> list[str]:
            return [text]

    with pytest.raises(ValueError, match="tokenizer whole does not end"):
        Prose(Whole())
