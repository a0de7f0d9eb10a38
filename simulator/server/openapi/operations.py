"""Operations of the providers, as the OpenAPI document has them. Pure.

A path that several providers serve has one operation with a method, which tells what each of them takes and answers.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from simulator.providers.base import Action, Endpoint, ModelEntry, Problem, Provider
from simulator.providers.described import Description, described
from simulator.server.openapi import failures
from simulator.server.openapi.failures import ANSWERED, BITS, LISTED, PLANNED, Content, Failures
from simulator.server.openapi.shapes import Schema, schemas_of, seen

JSON = "application/json"
FORM = "multipart/form-data"
_NAMED = re.compile(r"\{(\w+)\}")
_BARE = Description(None, None, (), (), JSON, "")


class Operation(msgspec.Struct, frozen=True):
    """What one provider takes and answers at one path by one method."""

    provider: str
    method: str
    path: str
    label: str
    query: Sequence[str]
    request: Content
    answer: Content
    errors: Mapping[str, Content]


class Dialect:
    """One provider, described. `components` are its schemas by name."""

    def __init__(self, provider: Provider, entries: Sequence[ModelEntry]) -> None:
        self._provider = provider
        self._entries = entries
        self._failures = Failures(provider)
        planned = [(one, PLANNED, "POST", described(one)) for one in provider.endpoints]
        answered = [(one, ANSWERED, one.method, described(one)) for one in provider.actions]
        self._told: list[tuple[Endpoint | Action, Sequence[Problem], str, Description]] = [*planned, *answered]
        types = [kind for *_, it in self._told for kind in (it.body, it.form) if kind is not None]
        self._types = [kind for place, kind in enumerate(types) if kind not in types[:place]]
        self._schemas, components = schemas_of(provider.name, self._types)
        self.components: Mapping[str, Schema] = {**components, self._failures.name: self._failures.schema}

    def operations(self) -> Iterator[Operation]:
        """All of its operations, the listings of models with them."""
        for one, problems, method, it in self._told:
            yield self._operation(method, one.path, one.label, it, problems)
        for path in self._provider.models_paths:
            listing = seen([msgspec.json.decode(self._provider.models(self._entries, {}, BITS).body)])
            yield self._operation("GET", path, "models", _BARE, (), listing)
            if self._entries:
                single = seen([msgspec.json.decode(self._provider.model(self._entries[0], BITS).body)])
                yield self._operation("GET", path + "/{id}", "model", _BARE, LISTED, single)

    def _operation(
        self,
        method: str,
        path: str,
        label: str,
        it: Description,
        problems: Sequence[Problem],
        answer: Schema | None = None,
    ) -> Operation:
        told: Content = {it.answers: {} if answer is None else {"schema": answer}}
        if it.streamed:
            told[it.streamed] = {"schema": {"type": "string", "description": "A stream, an event or a line at a time."}}
        request = self._request(it)
        errors = self._failures.responses(problems)
        return Operation(self._provider.name, method, path, label, it.query, request, told, errors)

    def _request(self, it: Description) -> Content:
        request: Content = {}
        if it.body is not None:
            request[JSON] = {"schema": self._schema(it.body)}
        if it.form is not None or it.files:
            fields = {} if it.form is None else self._whole(it.form)
            parts = {name: {"type": "string", "contentMediaType": "application/octet-stream"} for name in it.files}
            properties = {**fields.get("properties", {}), **parts}
            required = fields.get("required", [])
            form = {"type": "object", "properties": properties, "required": required}
            request[FORM] = {"schema": form}
        return request

    def _schema(self, kind: Any) -> Schema:
        return self._schemas[self._types.index(kind)]

    def _whole(self, kind: Any) -> Schema:
        """The schema that a reference stands for."""
        name: str = self._schema(kind).get("$ref", "").rpartition("/")[2]
        return self.components.get(name, {})


def joined(path: str, operations: Sequence[Operation]) -> dict[str, Any]:
    """The operation of the document at `path`, of all providers that share it, one at least."""
    first = operations[0]
    names = list(dict.fromkeys(one.provider for one in operations))
    told: dict[str, Any] = {
        "operationId": _identity(first.method, path),
        "tags": names,
        "summary": first.label.replace("_", " ").capitalize(),
    }
    if len(names) > 1:
        told["description"] = (
            f"Shared by {', '.join(names)}: whose client asks, or whose model is named, decides whose answer it is. "
            "Below the provider's name the path is its own."
        )
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in _NAMED.findall(path)
    ]
    query = dict.fromkeys(name for one in operations for name in one.query)
    parameters += [{"name": name, "in": "query", "schema": {"type": "string"}} for name in query]
    if parameters:
        told["parameters"] = parameters
    request = _merged([one.request for one in operations])
    if request:
        told["requestBody"] = {"required": all(one.request for one in operations), "content": request}
    answer = _merged([one.answer for one in operations])
    told["responses"] = {"200": {"description": "The answer", "content": answer}}
    statuses = sorted({status for one in operations for status in one.errors})
    for status in statuses:
        content = _merged([one.errors[status] for one in operations if status in one.errors])
        told["responses"][status] = {"description": failures.described(status), "content": content}
    return told


def _merged(contents: Sequence[Content]) -> Content:
    """What several providers have by media type, side by side."""
    merged: Content = {}
    for kind in dict.fromkeys(kind for content in contents for kind in content):
        found = [content[kind] for content in contents if kind in content]
        schemas = [one["schema"] for one in found if "schema" in one]
        schemas = [schema for place, schema in enumerate(schemas) if schema not in schemas[:place]]
        one: dict[str, Any] = {}
        if len(schemas) == 1 and all("schema" in each for each in found):
            one["schema"] = schemas[0]
        elif schemas and all("schema" in each for each in found):
            one["schema"] = {"anyOf": schemas}
        examples = {name: example for each in found for name, example in each.get("examples", {}).items()}
        if examples:
            one["examples"] = dict(sorted(examples.items()))
        merged[kind] = one
    return merged


def _identity(method: str, path: str) -> str:
    """A name for an operation, as generators of clients make functions of them."""
    words = re.sub(r"[^A-Za-z0-9]+", "_", path).strip("_")
    return f"{method.lower()}_{words}" if words else f"{method.lower()}_root"
