"""Plans and bodies that the tests of the Mistral dialect share."""

import json

import pytest

from simulator.engine.plan import Address, Answer, Call, Choice, Finish, Plan, Usage
from simulator.providers.base import Refusal
from simulator.providers.mistral import Mistral

PROVIDER = Mistral()
ENDPOINTS = {endpoint.label: endpoint for endpoint in PROVIDER.endpoints}
CHAT = ENDPOINTS["chat_completions"]
FIM = ENDPOINTS["fim_completions"]
EMBEDDINGS = ENDPOINTS["embeddings"]
REQUEST_BITS = bytes(range(16))
SMALL = "mistral-small-latest"


def plan_of(outcome, *, offsets=(), model=SMALL, id_prefix=None):
    return Plan(Address(42, 0, 1, 7), b"d" * 16, model, outcome, offsets, REQUEST_BITS, id_prefix)


def answer_of(*choices, usage=None):
    made = tuple(choice if isinstance(choice, Choice) else Choice(tuple(choice), Finish.STOP) for choice in choices)
    return Answer(made, usage or Usage(11, sum(choice.steps for choice in made)), bytes(range(32)), 1_700_000_000)


def call_of(name, *pieces):
    return Call(bytes(range(16)), name, pieces)


def chat_body(**fields):
    return json.dumps({"model": SMALL, "messages": [{"role": "user", "content": "Hi"}], **fields}).encode()


def chat_call(**fields):
    return CHAT.decode(chat_body(**fields), {})


def refused(endpoint, body):
    """The status and the body of the refusal of a body given as bytes or as a JSON value."""
    with pytest.raises(Refusal) as caught:
        endpoint.decode(body if isinstance(body, bytes) else json.dumps(body).encode(), {})
    reply = PROVIDER.refuse(caught.value, REQUEST_BITS)
    return reply.status, json.loads(reply.body)


def chat_refused(**fields):
    return refused(CHAT, chat_body(**fields))


def chunks_of(stream):
    """The data of every chunk of a whole stream, which ends with `[DONE]`."""
    frames = stream.frames(0, stream.steps)
    lines = frames.decode().removesuffix("\n\n").split("\n\n")
    assert lines.pop() == "data: [DONE]"
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def gathered(chunks):
    """By index: (thought, text, calls, why it ended). Every choice ends once, with its last chunk."""
    found = {}
    for chunk in chunks:
        for choice in chunk["choices"]:
            thought, text, calls, end = found.get(choice["index"], ("", "", [], None))
            assert end is None
            content = choice["delta"].get("content")
            if isinstance(content, str):
                text += content
            for part in content if isinstance(content, list) else ():
                thought += "".join(piece["text"] for piece in part["thinking"])
            calls += choice["delta"].get("tool_calls") or []
            found[choice["index"]] = (thought, text, calls, choice["finish_reason"])
    return found


def told(reply):
    """The same of a whole answer."""
    found = {}
    for choice in json.loads(reply.body)["choices"]:
        message = choice["message"]
        thought, text = "", message["content"]
        if isinstance(text, list):
            thought = "".join(
                part["text"] for chunk in text if chunk["type"] == "thinking" for part in chunk["thinking"]
            )
            text = "".join(chunk["text"] for chunk in text if chunk["type"] == "text")
        found[choice["index"]] = (thought, text, message["tool_calls"] or [], choice["finish_reason"])
    return found
