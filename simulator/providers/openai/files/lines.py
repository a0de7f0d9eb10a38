"""The input of a batch: a request a line, and what is wrong with it. Pure.

Any wrong line fails the whole batch, as at the service; what its endpoint has against a body shows only when it is run.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

MOST_LINES: Final = 50_000
MOST_ERRORS: Final = 50
"""Wrong lines that are told."""


class Line(msgspec.Struct, frozen=True, gc=False):
    """One request: what it is called, and the JSON of its body."""

    custom_id: str
    body: bytes


class Wrong(msgspec.Struct, frozen=True):
    """What is wrong with a line; `line` counts from 1, None for the whole file."""

    code: str
    message: str
    param: str | None = None
    line: int | None = None

    def shown(self) -> dict[str, Any]:
        """The batch error object."""
        return {"code": self.code, "message": self.message, "param": self.param, "line": self.line}


class Read(NamedTuple):
    """A file as it was read: the lines that are right, their model, and what is wrong with the others."""

    lines: Sequence[Line]
    model: str | None
    wrong: Sequence[Wrong]


class _Request(msgspec.Struct):
    custom_id: str | msgspec.UnsetType = msgspec.UNSET
    method: str | msgspec.UnsetType = msgspec.UNSET
    url: str | msgspec.UnsetType = msgspec.UNSET
    body: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Body(msgspec.Struct):
    model: str | msgspec.UnsetType = msgspec.UNSET


_request = msgspec.json.Decoder(_Request).decode
_body = msgspec.json.Decoder(_Body).decode
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)


def read(content: bytes, endpoint: str) -> Read:
    """The requests of a file for one endpoint. Empty lines are passed over."""
    reader = _Reader(endpoint)
    for number, raw in enumerate(content.split(b"\n"), 1):
        if not raw.strip():
            continue
        if len(reader.lines) == MOST_LINES:
            message = f"The batch input file contains too many requests. The limit is {MOST_LINES}."
            return Read((), None, (Wrong("too_many_tasks", message),))
        wrong = reader.take(raw, number)
        if wrong is not None:
            reader.wrong.append(wrong)
            if len(reader.wrong) == MOST_ERRORS:
                break
    if not reader.lines and not reader.wrong:
        return Read((), None, (Wrong("empty_file", "The input file is empty. Please ensure that it has requests."),))
    return Read(reader.lines, reader.model, reader.wrong)


class _Reader:
    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._names: set[str] = set()
        self.lines: list[Line] = []
        self.wrong: list[Wrong] = []
        self.model: str | None = None

    def take(self, raw: bytes, number: int) -> Wrong | None:  # noqa: PLR0911 - a return for each thing that may be wrong
        """Add a line, or say what is wrong with it."""
        try:
            request = _request(raw)
        except msgspec.ValidationError as error:
            return Wrong("invalid_request", f"This line is not a valid request: {error}."[:400], None, number)
        except _UNREADABLE:
            return Wrong("invalid_json_line", "This line is not parseable as valid JSON.", None, number)
        name, method, url, body = request.custom_id, request.method, request.url, request.body
        for param in ("custom_id", "method", "url", "body"):
            if getattr(request, param) is msgspec.UNSET:
                return Wrong("missing_required_parameter", f"Missing required parameter: '{param}'.", param, number)
        if not isinstance(name, str) or not isinstance(body, msgspec.Raw):
            raise TypeError("a request with all its fields lacks one")
        if name in self._names:
            message = (
                f"The custom_id '{name[:100]}' for this request is a duplicate of another request. The custom_id "
                "parameter must be unique for each request in a batch."
            )
            return Wrong("duplicate_custom_id", message, "custom_id", number)
        if method != "POST":
            return Wrong("invalid_method", "Only POST requests are supported in a batch.", "method", number)
        if url != self._endpoint:
            message = f"The URL provided for this request does not match the batch endpoint '{self._endpoint}'."
            return Wrong("url_mismatch", message, "url", number)
        wrong = self._check_model(bytes(body), number)
        if wrong is None:
            self._names.add(name)
            self.lines.append(Line(name, bytes(body)))
        return wrong

    def _check_model(self, body: bytes, number: int) -> Wrong | None:
        """All requests of a batch are for one model. What its endpoint would refuse is not looked for here."""
        try:
            model = _body(body).model
        except _UNREADABLE:
            if not body.lstrip().startswith(b"{"):
                return Wrong("invalid_request", "The body of a request must be an object.", "body", number)
            return None
        if isinstance(model, str):
            self.model = self.model or model
            if model != self.model:
                message = (
                    f"The provided model '{model[:100]}' differs from '{self.model[:100]}': all requests of a batch "
                    "must use the same model."
                )
                return Wrong("model_mismatch", message, "body.model", number)
        return None
