import re

from simulator.engine.content.corpus import CORPUS, PER_TOPIC

SENTENCES = [sentence for topic in CORPUS for sentence in topic]
PROVIDERS = ("openai", "anthropic", "claude", "gpt", "gemini", "azure", "cohere", "mistral", "google", "amazon")


def test_size() -> None:
    assert len(CORPUS) == 12
    assert {len(topic) for topic in CORPUS} == {PER_TOPIC}


def test_every_sentence_has_the_stated_form() -> None:
    for sentence in SENTENCES:
        assert re.fullmatch(r"[A-Z][ !#-\[\]-~]*[a-z]\.", sentence), sentence
        assert "  " not in sentence
        assert "." not in sentence[:-1]
        assert 6 <= len(sentence.split()) <= 30, sentence


def test_sentences_differ_and_open_differently() -> None:
    assert len(set(SENTENCES)) == len(SENTENCES)
    assert len({sentence.split()[0] for sentence in SENTENCES}) > 100


def test_no_provider_is_named() -> None:
    text = " ".join(SENTENCES).lower()
    assert [name for name in PROVIDERS if name in text] == []
