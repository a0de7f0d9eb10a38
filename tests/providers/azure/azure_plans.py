"""What the tests of the Azure dialect share: endpoints, calls, plans, and what a stream says."""

import json

import pytest
from desk import MemoryDesk, engine

from simulator.engine.plan import Address, Answer, Choice, Finish, Plan, Usage
from simulator.providers.azure import Azure
from simulator.providers.base import Refusal, Target
from simulator.providers.openai import OpenAI
from simulator.server.live import entries

PROVIDER = Azure()
OPENAI = OpenAI()
VERSION = "2024-10-21"
DATED = {"api-version": [VERSION]}
DEPLOYED = "/openai/deployments/{deployment}"
BITS = bytes(range(32))
REQUEST_BITS = bytes(range(16))
SAFE = {"filtered": False, "severity": "safe"}
ABSENT = {"filtered": False, "detected": False}
HARMS = {"hate", "self_harm", "sexual", "violence"}
PROMPT = {**dict.fromkeys(HARMS, SAFE), "jailbreak": ABSENT}
COMPLETION = {**dict.fromkeys(HARMS, SAFE), "protected_material_code": ABSENT, "protected_material_text": ABSENT}


def endpoint(path, provider=PROVIDER):
    return next(one for one in provider.endpoints if one.path == path)


CHAT = endpoint(f"{DEPLOYED}/chat/completions")
V1_CHAT = endpoint("/openai/v1/chat/completions")
TEXT = endpoint(f"{DEPLOYED}/completions")
RESPONSES = endpoint("/openai/v1/responses")


def at(deployment="gpt-4o", version=VERSION):
    return Target({"deployment": deployment}, {} if version is None else {"api-version": [version]})


def chat_body(text="Hi", **fields):
    return json.dumps({"messages": [{"role": "user", "content": text}], **fields}).encode()


def chat_call(text="Hi", headers=None, deployment="gpt-4o", **fields):
    return CHAT.decode(chat_body(text, **fields), headers or {}, at(deployment))


def refusal_of(call, *given):
    with pytest.raises(Refusal) as caught:
        call(*given)
    return caught.value


def planned(call):
    """What the engine plans for a call."""
    return engine().plan(call.request, Address(42, 0, 0, 1))


def plan_of(*choices, **fields):
    made = tuple(one if isinstance(one, Choice) else Choice(tuple(one), Finish.STOP) for one in choices)
    answer = Answer(made, Usage(11, sum(len(one.pieces) for one in made)), BITS, 1_700_000_000)
    return Plan(Address(42, 0, 1, 7), b"d" * 16, "gpt-4o-2024-08-06", answer, (), REQUEST_BITS, **fields)


def desk_of():
    made = MemoryDesk(PROVIDER)
    made.models = entries(engine())["openai"]
    return made


def frames_of(stream):
    """The events of a whole stream of chunks, without the one that ends it."""
    told = stream.frames(0, stream.steps).decode()
    assert told.endswith("data: [DONE]\n\n")
    lines = told.split("\n\n")[:-2]
    assert all(line.startswith("data: ") and "\n" not in line for line in lines)
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def said(frames):
    """By index: the text, the calls' arguments, why it ended, the results that came with text, and the last ones."""
    found = {}
    for frame in frames:
        for choice in frame["choices"]:
            told = found.setdefault(choice["index"], {"text": "", "calls": {}, "finish": None, "results": []})
            delta = choice.get("delta", {})
            told["text"] += choice.get("text") or delta.get("content") or ""
            for call in delta.get("tool_calls", ()):
                kept = told["calls"].setdefault(call["index"], {"name": "", "arguments": ""})
                kept["name"] += call["function"].get("name", "")
                kept["arguments"] += call["function"]["arguments"]
            if choice.get("text") or delta.get("content"):
                told["results"].append(choice.get("content_filter_results"))
            if choice["finish_reason"] is not None:
                told["finish"] = choice["finish_reason"]
                told["last"] = choice.get("content_filter_results")
    return found
