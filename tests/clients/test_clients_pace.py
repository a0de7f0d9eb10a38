"""The planned pace as the official clients see it. Lower bounds only: a busy machine may be late, never early."""

import time

import anthropic
import openai
import pytest
from client_checks import turn
from serving import Simulator

TTFT, ITL = 0.080, 0.010
HALF_TICK = 0.0005
"""The wheel rounds a deadline to its millisecond."""
PACE = {
    "ttft": {"distribution": "constant", "value_ms": TTFT * 1000},
    "itl": {"distribution": "constant", "value_ms": ITL * 1000},
    "prefill_ms_per_token": 0,
}
TOKENS = 20
END = TTFT + (TOKENS - 1) * ITL
FIXED = {"length": {"p50": 50, "p95": 60, "min": 40}}


@pytest.fixture(scope="module")
def paced(tmp_path_factory):
    config = {"providers": {"*": {"latency": PACE, "response": FIXED}}}
    with Simulator(tmp_path_factory.mktemp("pace"), config=config, workers=4) as fleet:
        yield fleet


def times_of(begin, chunks, said):
    """When each piece of text came, in seconds after `begin`; `said` gives a chunk's text."""
    return [time.monotonic() - begin for chunk in chunks if said(chunk)]


def check(times):
    assert len(times) == TOKENS
    for number, came in enumerate(times):
        assert came >= TTFT + number * ITL - HALF_TICK


def test_openai(paced):
    ask = {"model": "gpt-4o", "messages": [turn("Hello")], "max_tokens": TOKENS}
    with openai.OpenAI(
        base_url=f"{paced.url}/v1", api_key="k", max_retries=0, _strict_response_validation=True
    ) as client:
        client.models.list()
        begin = time.monotonic()
        stream = client.chat.completions.create(**ask, stream=True)
        check(times_of(begin, stream, lambda chunk: chunk.choices and chunk.choices[0].delta.content))
        begin = time.monotonic()
        raw = client.chat.completions.with_raw_response.create(**ask)
        assert time.monotonic() - begin >= END - HALF_TICK
        assert raw.headers["openai-processing-ms"] == str(int(END * 1000 + 1e-6))
        assert raw.parse().usage.completion_tokens == TOKENS


def test_anthropic(paced):
    ask = {"model": "claude-haiku-4-5", "messages": [turn("Hello")], "max_tokens": TOKENS}
    with anthropic.Anthropic(
        base_url=paced.url, api_key="k", max_retries=0, _strict_response_validation=True
    ) as client:
        client.models.list()
        begin = time.monotonic()
        with client.messages.stream(**ask) as stream:
            check(times_of(begin, stream.text_stream, lambda text: text))
        begin = time.monotonic()
        message = client.messages.create(**ask)
        assert time.monotonic() - begin >= END - HALF_TICK
        assert message.usage.output_tokens == TOKENS
