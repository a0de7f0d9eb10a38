"""The shipped profiles: every model that the official clients name, with limits, a pace and where it is from."""

from typing import get_args

import numpy as np
import pytest
from anthropic.resources.messages.messages import DEPRECATED_MODELS
from anthropic.types.model import Model as AnthropicModel
from openai.types.embedding_model import EmbeddingModel
from openai.types.shared.chat_model import ChatModel

from simulator.config.catalogue import load_catalogue
from simulator.config.latency import problems
from simulator.engine.latency import Timeline

CARDS = load_catalogue()
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


@pytest.mark.parametrize("card", list(CARDS.values()), ids=lambda card: card.id)
def test_a_card_is_complete_and_its_pace_plausible(card):
    assert card.display_name
    assert card.created > 1_600_000_000
    assert len(card.source) > 40
    latency = card.latency
    assert latency.ttft is not None
    assert latency.prefill_ms_per_token is not None
    assert problems(latency.ttft) == []
    timeline = Timeline(latency)
    assert 0.1 < timeline.ttft(0.5, 0) < 10
    assert timeline.ttft(0.95, 0) > timeline.ttft(0.5, 0)
    if card.kind == "embedding":
        assert card.dimensions
        return
    assert latency.itl is not None
    assert problems(latency.itl) == []
    assert 0 < card.max_output_tokens <= card.context_window
    speed = 1 / np.diff(timeline.offsets(np.full(2, 0.5), 0))[0]
    assert 15 < speed < 400


def test_tokenizers_follow_the_families():
    for card in CARDS.values():
        if card.provider == "anthropic":
            assert card.tokenizer == "estimate"
        elif card.id.startswith(("gpt-3.5", "gpt-4-", "text-embedding", "davinci", "babbage")):
            assert card.tokenizer == "cl100k"
        else:
            assert card.tokenizer == "o200k"


def test_families_that_honour_dimensions():
    assert {card.id for card in CARDS.values() if card.shortenable} == {
        "text-embedding-3-large",
        "text-embedding-3-small",
    }
