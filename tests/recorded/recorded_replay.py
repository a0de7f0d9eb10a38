"""Recorded requests sent to a fleet of ours, and how its answers differ from the recorded ones. Edge: HTTP."""

import json
from dataclasses import dataclass

import anthropic.types
import anthropic.types.beta
import openai.types
import openai.types.chat
import openai.types.responses
from recorded_bodies import ids, look, named, order_differences
from recorded_cassettes import CODEX, MESSAGES, RESPONSES
from recorded_outcomes import HEADER, hosted, rule
from recorded_shapes import differences
from recorded_words import words

LIMITS = {
    "requests_per_minute": 30_000,
    "tokens_per_minute": 30_000_000,
    "input_tokens_per_minute": 20_000_000,
    "output_tokens_per_minute": 10_000_000,
}
"""Accounts of the recordings had limits, and answers tell of them."""
BETAS = (
    "advanced-tool-use-2025-11-20,code-execution-2025-08-25,compact-2026-01-12,context-management-2025-06-27,"
    "files-api-2025-04-14,inline-tools-2026-09-15,mcp-client-2025-11-20,mid-conversation-tool-changes-2026-07-01,"
    "skills-2025-10-02,web-fetch-2025-09-10"
)
"""Recorded requests have the header with its value taken out."""
WORDS = {
    "openai": words(openai.types, openai.types.chat, openai.types.responses),
    "anthropic": words(anthropic.types, anthropic.types.beta),
}


@dataclass(frozen=True, slots=True)
class Compared:
    """One exchange and every sentence about how our answer differs."""

    exchange: object
    found: tuple


def configuration(cassettes):
    """A fleet's configuration in which each recorded request gets the outcome that was recorded."""
    rules = [rule(exchange) for cassette in cassettes for exchange in cassette]
    return {"rules": [each for each in rules if each], "limits": LIMITS}


def compare_all(cassettes, fleet):
    """Send everything in order over one connection."""
    with fleet.connect() as connection:
        return [each for cassette in cassettes for each in _cassette(cassette, fleet, connection)]


def _cassette(cassette, fleet, connection):
    """`renamed`: what was recorded names things that the service had made; ours made others."""
    renamed = {}
    for exchange in cassette:
        forced = hosted(exchange)
        sent = json.dumps(exchange.asked if forced is None else {**exchange.asked, "tool_choice": forced})
        for theirs, ours in renamed.items():
            sent = sent.replace(f'"{theirs}"', f'"{ours}"')
        answer = fleet.ask(_path(exchange), sent.encode(), _headers(exchange), connection, "POST")
        yield Compared(exchange, tuple(compare(exchange, answer)))
        if exchange.kind == RESPONSES and answer.status == exchange.status:
            ours = ids(answer.body, exchange.streamed)
            for kind, theirs in ids(exchange.body, exchange.streamed).items():
                renamed.update(zip(theirs, ours.get(kind, ()), strict=False))


def compare(exchange, answer):
    """The sentences about one answer of ours, which has `status`, `headers` and `body`."""
    if answer.status != exchange.status:
        return [f"status: {answer.status} in place of {exchange.status}: {_message(answer.body)}"]
    found = []
    if exchange.kind != CODEX:
        found += [f"headers: lacks {name}" for name in sorted(exchange.headers - answer.headers.keys())]
        found += [f"headers: adds {name}" for name in sorted(answer.headers.keys() - exchange.headers)]
    media = answer.headers["content-type"].partition(";")[0]
    if media != ("text/event-stream" if exchange.streamed else "application/json"):
        return [*found, f"headers: content type {media}"]
    known = WORDS["anthropic" if exchange.kind == MESSAGES else "openai"]
    kind = RESPONSES if exchange.kind == CODEX else exchange.kind
    there, events = look(kind, exchange.body, exchange.streamed, known)
    here, own = look(kind, answer.body, exchange.streamed, known)
    if exchange.streamed and named(exchange.body) != named(answer.body):
        found.append("event names: on one side only")
    if hosted(exchange) is not None:
        for parts in (there, here):
            parts.pop("tool_choice", None)
            for places in parts.values():
                for place in [each for each in places if each.startswith("tool_choice")]:
                    del places[place]
    return found + differences(there, here) + order_differences(events, own)


def _path(exchange):
    path = RESPONSES if exchange.kind == CODEX else exchange.kind
    return f"{path}?beta=true" if "anthropic-beta" in exchange.sent else path


def _headers(exchange):
    given = {HEADER: exchange.name}
    if "anthropic-version" in exchange.sent:
        given |= {"anthropic-version": "2023-06-01", "x-api-key": "sk-ant-test"}
    if "anthropic-beta" in exchange.sent:
        given["anthropic-beta"] = BETAS
    return given


def _message(body):
    """What an error says, without the marks that would end a piece of code on a page."""
    try:
        return json.loads(body)["error"]["message"][:160].replace("`", "'")
    except (ValueError, KeyError, TypeError):
        return body[:160].decode(errors="replace")
