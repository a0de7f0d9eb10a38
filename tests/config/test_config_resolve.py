"""Which settings a model gets."""

import pytest

from simulator.config.catalogue import ModelCard
from simulator.config.latency import Constant, Latency, LogNormal
from simulator.config.load import load
from simulator.config.resolve import (
    GENERIC_LATENCY,
    aliases,
    guess_provider,
    is_pattern,
    known_models,
    resolve,
    unknown,
)
from simulator.config.schema import Config, Errors, Models, ModelSettings, PlainFault, Response

CARD_LATENCY = Latency(ttft=LogNormal(p50_ms=500, p95_ms=900), itl=Constant(value_ms=20), prefill_ms_per_token=0.1)
CATALOGUE = {
    card.id: card
    for card in (
        ModelCard(id="gpt-4o-2024-08-06", provider="openai", aliases=("gpt-4o",), latency=CARD_LATENCY),
        ModelCard(id="gpt-4.1", provider="openai", latency=CARD_LATENCY),
        ModelCard(id="claude-opus-4-1", provider="anthropic", latency=CARD_LATENCY),
    )
}


def ms(value):
    return Constant(value_ms=value)


def config(providers=None, **more):
    return Config(providers=providers or {}, **more)


def pace(value):
    return ModelSettings(latency=Latency(ttft=ms(value)))


def test_without_settings_a_model_is_its_card():
    plain = config()
    model = resolve(plain, CATALOGUE, "gpt-4.1")
    assert (model.card, model.latency) == (CATALOGUE["gpt-4.1"], CARD_LATENCY)
    assert (model.errors, model.response, model.enabled) == (plain.errors, plain.response, True)
    assert list(known_models(plain, CATALOGUE)) == list(CATALOGUE)


def test_the_most_specific_key_decides():
    keys = ["*", "gpt-*", "gpt-4*", "gpt-4.[0-9]", "gpt-?.?", "gpt-4.1"]
    expected = ["*", "gpt-*", "gpt-4*", "gpt-4.[0-9]", "gpt-4.[0-9]", "gpt-4.1"]
    for count in range(1, len(keys) + 1):
        chosen = config({key: pace(keys.index(key)) for key in keys[:count]})
        assert resolve(chosen, CATALOGUE, "gpt-4.1").latency.ttft == ms(keys.index(expected[count - 1]))
        turned = config({key: pace(keys.index(key)) for key in reversed(keys[:count])})
        assert resolve(turned, CATALOGUE, "gpt-4.1").latency.ttft == ms(keys.index(expected[count - 1]))


def test_among_patterns_of_one_length_the_first_written_decides():
    assert resolve(config({"gpt-4*": pace(1), "*t-4.1": pace(2)}), CATALOGUE, "gpt-4.1").latency.ttft == ms(1)
    assert resolve(config({"*t-4.1": pace(2), "gpt-4*": pace(1)}), CATALOGUE, "gpt-4.1").latency.ttft == ms(2)


def test_patterns_match_case_and_whole_names():
    chosen = config({"GPT-*": pace(1), "gpt": pace(2), "4.1*": pace(3)})
    assert resolve(chosen, CATALOGUE, "gpt-4.1").latency == CARD_LATENCY


def test_latency_merges_part_by_part_down_to_the_card():
    chosen = config(
        {
            "*": ModelSettings(latency=Latency(ttft=ms(1), itl=ms(2))),
            "gpt-4.1": ModelSettings(latency=Latency(itl=ms(3))),
        }
    )
    assert resolve(chosen, CATALOGUE, "gpt-4.1").latency == Latency(ttft=ms(1), itl=ms(3), prefill_ms_per_token=0.1)
    zero = config({"gpt-4.1": ModelSettings(latency=Latency(prefill_ms_per_token=0))})
    assert resolve(zero, CATALOGUE, "gpt-4.1").latency.prefill_ms_per_token == 0


def test_errors_and_response_replace_the_global_ones_as_a_whole():
    failing = Errors(server_error=PlainFault(probability=0.5))
    chosen = config(
        {"gpt-4.1": ModelSettings(errors=Errors()), "gpt-*": ModelSettings(response=Response(model_suffix="-x"))},
        errors=failing,
        response=Response(id_prefix="sim-"),
    )
    model = resolve(chosen, CATALOGUE, "gpt-4.1")
    assert (model.errors, model.response) == (Errors(), Response(model_suffix="-x"))
    other = resolve(chosen, CATALOGUE, "claude-opus-4-1")
    assert (other.errors, other.response) == (failing, Response(id_prefix="sim-"))


