import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.config.catalogue import TokenizerName
from simulator.engine.content.corpus import CORPUS
from simulator.engine.content.writer import BREAK, Writer
from simulator.engine.tokens import load

SENTENCES = [sentence for topic in CORPUS for sentence in topic]
TOPIC_OF = {sentence: number for number, topic in enumerate(CORPUS) for sentence in topic}
NAMES: tuple[TokenizerName, ...] = ("o200k", "cl100k", "estimate")
WRITERS = {name: Writer(load(name)) for name in NAMES}


class Seeded:
    """A repeatable stream that counts its calls."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.calls = 0

    def raw(self, n: int) -> list[int]:
        self.calls += 1
        return [self._random.getrandbits(64) for _ in range(n)]

    def uniform(self) -> float:
        return self._random.random()


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


@settings(deadline=None)  # the machine may be busy
@given(seed=st.integers(0, 2**32), target=st.integers(-5, 400), data=st.data())
def test_pieces_are_the_tokens_of_the_text_also_when_cut(seed: int, target: int, data: st.DataObject) -> None:
    for name, writer in WRITERS.items():
        tokenizer = load(name)
        pieces = writer.write(Seeded(seed), target)
        kept = data.draw(st.integers(1, len(pieces)))
        for part in (pieces, pieces[:kept]):
            text = "".join(part)
            assert tokenizer.pieces(text) == part
            assert tokenizer.count(text) == len(part)


@settings(deadline=None)  # the machine may be busy
@given(seed=st.integers(0, 2**32), target=st.integers(0, 500))
def test_the_length_is_the_nearest_that_whole_sentences_allow(seed: int, target: int) -> None:
    """The same stream gives a longer answer the same beginning as long as it draws as many numbers."""
    writer = WRITERS["o200k"]

    class Fixed(Seeded):
        def raw(self, n: int) -> list[int]:
            return super().raw(200)[:n]

    pieces = writer.write(Fixed(seed), target)
    sizes = {len(writer.write(Fixed(seed), other)) for other in range(1, target + 60, 3)} | {len(pieces)}
    assert abs(len(pieces) - target) == min(abs(size - target) for size in sizes)


@settings(deadline=None)  # the machine may be busy
@given(seed=st.integers(0, 2**32), target=st.integers(1, 600))
def test_paragraphs_hold_different_sentences_of_one_topic(seed: int, target: int) -> None:
    text = "".join(WRITERS["o200k"].write(Seeded(seed), target))
    found = paragraphs(text)
    for paragraph in found:
        assert 1 <= len(paragraph) <= 5
        assert len(set(paragraph)) == len(paragraph)
        assert len({TOPIC_OF[sentence] for sentence in paragraph}) == 1
    assert all(len(paragraph) >= 3 for paragraph in found[:-1])


def test_the_same_draws_give_the_same_answer_and_others_another() -> None:
    writer = WRITERS["o200k"]
    texts = {"".join(writer.write(Seeded(seed), 60)) for seed in range(300)}
    assert len(texts) >= 298
    assert writer.write(Seeded(7), 60) == writer.write(Seeded(7), 60)


def test_every_sentence_is_written_sooner_or_later() -> None:
    writer = WRITERS["estimate"]
    seen = {sentence for paragraph in paragraphs("".join(writer.write(Seeded(1), 60_000))) for sentence in paragraph}
    assert seen == set(SENTENCES)


@pytest.mark.parametrize("target", [0, 1, 60, 4_096])
def test_one_call_of_the_stream(target: int) -> None:
    stream = Seeded(3)
    WRITERS["o200k"].write(stream, target)
    assert stream.calls == 1


@pytest.mark.parametrize("number", [0, 2**64 - 1, 0xFFFF, 0x3FFFFF, 2**63])
def test_extreme_draws_are_fine(number: int) -> None:
    class Constant:
        def raw(self, n: int) -> list[int]:
            return [number] * n

        def uniform(self) -> float:
            return 0.0

    for name, writer in WRITERS.items():
        pieces = writer.write(Constant(), 300)
        assert abs(len(pieces) - 300) <= 20
        assert load(name).count("".join(pieces)) == len(pieces)


def test_answers_do_not_share_their_list() -> None:
    writer = WRITERS["o200k"]
    writer.write(Seeded(5), 60).clear()
    assert writer.write(Seeded(5), 60)


def test_a_tokenizer_that_joins_the_full_stop_is_refused() -> None:
    class Whole:
        name = "whole"

        def count(self, text: str) -> int:
            return min(1, len(text))

        def pieces(self, text: str) -> list[str]:
            return [text]

    with pytest.raises(ValueError, match="tokenizer whole does not end"):
        Writer(Whole())
