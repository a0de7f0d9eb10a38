import subprocess
import sys

import pytest

from simulator.engine.tokens import Tokenizer, bounded, load
from simulator.engine.tokens.bounded import EXACT_CHARACTERS, WIDTH, WINDOWS, LongTexts, sampled


class Counter:
    """Counts spaces, and how many characters it was shown."""

    def __init__(self) -> None:
        self.seen = 0
        self.calls = 0

    def __call__(self, text: str) -> int:
        self.seen += len(text)
        self.calls += 1
        return text.count(" ")


def test_a_sample_has_a_fixed_size_and_reaches_both_ends() -> None:
    exact = Counter()
    length = 10_000_000
    assert sampled(" " * length, exact) == length
    assert exact.seen == WINDOWS * WIDTH

    ends = "a" + "b" * (length - 2) + "c"
    shown: list[str] = []
    sampled(ends, lambda text: shown.append(text) or 0)  # type: ignore[func-returns-value]
    assert shown[0][0] == "a"
    assert shown[-1][-1] == "c"


def test_texts_up_to_the_limit_are_exact_and_longer_ones_sampled() -> None:
    exact = Counter()
    texts = LongTexts(exact)
    assert texts.count("a " * (EXACT_CHARACTERS // 2)) == EXACT_CHARACTERS // 2
    assert exact.seen == EXACT_CHARACTERS
    texts.count("a " * EXACT_CHARACTERS)
    assert exact.seen == EXACT_CHARACTERS + WINDOWS * WIDTH


def test_a_remembered_text_is_not_counted_again() -> None:
    exact = Counter()
    texts = LongTexts(exact)
    first = "a b " * 500
    again = "".join(list(first))
    assert texts.count(first) == texts.count(again) == 1_000
    assert exact.calls == 1


def test_memory_is_bounded_by_entries_and_the_oldest_leaves() -> None:
    exact = Counter()
    texts = LongTexts(exact, entries=2, characters=10_000)
    a, b, c = ("a" * 300, "b" * 300, "c" * 300)
    for text in (a, b, a, c):
        texts.count(text)
    assert texts.statistics() == (2, 600)
    calls = exact.calls
    texts.count(a)
    assert exact.calls == calls
    texts.count(b)
    assert exact.calls == calls + 1


def test_memory_is_bounded_by_characters() -> None:
    texts = LongTexts(Counter(), entries=1_000, characters=1_000)
    for number in range(50):
        texts.count(f"{number:0250}")
    assert texts.statistics() == (4, 1_000)
    texts.count("x" * 251)  # more than a quarter of the room is not kept
    assert texts.statistics() == (4, 1_000)


@pytest.fixture(params=["o200k", "cl100k", "estimate"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return load(request.param)


def test_a_sampled_count_is_near_the_exact_one(tokenizer: Tokenizer, monkeypatch: pytest.MonkeyPatch) -> None:
    words = [f"word{n * n % 9973} and {'x' * (n % 13)};\n" for n in range(40_000)]
    text = "".join(words)
    assert len(text) > EXACT_CHARACTERS
    approximate = tokenizer.count(text)
    monkeypatch.setattr(bounded, "EXACT_CHARACTERS", len(text))
    assert approximate == pytest.approx(tokenizer.count(text), rel=0.01)


ADVERSARIAL = """
import itertools, sys
from simulator.config.catalogue import ModelCard
from simulator.engine.request import Message, Operation, Request
from simulator.engine.tokens import load, prompt_tokens
tokenizer = load(sys.argv[1])
N = 1_000_000
runs = ["a", "A", "aA", " ", "\\t", "\\n", " \\n", "\\r\\n", "-", "=", "1", "!", "'", "\\0", "\\u6f22", "\\U0001f600",
        "a\\u0301", "\\u200d", "\\ud800", " " * 999 + "a", "-" * 63 + "x", "<|endoftext|>"]
for run in runs:
    text = run * (N // len(run))
    assert tokenizer.count(text) > 0
    assert "".join(tokenizer.pieces(text[:100_000]))
assert tokenizer.count("-" * 33_000_000) > 100_000
card = ModelCard(id="m", provider="p")
messages = tuple(Message("user", "-" * 100_000 + str(n)) for n in range(330))
assert prompt_tokens(Request(Operation.CHAT, "p", "m", messages=messages), card, tokenizer) > 100_000
print("done")
"""


@pytest.mark.parametrize("name", ["o200k", "cl100k", "estimate"])
def test_adversarial_texts_are_counted_within_a_deadline(name: str) -> None:
    """Quadratic work on any of these would take hours, and an unbounded count of the last two a minute."""
    done = subprocess.run(
        [sys.executable, "-c", ADVERSARIAL, name], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
