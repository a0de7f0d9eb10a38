import subprocess
import sys
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.content.embedding import MAX_CHARACTERS, Embedder

EMBEDDER = Embedder(42)


def vector(text: str, dimensions: int = 1_536, full: int = 1_536) -> npt.NDArray[np.float64]:
    return np.frombuffer(EMBEDDER.embed(text, dimensions, full), dtype="<f4").astype(np.float64)


def near(a: str, b: str, dimensions: int = 1_536, full: int = 1_536) -> float:
    return float(vector(a, dimensions, full) @ vector(b, dimensions, full))


@settings(deadline=None)  # the machine may be busy
@given(text=st.text(st.characters(), max_size=200), dimensions=st.integers(1, 512))
def test_any_text_has_a_unit_vector(text: str, dimensions: int) -> None:
    found = vector(text, dimensions, 512)
    assert found.shape == (dimensions,)
    assert np.isfinite(found).all()
    assert abs(float(np.sqrt(found @ found)) - 1) < 1e-6


@pytest.mark.parametrize("text", ["", " ", "!!!", "\n\n...", "_", "\u0301", "\ud800"])
def test_texts_without_words(text: str) -> None:
    found = vector(text)
    assert abs(float(found @ found) - 1) < 2e-6
    assert abs(near(text, "a sentence about something else")) < 0.2


@pytest.mark.parametrize("full", [256, 1_536, 3_072])
@pytest.mark.parametrize(
    ("query", "related", "unrelated"),
    [
        ("reset my password", "How can I reset a forgotten password?", "The weather in Paris is mild."),
        ("the cat sat on the mat", "A cat was lying on a mat.", "The index fell on the exchange."),
        ("invoice payment terms", "Terms of payment are on the invoice.", "A recipe for bread with seeds"),
        ("embeding vectors", "embedding vector", "banana bread"),
        ("Kündigungsfrist", "kündigungsfristen", "Sonnenblumen"),
        ("東京の天気", "東京の天気は晴れです", "大阪城公園"),
        ("погода в Москве", "Какая погода сегодня?", "рецепт хлеба"),
    ],
)
def test_texts_that_share_words_are_nearer(query: str, related: str, unrelated: str, full: int) -> None:
    assert near(query, related, full, full) > near(query, unrelated, full, full) + 0.1


def test_unrelated_texts_are_nearly_orthogonal() -> None:
    assert abs(near("gardening with compost", "unit tests fail quickly")) < 0.15


def test_case_and_punctuation_hardly_matter_and_order_a_little() -> None:
    assert 0.9 < near("Hello, world!", "hello world") < 0.9999
    assert 0.9 < near("dog bites man", "man bites dog") < 0.9999


def test_repeating_a_word_has_a_sub_linear_effect() -> None:
    once, often = "apple pear plum", "apple pear plum " + "apple " * 20
    assert 0.6 < near(once, often) < 0.99
    assert near("apple", often) > near("apple", once)


@settings(deadline=None)  # the machine may be busy
@given(text=st.text(min_size=1, max_size=60), dimensions=st.integers(1, 256))
def test_shortening_takes_the_first_coordinates(text: str, dimensions: int) -> None:
    whole, short = vector(text, 256, 256), vector(text, dimensions, 256)
    head = whole[:dimensions]
    norm = float(np.sqrt(head @ head))
    if norm > 1e-3:
        assert np.allclose(short, head / norm, atol=1e-5)


@pytest.mark.parametrize(("dimensions", "full"), [(0, 10), (-1, 10), (11, 10), (10_000, 10_000)])
def test_impossible_dimensions_are_refused(dimensions: int, full: int) -> None:
    with pytest.raises(ValueError, match=f"dimensions {dimensions} of {full}"):
        EMBEDDER.embed("x", dimensions, full)


def test_another_seed_gives_other_vectors() -> None:
    other = np.frombuffer(Embedder(43).embed("hello", 1_536, 1_536), dtype="<f4")
    assert abs(float(vector("hello") @ other)) < 0.15


def test_the_bytes_are_the_same_in_every_process() -> None:
    texts = ["hello", "", "The same text, always. " * 30, "漢字 and \U0001f600"]
    script = (
        "import sys; from hashlib import blake2b; from simulator.engine.content.embedding import Embedder\n"
        f"data = b''.join(Embedder(42).embed(text, 256, 1536) for text in {texts!a})\n"
        "print(blake2b(data).hexdigest())\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    here = b"".join(EMBEDDER.embed(text, 256, 1_536) for text in texts)
    assert done.stdout.strip() == blake2b(here).hexdigest()


def test_the_bytes_are_the_same_on_every_machine() -> None:
    """Written down once: a change of these bytes changes what every user has stored."""
    found = EMBEDDER.embed("The same text on every machine.", 64, 1_536)
    assert blake2b(found, digest_size=8).hexdigest() == "0be3fcd4dfe14a99"


def test_what_is_remembered_changes_nothing_and_is_bounded() -> None:
    fresh, used = Embedder(1), Embedder(1)
    for start in range(0, 12_000, 3_000):
        used.embed(" ".join(f"w{n}" for n in range(start, start + 3_000)), 8, 64)
    assert len(used._hashes) == 8_192
    assert used.embed("w1 w11999 new", 64, 64) == fresh.embed("w1 w11999 new", 64, 64)


def test_a_very_long_text_is_read_up_to_a_limit() -> None:
    head = ("word " * MAX_CHARACTERS)[:MAX_CHARACTERS]
    assert near(head + " tail" * 10, head + " other" * 10) > 0.99
    assert EMBEDDER.embed(head + " tail", 64, 64) != EMBEDDER.embed(head + " other", 64, 64)
