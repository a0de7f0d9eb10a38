"""The settings of circuit breakers: a provider's own laid over the common ones, and what cannot be."""

import pytest

from simulator.config.breaker import CircuitBreaker, ProviderCircuit
from simulator.config.faults import ConfigError
from simulator.config.load import load


def loaded(tmp_path, text):
    path = tmp_path / "user.yaml"
    path.write_text(text)
    return load(path, environ={}).config.circuit_breaker


def test_a_provider_s_own_settings_go_over_the_common_ones(tmp_path):
    settings = loaded(
        tmp_path,
        "circuit_breaker: {enabled: true, open_secs: 5, providers: {anthropic: {open_secs: 10, probes: 1},"
        " gemini: {enabled: false}}}",
    )
    common = settings.of("openai")
    assert (common.open_secs, common.probes) == (5, 3)
    own = settings.of("anthropic")
    assert (own.open_secs, own.probes, own.failure_threshold) == (10, 1, 5)
    assert settings.of("gemini") is None


def test_one_provider_alone_may_have_one():
    settings = CircuitBreaker(providers={"cohere": ProviderCircuit(enabled=True, failure_threshold=1)})
    assert settings.of("openai") is None
    assert settings.of("cohere").failure_threshold == 1
    assert CircuitBreaker().of("cohere") is None


def test_what_is_given_as_nothing_is_not_what_is_not_given():
    settings = CircuitBreaker(
        enabled=True, providers={"cohere": ProviderCircuit(failure_threshold=0, failure_rate=0.5)}
    )
    assert (settings.of("cohere").failure_threshold, settings.of("cohere").failure_rate) == (0, 0.5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("failure_threshold: 0", "circuit_breaker.failure_threshold: nothing opens it; allowed: at least 1, or a fail"),
        (
            "providers: {mistral: {failure_threshold: 0}}",
            "circuit_breaker.providers.mistral.failure_threshold: nothing opens it",
        ),
        ("providers: {antropic: {}}", 'circuit_breaker.providers.antropic: no provider "antropic"; did you mean "anth'),
        ("counts: [server_eror]", 'circuit_breaker.counts[0]: found "server_eror"; did you mean "server_error"?'),
        ("counts: [content_filter]", 'circuit_breaker.counts[0]: found "content_filter"'),
        ("open_secs: 0", "circuit_breaker.open_secs: found 0"),
        ("probes: 0", "circuit_breaker.probes: found 0"),
        ("failure_rate: 1.5", "circuit_breaker.failure_rate: found 1.5"),
        ("thresold: 3", "circuit_breaker.thresold: unknown key"),
    ],
)
def test_what_cannot_be_is_told(tmp_path, text, told):
    with pytest.raises(ConfigError) as raised:
        loaded(tmp_path, f"circuit_breaker: {{enabled: true, {text}}}")
    [fault] = raised.value.faults
    assert told in str(fault)


def test_what_is_switched_off_may_be_opened_by_nothing(tmp_path):
    assert loaded(tmp_path, "circuit_breaker: {failure_threshold: 0}").of("openai") is None
