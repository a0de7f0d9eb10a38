"""Every dialect's streams as wires: their steps are those that failures are placed by, whatever they say."""

import functools
import json

import pytest

from simulator.config.load import load
from simulator.engine.engine import Engine
from simulator.engine.faults.striking import steps_of
from simulator.engine.plan import Address, Disturbance, Trouble
from simulator.providers.paths import Paths, target_of
from simulator.providers.registry import registry
from simulator.server.transport.troubles import disturbed
from simulator.server.transport.wire import Ending, of_reply, of_stream

ASKED = [{"role": "user", "content": "What is the weather in Lima?"}]
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
TOOLS = {"tools": [TOOL]}
OPENAI = {"model": "gpt-4o", "messages": ASKED, "max_tokens": 40, "stream": True}
PROMPT = {"prompt": "Hello", "stream": True}
CLAUDE = {"model": "claude-sonnet-4-5", "messages": ASKED, "max_tokens": 3000, "stream": True}
GOOGLE = {"contents": [{"role": "user", "parts": [{"text": ASKED[0]["content"]}]}]}
DECLARED = {"tools": [{"functionDeclarations": [{"name": "get_weather", "parameters": SCHEMA}]}]}
AZURE = "/openai/deployments/gpt-4o/chat/completions"
FLASH = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
COMMAND = {"model": "command-a-03-2025", "messages": ASKED, "stream": True}
HEADERS = {b"anthropic-version": b"2023-06-01"}
STREAMS = {
    "openai": ("openai", "/v1/chat/completions", "", OPENAI),
    "openai-tools": ("openai", "/v1/chat/completions", "", {**OPENAI, **TOOLS, "tool_choice": "required"}),
    "openai-choices": ("openai", "/v1/chat/completions", "", {**OPENAI, "n": 3, "logprobs": True}),
    "completions": ("openai", "/v1/completions", "", {**PROMPT, "model": "gpt-3.5-turbo-instruct"}),
    "responses": ("openai", "/v1/responses", "", {"model": "gpt-4o", "input": "Hello", "stream": True}),
    "responses-thinking": ("openai", "/v1/responses", "", {"model": "o3", "input": "Hello", "stream": True}),
    "speech": (
        "openai", "/v1/audio/speech", "",
        {"model": "gpt-4o-mini-tts", "input": "Hello there", "voice": "alloy", "stream_format": "sse"},
    ),
    "image": ("openai", "/v1/images/generations", "",
              {"model": "gpt-image-1", "prompt": "A cat", "stream": True, "partial_images": 2}),
    "azure": ("azure", AZURE, "api-version=2024-10-21", OPENAI),
    "anthropic": ("anthropic", "/v1/messages", "", CLAUDE),
    "anthropic-thinking": ("anthropic", "/v1/messages", "",
                           {**CLAUDE, "thinking": {"type": "enabled", "budget_tokens": 1024}}),
    "anthropic-tools": ("anthropic", "/v1/messages", "",
                        {**CLAUDE, "tools": [{"name": "get_weather", "input_schema": SCHEMA}]}),
    "gemini": ("gemini", FLASH, "alt=sse", GOOGLE),
    "gemini-array": ("gemini", FLASH, "", GOOGLE),
    "gemini-tools": ("gemini", FLASH, "alt=sse", {**GOOGLE, **DECLARED}),
    "cohere": ("cohere", "/v2/chat", "", COMMAND),
    "cohere-tools": ("cohere", "/v2/chat", "", {**COMMAND, **TOOLS}),
    "cohere-1": ("cohere", "/v1/chat", "", {"model": "command-r-08-2024", "message": "Hello", "stream": True}),
    "mistral": ("mistral", "/v1/chat/completions", "", {**OPENAI, "model": "mistral-large-latest"}),
    "mistral-tools": ("mistral", "/v1/chat/completions", "", {**OPENAI, **TOOLS, "model": "mistral-large-latest"}),
    "ollama": ("ollama", "/api/chat", "", {"model": "llama3.2", "messages": ASKED, "stream": True}),
    "ollama-tools": ("ollama", "/api/chat", "", {"model": "llama3.2", "messages": ASKED, "stream": True, **TOOLS}),
    "ollama-generate": ("ollama", "/api/generate", "", {**PROMPT, "model": "llama3.2"}),
}  # fmt: skip


@functools.cache
def engine():
    loaded = load(None, environ={}, flags={})
    return Engine(loaded.config, loaded.catalogue)


@functools.cache
def planned(name):
    """(plan, stream, reply) of a request, with its times."""
    by, path, query, body = STREAMS[name]
    (provider,) = [provider for provider in registry() if provider.name == by]
    endpoint, parameters = Paths({each.path: each for each in provider.endpoints}).find(path)
    call = endpoint.decode(json.dumps(body).encode(), HEADERS, target_of(parameters, query.encode()))
    plan = engine().plan(call.request, Address(42, 0, 0, 0), 0)
    return plan, endpoint.stream(call, plan), endpoint.reply(call, plan)


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_has_as_many_steps_as_its_answer_and_a_time_for_each(name):
    plan, stream, _ = planned(name)
    assert stream.steps == len(plan.offsets) == steps_of(plan.outcome)


@pytest.mark.parametrize("name", STREAMS)
def test_a_wire_is_the_stream_and_can_be_cut_anywhere(name):
    plan, stream, _ = planned(name)
    wire = of_stream(stream, plan.offsets)
    assert b"".join(frame.data for frame in wire.frames) == stream.frames(0, stream.steps)
    assert [frame.at for frame in wire.frames] == list(plan.offsets)
    for step in {0, stream.steps // 2, stream.steps - 1}:
        left = disturbed(wire, [Disturbance(Trouble.CUT, step)], lambda *_: b"")
        assert b"".join(frame.data for frame in left.frames) == stream.frames(0, step)
        assert (left.ending, left.ends) == (Ending.CLOSE, plan.offsets[step])
        half = disturbed(wire, [Disturbance(Trouble.CUT, step, mid_frame=True)], lambda *_: b"")
        assert half.frames[-1].claims > len(half.frames[-1].data), "some step behind it shows something"
    for trouble in (Trouble.MISSING_TERMINATOR, Trouble.TRUNCATED_JSON, Trouble.MALFORMED, Trouble.WRONG_LENGTH):
        struck = Disturbance(trouble, stream.steps - 1, amount=3)
        assert disturbed(wire, [struck], lambda *_: b"") != wire, "the last step can always be broken"


@pytest.mark.parametrize("name", STREAMS)
def test_a_whole_reply_is_cut_into_as_many_steps(name):
    plan, stream, reply = planned(name)
    wire = of_reply(reply, plan.offsets, steps_of(plan.outcome))
    assert len(wire.frames) == stream.steps
    assert b"".join(frame.data for frame in wire.frames) == reply.body
    assert {frame.at for frame in wire.frames} == {plan.offsets[-1]}


def test_a_reply_may_be_shorter_than_its_answer_has_steps():
    plan, _, reply = planned("openai")
    wire = of_reply(reply, plan.offsets, 10 * len(reply.body))
    assert len(wire.frames) == 10 * len(reply.body)
    assert b"".join(frame.data for frame in wire.frames) == reply.body
    assert of_reply(reply, [], 3).frames[-1].at == 0.0
