"""The prompt cache of the fleet: what was asked before is counted as cached, and comes sooner."""

import pytest
from serving import Simulator

WORDS = "All work and no play makes Jack a dull boy. "
SLOW_PREFILL = {"latency": {"ttft": {"distribution": "constant", "value_ms": 1}, "prefill_ms_per_token": 0.2}}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    config = {"providers": {"gpt-4o": SLOW_PREFILL}}
    with Simulator(tmp_path_factory.mktemp("prompts"), config=config, workers=3) as it:
        yield it


def asked(fleet, *texts, key="sk-one", model="gpt-4o", **fields):
    messages = [{"role": "user", "content": text} for text in texts]
    body = {"model": model, "messages": messages, "max_tokens": 1, **fields}
    answer = fleet.ask("/v1/chat/completions", body, {"authorization": f"Bearer {key}"})
    usage = answer.json()["usage"]
    return usage["prompt_tokens"], usage["prompt_tokens_details"]["cached_tokens"], answer


def test_a_prompt_that_was_met_is_cached_whoever_answers(fleet):
    text = WORDS * 200
    prompt, cached, first = asked(fleet, text)
    assert (prompt > 2_000, cached) == (True, 0)
    shards = set()
    for _ in range(6):
        again, cached, answer = asked(fleet, text)
        assert again == prompt
        assert prompt - 128 < cached <= prompt
        assert cached % 128 == 0
        assert answer.json()["choices"] == first.json()["choices"]
        shards.add(answer.headers["x-llm-sim-shard"])
        # What is cached need not be prefilled: 0.2 ms a token of the rest.
        assert int(answer.headers["openai-processing-ms"]) < 100
    assert int(first.headers["openai-processing-ms"]) >= 400
    assert len(shards) > 1
    longer, cached, _ = asked(fleet, text, "And what does he do then?")
    assert 0.9 * prompt < cached < longer


def test_what_another_key_or_model_asked_is_not(fleet):
    text = "Once upon a time. " * 400
    assert asked(fleet, text)[1] == 0
    assert asked(fleet, text, key="sk-two")[1] == 0
    assert asked(fleet, text, model="gpt-4o-mini")[1] == 0
    assert asked(fleet, text)[1] > 0


def test_a_short_prompt_is_never_cached(fleet):
    for _ in range(3):
        assert asked(fleet, "Hello")[1] == 0
        assert asked(fleet, WORDS * 80)[1] == 0, "fewer than 1,024 tokens"


def test_it_can_be_switched_off(fleet):
    text = "The other story. " * 400
    asked(fleet, text)
    assert asked(fleet, text)[1] > 0
    assert fleet.ask("/admin/config", {"simulation": {"prompt_cache": False}}).status == 200
    assert asked(fleet, text)[1] == 0
