"""What a client sent, one request at a time. Pure."""

import base64
import json as jsonlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

STATED = (
    "number", "provider", "endpoint", "model", "method", "path", "query", "status", "reason", "streamed", "retry",
    "input_tokens", "output_tokens", "key", "test",
)  # fmt: skip
"""What can be asked of a request by name; any other name is a field of its body."""
MISSING = object()
"""The value of a field that a body does not have."""


class Headers(Mapping[str, str]):
    """Headers by name, in upper or lower case alike. Of a key no more is told than its scheme."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = {name.lower(): value for name, value in given.items()}

    def __getitem__(self, name: str) -> str:
        return self._given[name.lower()]

    def __iter__(self) -> Any:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def __repr__(self) -> str:
        return f"Headers({self._given!r})"


class SentRequest:
    """A request as the simulator got it, and how it was answered.

    `status` is None where the connection was closed without an answer; `reason` says what failed, empty if nothing did.
    `model` is what the body names. Tokens are those that the answer is billed with.
    """

    def __init__(self, record: Mapping[str, Any], retry: int | None = None) -> None:
        """`record` is a request as `/admin/requests` tells it; `retry` which repetition of an earlier one it is."""
        self._record = record
        self.number: int = record["number"]
        self.provider: str = record["provider"]
        self.endpoint: str = record["endpoint"]
        self.method: str = record["method"]
        self.path: str = record["path"]
        self.query: str = record["query"]
        self.headers = Headers(record["headers"])
        self.key: str = record["key"]
        """The digest of its API key."""
        self.test: str | None = self.headers.get("x-llm-sim-test")
        self.status: int | None = record["status"]
        self.reason: str = record["reason"]
        self.streamed: bool = record["streamed"]
        self.input_tokens: int = record["usage"]["input_tokens"]
        self.output_tokens: int = record["usage"]["output_tokens"]
        self.address: str = record["address"]
        """What `x-llm-sim-replay` takes."""
        self.when = datetime.fromtimestamp(record["time"], UTC)
        self.cut: bool = record["cut"]
        """Whether the body was longer than what is kept of it."""
        self.retry = (self.declared_retry or 0) if retry is None else retry
        """How many times it had been sent before."""

    @property
    def declared_retry(self) -> int | None:
        """What the client itself says of that; None if it says nothing."""
        told = self.headers.get("x-stainless-retry-count", "")
        return int(told) if told.isascii() and told.isdecimal() and len(told) < 6 else None

    @cached_property
    def body(self) -> bytes:
        """The body's bytes, as far as they are kept. JSON is written anew: its value is as it was sent."""
        if "json" in self._record:
            return jsonlib.dumps(self._record["json"], ensure_ascii=False).encode("utf-8", "surrogatepass")
        if "base64" in self._record:
            return base64.b64decode(self._record["base64"])
        text: str = self._record["text"]
        return text.encode()

    @property
    def json(self) -> Any:
        """The body's value; None if it is not JSON, or cut."""
        return self._record.get("json")

    @property
    def model(self) -> str:
        """The model that is asked for; empty if none is."""
        named = self.field("model")
        told: str = self._record["model"]
        return named if isinstance(named, str) else told

    @property
    def messages(self) -> Sequence[Any]:
        """The conversation in the provider's own shape: `messages`, or `input`, or `contents`."""
        for name in ("messages", "input", "contents"):
            value = self.field(name)
            if isinstance(value, list):
                return value
            if value is not MISSING:
                return [value]
        return ()

    @property
    def tools(self) -> Sequence[Any]:
        """The tools that are offered, in the provider's own shape."""
        value = self.field("tools")
        return value if isinstance(value, list) else ()

    @property
    def text(self) -> str:
        """The body as text, for whoever looks for words in it."""
        return self.body.decode(errors="replace")

    def field(self, name: str) -> Any:
        """A field of a JSON object; `MISSING` if there is none."""
        return self.json.get(name, MISSING) if isinstance(self.json, dict) else MISSING

    def value(self, name: str) -> Any:
        """What is told by a name: one of `STATED`, else a field of the body, `MISSING` if there is none."""
        return getattr(self, name) if name in STATED else self.field(name)

    @property
    def failed(self) -> bool:
        """Whether it was answered with an error, or not at all."""
        return self.status is None or self.status >= 400

    def __repr__(self) -> str:
        told = "no answer" if self.status is None else str(self.status)
        more = [f"model={self.model!r}"] if self.model else []
        more += ["streamed"] if self.streamed else []
        more += [f"retry {self.retry}"] if self.retry else []
        more += [self.reason] if self.reason else []
        return f"<{' '.join([self.method, self.path, told, *more])}>"


def told(records: Sequence[Mapping[str, Any]]) -> list[SentRequest]:
    """Requests in their order. One is a retry if it says so, or if it repeats another that failed before it."""
    found: list[SentRequest] = []
    for record in records:
        request = SentRequest(record)
        if not request.declared_retry:
            same = [each for each in found if _is_same(each, request)]
            if same and same[-1].failed:
                request = SentRequest(record, same[-1].retry + 1)
        found.append(request)
    return found


def _is_same(one: SentRequest, other: SentRequest) -> bool:
    return (one.method, one.path, one.query, one.body) == (other.method, other.path, other.query, other.body)
