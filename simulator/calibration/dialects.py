"""How each provider is asked for a stream, and what one token of text looks like in it. Pure.

A client's view: paths, bodies and the bytes on the wire; nothing of how the server makes them.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

KEY: Final = "sk-calibrate-0123456789abcdefghijklmnopqrstuvwxyz"
"""Well formed for every provider; it opens nothing."""
MOST_TOKENS: Final = 4_096
"""What Anthropic's API must be told: the most that every one of its models may answer."""
QUESTIONS: Final = tuple(
    f"How long does a {thing} take?" for thing in ("walk", "song", "meal", "game", "visit", "storm", "train", "story")
)
"""Prompts to choose from: each has an answer of its own, and so a length of its own."""


class Asking(msgspec.Struct, frozen=True):
    """One streamed request, for one connection or many."""

    path: str
    body: bytes
    headers: Mapping[str, str]

    def bytes_for(self, host: str, extra: bytes = b"") -> bytes:
        """The whole of it as HTTP/1.1; `extra` are further header lines, each ended by CRLF."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        head = f"POST {self.path} HTTP/1.1\r\nhost: {host}\r\n{lines}content-length: {len(self.body)}\r\n"
        return head.encode("latin-1") + extra + b"\r\n" + self.body


class Dialect(msgspec.Struct, frozen=True):
    """One provider's stream.

    `mark` stands once in each line that brings a token of text, and in no other, unless `mark` and a quotation mark
    follow each other: that is an empty text.
    """

    path: Callable[[str], str]
    body: Callable[[str, str], dict[str, Any]]
    """Of a model and a question."""
    mark: bytes
    headers: Mapping[str, str]

    def asking(self, model: str, question: str) -> Asking:
        """The request."""
        headers = {"content-type": "application/json", **self.headers}
        return Asking(self.path(model), json.dumps(self.body(model, question)).encode(), headers)

    def tokens(self, lines: bytes) -> int:
        """How many tokens of text whole lines of a stream bring."""
        return lines.count(self.mark) - lines.count(self.mark + b'"')


def _messages(question: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}]


def _chat(model: str, question: str) -> dict[str, Any]:
    return {"model": model, "stream": True, "messages": _messages(question)}


def _claude(model: str, question: str) -> dict[str, Any]:
    return {**_chat(model, question), "max_tokens": MOST_TOKENS}


def _gemini(model: str, question: str) -> dict[str, Any]:
    del model  # it is in the path
    return {"contents": [{"role": "user", "parts": [{"text": question}]}]}


_BEARER: Final = {"authorization": f"Bearer {KEY}"}
_DELTA: Final = b'"delta":{"content":"'

DIALECTS: Final[Mapping[str, Dialect]] = {
    "openai": Dialect(lambda _: "/v1/chat/completions", _chat, _DELTA, _BEARER),
    "anthropic": Dialect(
        lambda _: "/v1/messages",
        _claude,
        b'"delta":{"type":"text_delta","text":"',
        {"x-api-key": KEY, "anthropic-version": "2023-06-01"},
    ),
    "gemini": Dialect(
        lambda model: f"/v1beta/models/{model}:streamGenerateContent?alt=sse",
        _gemini,
        b'"parts": [{"text": "',
        {"x-goog-api-key": KEY},
    ),
    "azure": Dialect(
        lambda model: f"/openai/deployments/{model}/chat/completions?api-version=2024-10-21",
        _chat,
        _DELTA,
        {"api-key": KEY},
    ),
    "cohere": Dialect(lambda _: "/v2/chat", _chat, b'"message":{"content":{"text":"', _BEARER),
    "mistral": Dialect(lambda _: "/mistral/v1/chat/completions", _chat, _DELTA, _BEARER),
    "ollama": Dialect(lambda _: "/ollama/api/chat", _chat, b'"message":{"role":"assistant","content":"', _BEARER),
}
"""By the provider's name."""

SERVED: Final[Mapping[str, str]] = {"azure": "openai"}
"""Dialects that serve another provider's models."""
