"""The errors of each provider as responses: what it answers to a refusal is both the example and its schema. Pure."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson

from simulator.providers.base import Problem, Provider, Refusal
from simulator.server.openapi.shapes import Schema, referred, seen

BITS = bytes(16)
"""Of the request id in examples."""
PLANNED = (
    Problem.INVALID,
    Problem.CONTEXT_LENGTH,
    Problem.OUTPUT_LIMIT,
    Problem.AUTHENTICATION,
    Problem.UNKNOWN_MODEL,
    Problem.TOO_LARGE,
    Problem.RATE_LIMIT,
    Problem.SERVER_ERROR,
    Problem.OVERLOADED,
)
"""What a planned endpoint may be refused with."""
ANSWERED = (Problem.INVALID, Problem.NOT_FOUND, Problem.CONFLICT, Problem.TOO_LARGE, Problem.SERVER_ERROR)
"""What an action may be refused with."""
LISTED = (Problem.UNKNOWN_MODEL,)
"""What a listing of models may be refused with."""
DEFAULT = "default"
_SENTENCES = {
    Problem.INVALID: "What is wrong with the request.",
    Problem.NOT_FOUND: "No such object.",
    Problem.CONFLICT: "The object is not in a state that allows this.",
}
_WAIT = {Problem.RATE_LIMIT, Problem.OVERLOADED}

Content = dict[str, dict[str, Any]]
"""By media type: a schema, and examples by name."""


def refusal_of(problem: Problem) -> Refusal:
    """A refusal as an example of its kind."""
    return Refusal(
        problem,
        _SENTENCES.get(problem, ""),
        model="a-model",
        limit=8192,
        asked=9000,
        retry_after=1.0 if problem in _WAIT else None,
    )


class Failures:
    """The errors of one provider. `schema` is the shape of all that are JSON; its component's name is `name`."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider.name
        self.name = f"{provider.name}.Error"
        self._told: dict[Problem, tuple[int, str, Any]] = {}
        values = []
        for problem in Problem:
            reply = provider.refuse(refusal_of(problem), BITS)
            kind = dict(reply.headers).get(b"content-type", b"application/json").decode().partition(";")[0]
            value = orjson.loads(reply.body) if kind == "application/json" else reply.body.decode()
            self._told[problem] = (reply.status, kind, value)
            if kind == "application/json":
                values.append(value)
        self.schema = seen(values)

    def responses(self, problems: Sequence[Problem]) -> Mapping[str, Content]:
        """What these problems are answered with, by status, and under `default` the shape of all others."""
        found: dict[str, Content] = {}
        for problem in problems:
            status, kind, value = self._told[problem]
            content = found.setdefault(str(status), {}).setdefault(kind, self._empty(kind))
            content["examples"][f"{self._provider}.{problem.value}"] = {"value": value}
        found[DEFAULT] = {"application/json": {"schema": referred(self.name)}}
        return dict(sorted(found.items()))

    def _empty(self, kind: str) -> dict[str, Any]:
        schema: Schema = referred(self.name) if kind == "application/json" else {"type": "string"}
        return {"schema": schema, "examples": {}}


def described(status: str) -> str:
    """A status in words; those that no RFC knows are told as the provider's own."""
    if status == DEFAULT:
        return "Any other error, in the provider's own shape"
    try:
        return HTTPStatus(int(status)).phrase
    except ValueError:
        return "The provider's own error"
