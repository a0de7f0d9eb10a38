"""Prefill: a prompt's tokens cost time before the first token, and those that the prompt cache has cost none."""

import json

import pytest

from simulator.config.load import load
from simulator.engine.engine import Engine
from simulator.engine.plan import Address
from simulator.engine.prompt_cache import Warm
from simulator.providers.paths import Paths, target_of
from simulator.providers.registry import registry

TEXT = "All work and no play makes Jack a dull boy. " * 300
MARKED = [{"type": "text", "text": TEXT, "cache_control": {"type": "ephemeral"}}]
CASES = {
    "openai": (
        "/v1/chat/completions",
        {"model": "gpt-4o", "messages": [{"role": "system", "content": TEXT}, {"role": "user", "content": "Why?"}]},
    ),
    "anthropic": (
        "/v1/messages",
        {
            "model": "claude-sonnet-4-5",
            "max_tokens": 50,
            "system": MARKED,
            "messages": [{"role": "user", "content": "Why?"}],
        },
    ),
    "gemini": (
        "/v1beta/models/gemini-2.5-flash:generateContent",
        {
            "systemInstruction": {"parts": [{"text": TEXT}]},
            "contents": [{"role": "user", "parts": [{"text": "Why?"}]}],
        },
    ),
}
PROVIDERS = {provider.name: provider for provider in registry()}
LOADED = load(environ={})
ENGINE = Engine(LOADED.config, LOADED.catalogue)


def decoded(name):
    path, body = CASES[name]
    (endpoint, parameters) = Paths({one.path: one for one in PROVIDERS[name].endpoints}).find(path)
    return endpoint.decode(json.dumps(body).encode(), {b"anthropic-version": b"2023-06-01"}, target_of(parameters, b""))


def plan(call, sequence, read):
    """The plan of a call of which the cache has so many of the beginnings that it may hold."""
    prefixes = call.cache.prefixes
    share = prefixes[read - 1].share if read else 0.0
    warm = Warm(share, prefixes[-1].share, call.cache.least, call.cache.unit, call.cache.writes)
    return ENGINE.plan(call.request, Address(42, 0, 0, sequence), warm=warm)


@pytest.mark.parametrize("name", CASES)
def test_a_cached_prompt_comes_sooner_by_exactly_the_prefill_of_what_is_cached(name):
    call = decoded(name)
    prefill = ENGINE.effective[ENGINE.aliases.get(call.request.model, call.request.model)].latency.prefill_ms_per_token
    for sequence in range(5):
        cold, warm = plan(call, sequence, 0), plan(call, sequence, len(call.cache.prefixes))
        cached = warm.outcome.usage.cached_tokens
        assert cold.outcome.usage.cached_tokens == 0
        assert 1_024 < cached <= warm.outcome.usage.input_tokens == cold.outcome.usage.input_tokens
        saved = [early - late for early, late in zip(cold.offsets, warm.offsets, strict=True)]
        assert saved == pytest.approx([cached * prefill / 1000] * len(saved), rel=1e-9)


@pytest.mark.parametrize("name", CASES)
def test_the_more_is_cached_the_sooner_it_comes(name):
    call = decoded(name)
    plans = [plan(call, 3, read) for read in range(len(call.cache.prefixes) + 1)]
    cached = [one.outcome.usage.cached_tokens for one in plans]
    assert cached == sorted(cached)
    starts = [one.offsets[0] for one in plans]
    assert starts == sorted(starts, reverse=True)
    assert starts[-1] < starts[0]
