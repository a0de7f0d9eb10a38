"""What the tests with the official Cohere client share: clients, and what of an answer its types do not know."""

import contextlib

import cohere
from client_checks import strangers

MODEL = "command-a-03-2025"
THINKER = "command-a-plus-05-2026"

STARTED = {f"event.delta.message.{name}" for name in ("content", "tool_plan", "tool_calls", "citations")}
"""Fields that the real service sends when a stream of version 2 starts, and the types leave out."""
FINISHED = {"event.is_finished"}
"""Likewise in every line of version 1."""


@contextlib.contextmanager
def client_of(fleet, kind=cohere.ClientV2, **settings):
    """A client that does not retry, closed at the end."""
    with kind(**{"api_key": "key", "base_url": fleet.url, "max_retries": 0, **settings}) as client:
        yield client


def known(value, beside=frozenset(), at="answer"):
    """The value, all of whose fields the client's types know, but for those named."""
    assert set(strangers(value, at)) <= set(beside)
    return value


def message_of(events):
    """The plain answer that the events of a stream of version 2 make, as a dictionary of its parts."""
    told = {"text": "", "thinking": "", "plan": "", "calls": [], "citations": []}
    for event in events:
        known(event, STARTED if event.type == "message-start" else (), "event")
        delta = getattr(event, "delta", None)
        if event.type == "message-start":
            told["id"] = event.id
        elif event.type == "content-delta":
            told["text"] += delta.message.content.text or ""
            told["thinking"] += delta.message.content.thinking or ""
        elif event.type == "tool-plan-delta":
            told["plan"] += delta.message.tool_plan
        elif event.type == "tool-call-start":
            told["calls"].append(delta.message.tool_calls)
        elif event.type == "tool-call-delta":
            told["calls"][event.index].function.arguments += delta.message.tool_calls.function.arguments
        elif event.type == "citation-start":
            told["citations"].append(delta.message.citations)
        elif event.type == "message-end":
            told |= {"finish_reason": delta.finish_reason, "usage": delta.usage}
    return told


def parts_of(answer):
    """A plain answer in the form of `message_of`."""
    known(answer)
    message = answer.message
    blocks = message.content or []
    return {
        "text": "".join(block.text for block in blocks if block.type == "text"),
        "thinking": "".join(block.thinking for block in blocks if block.type == "thinking"),
        "plan": message.tool_plan or "",
        "calls": message.tool_calls or [],
        "citations": message.citations or [],
        "id": answer.id,
        "finish_reason": answer.finish_reason,
        "usage": answer.usage,
    }
