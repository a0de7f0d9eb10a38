"""The shipped profiles: every model that the official clients name, with limits, a pace and where it is from."""

import re
from importlib.metadata import files
from typing import get_args

import numpy as np
import pytest
import yaml
from anthropic.resources.messages.messages import DEPRECATED_MODELS
from anthropic.types.model import Model as AnthropicModel
from openai.types.embedding_model import EmbeddingModel
from openai.types.shared.chat_model import ChatModel

from simulator.config.catalogue import load_catalogue
from simulator.config.latency import problems
from simulator.config.shipped import shipped
from simulator.engine.latency import Timeline
from simulator.providers.registry import registry

CARDS = load_catalogue()
CL100K = ("gpt-3.5", "gpt-4-", "text-embedding", "text-moderation", "davinci", "babbage", "dall-e")
AT_ONCE = {"embedding", "rerank", "moderation", "image", "speech"}
"""Kinds whose answer comes as a whole."""
WAITS = {
    **dict.fromkeys(("chat", "completion"), (0.03, 10)),
    **dict.fromkeys(("embedding", "rerank", "moderation"), (0.01, 2)),
    **dict.fromkeys(("speech", "transcription"), (0.1, 10)),
    "image": (1, 100),
}
"""Seconds between which the median of TTFT lies."""
NAMES = {name for card in CARDS.values() for name in (card.id, *card.aliases)}


def test_every_model_of_the_openai_client_is_known():
    completions = {"gpt-3.5-turbo-instruct", "davinci-002", "babbage-002"}
    unsupported = {"gpt-5.1-mini"}
    assert {*get_args(ChatModel), *get_args(EmbeddingModel), *completions} - unsupported <= NAMES


def test_every_model_of_the_anthropic_client_is_known():
    current = set(get_args(get_args(AnthropicModel)[0]))
    before_claude_3 = {
        name for name in DEPRECATED_MODELS if name.startswith(("claude-1", "claude-2", "claude-instant"))
    }
    assert (current | set(DEPRECATED_MODELS)) - before_claude_3 <= NAMES


def test_every_text_model_of_the_gemini_client_is_known():
    """Read as text: to import that client takes seconds."""
    (source,) = [one for one in files("google-genai") if str(one).endswith("types/interactions/model.py")]
    named = set(re.findall(r'"(gemini-\d[\w.-]*)"', source.locate().read_text("utf-8")))
    others = {name for name in named if re.search("image|tts|transcribe", name)}
    assert len(named - others) > 8
    assert named - others <= NAMES


def test_each_of_the_five_providers_has_chat_models_with_a_pace():
    owners = {provider.name: getattr(provider, "models_of", provider.name) for provider in registry()}
    for name in ("openai", "anthropic", "gemini", "azure", "cohere"):
        paces = {card.latency for card in CARDS.values() if card.provider == owners[name] and card.kind == "chat"}
        assert len(paces) >= 5, f"{name} has models of few paces"


def test_each_model_has_a_source_of_its_own_figures():
    """Not only the file's, which tells how figures were made of what the models' sources say."""
    written = {}
    for path in (shipped() / "profiles").glob("*.yaml"):
        written |= yaml.safe_load(path.read_text("utf-8"))["models"]
    assert set(written) == set(CARDS)
    assert [name for name, model in written.items() if len(model.get("source", "")) < 20] == []


@pytest.mark.parametrize("card", list(CARDS.values()), ids=lambda card: card.id)
def test_a_card_is_complete_and_its_pace_plausible(card):
    assert card.display_name
    assert card.created > 1_500_000_000
    assert len(card.source) > 40
    latency = card.latency
    assert latency.ttft is not None
    assert problems(latency.ttft) == []
    timeline = Timeline(latency)
    shortest, longest = WAITS[card.kind]
    assert shortest < timeline.ttft(0.5, 0) < longest
    assert timeline.ttft(0.95, 0) > timeline.ttft(0.5, 0)
    if card.kind in {"embedding", "rerank"}:
        assert card.dimensions
    if card.kind in AT_ONCE:
        return
    assert latency.prefill_ms_per_token is not None
    assert latency.itl is not None
    assert problems(latency.itl) == []
    assert 0 <= card.max_output_tokens <= card.context_window  # 0: as much as the window holds
    speed = 1 / np.diff(timeline.offsets(np.full(2, 0.5), 0))[0]
    assert 5 < speed < 400


def test_tokenizers_follow_the_families():
    for card in CARDS.values():
        if card.provider != "openai":
            assert card.tokenizer == "estimate"
        elif card.id.startswith(CL100K):
            assert card.tokenizer == "cl100k"
        else:
            assert card.tokenizer == "o200k"


def test_families_that_honour_dimensions():
    shortened = {card.id for card in CARDS.values() if card.shortenable and card.provider in {"openai", "cohere"}}
    assert shortened == {
        "text-embedding-3-large",
        "text-embedding-3-small",
        "embed-v4.0",
        "embed-v5.0-pro",
        "embed-v5.0-fast",
    }