def test_a_model_is_found_and_set_by_its_other_names():
    chosen = config({"gpt-4o": pace(1)}, models=Models(aliases={"house": "gpt-4o", "home": "house"}))
    for name in ("gpt-4o", "gpt-4o-2024-08-06", "house", "home"):
        model = resolve(chosen, CATALOGUE, name)
        assert (model.card.id, model.latency.ttft) == ("gpt-4o-2024-08-06", ms(1))
    assert "gpt-4o" not in known_models(chosen, CATALOGUE)
    assert aliases(chosen, CATALOGUE) == dict.fromkeys(("gpt-4o", "house", "home"), "gpt-4o-2024-08-06")
    own_name_first = config({"gpt-4o": pace(1), "gpt-4o-2024-08-06": pace(2)})
    assert resolve(own_name_first, CATALOGUE, "gpt-4o").latency.ttft == ms(2)


def test_an_alias_may_move_a_name_of_the_catalogue():
    moved = config(models=Models(aliases={"gpt-4o": "gpt-4.1"}))
    assert resolve(moved, CATALOGUE, "gpt-4o").card.id == "gpt-4.1"


def test_a_disabled_model_is_gone_with_its_names():
    off = config({"gpt-4o": ModelSettings(enabled=False)})
    assert resolve(off, CATALOGUE, "gpt-4o") is None
    assert resolve(off, CATALOGUE, "gpt-4o-2024-08-06") is None
    assert aliases(off, CATALOGUE) == {}
    only = config({"*": ModelSettings(enabled=False), "gpt-4.1": ModelSettings()})
    assert list(known_models(only, CATALOGUE)) == ["gpt-4.1"]
    assert not unknown(only, "gpt-9").enabled


def test_a_model_that_only_configuration_names():
    chosen = config({"claude-house": pace(1), "my-model": ModelSettings(provider="cohere"), "x*": ModelSettings()})
    known = known_models(chosen, CATALOGUE)
    assert list(known)[len(CATALOGUE) :] == ["claude-house", "my-model"]
    assert known["claude-house"].card.provider == "anthropic"
    assert known["claude-house"].latency == Latency(
        ttft=ms(1), itl=GENERIC_LATENCY.itl, prefill_ms_per_token=GENERIC_LATENCY.prefill_ms_per_token
    )
    assert known["my-model"].card.provider == "cohere"


def test_a_known_model_may_be_moved_to_another_provider():
    moved = config({"gpt-4.1": ModelSettings(provider="azure")})
    assert resolve(moved, CATALOGUE, "gpt-4.1").card.provider == "azure"


def test_an_unknown_model_follows_the_patterns():
    chosen = config({"*": pace(7), "gpt-*": ModelSettings(provider="azure")})
    model = unknown(chosen, "gpt-9")
    assert (model.card.id, model.card.provider, model.latency.ttft) == ("gpt-9", "azure", ms(7))
    assert resolve(chosen, CATALOGUE, "gpt-9") is None


@pytest.mark.parametrize(
    ("name", "provider", "kind", "tokenizer"),
    [
        ("gpt-9", "openai", "chat", "o200k"),
        ("gpt-4-custom", "openai", "chat", "cl100k"),
        ("gpt-4", "openai", "chat", "cl100k"),
        ("gpt-4o-house", "openai", "chat", "o200k"),
        ("o3-max", "openai", "chat", "o200k"),
        ("chatgpt-5", "openai", "chat", "o200k"),
        ("text-embedding-4", "openai", "embedding", "cl100k"),
        ("davinci-003", "openai", "completion", "cl100k"),
        ("babbage-003", "openai", "completion", "cl100k"),
        ("claude-9", "anthropic", "chat", "estimate"),
        ("gemini-9", "gemini", "chat", "estimate"),
        ("command-z", "cohere", "chat", "estimate"),
        ("embed-v9", "cohere", "embedding", "estimate"),
        ("rerank-v9", "cohere", "chat", "estimate"),
        ("house-model", "openai", "chat", "o200k"),
    ],
)
def test_what_a_name_tells(name, provider, kind, tokenizer):
    assert guess_provider(name) == provider
    card = unknown(config(), name).card
    assert (card.provider, card.kind, card.tokenizer) == (provider, kind, tokenizer)
    assert (card.dimensions is not None) == (kind == "embedding")


def test_what_is_a_pattern():
    assert [key for key in ("*", "a?", "[ab]", "a.b", "a-b") if is_pattern(key)] == ["*", "a?", "[ab]"]


def test_every_shipped_model_resolves_by_every_name():
    loaded = load(environ={})
    known = known_models(loaded.config, loaded.catalogue)
    assert list(known) == list(loaded.catalogue)
    for alias, name in aliases(loaded.config, loaded.catalogue).items():
        assert resolve(loaded.config, loaded.catalogue, alias) == known[name]
