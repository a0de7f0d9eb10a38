"""The OpenAPI 3.1 document of all that is served: every provider's operations, and the control plane's. Pure.

The same providers, models and paths give the same document, so every worker tells the same.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from simulator import __version__
from simulator.providers.base import ModelEntry, Provider
from simulator.server.openapi import control
from simulator.server.openapi.operations import Dialect, Operation, joined

VERSION = "3.1.0"
_ABOUT = (
    "A fleet that answers like the APIs of language models, with no model behind it. Every path of a provider is also "
    "served below the provider's name (`/mistral/v1/chat/completions`), where no other provider answers. `HEAD` is "
    "answered where `GET` is. Any API key is taken, or none. Responses tell where they come from in the headers "
    "`x-llm-sim-shard`, `x-llm-sim-sequence` and `x-llm-sim-seed`."
)
_KEYS = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "x-api-key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
    "api-key": {"type": "apiKey", "in": "header", "name": "api-key"},
    "x-goog-api-key": {"type": "apiKey", "in": "header", "name": "x-goog-api-key"},
    "key": {"type": "apiKey", "in": "query", "name": "key"},
}
_ADMIN_KEY = {"admin-key": {"type": "apiKey", "in": "header", "name": "x-admin-key"}}
_NAME = re.compile(r"\{\w+(:path)?\}")


def document(
    providers: Sequence[Provider],
    entries: Mapping[str, Sequence[ModelEntry]],
    control_paths: Iterable[str] = (),
) -> dict[str, Any]:
    """The document as a value for JSON. `entries` are the models by provider, `control_paths` the router's."""
    served: dict[str, list[Operation]] = {}
    schemas: dict[str, Any] = {control.ERROR: control.ERROR_SCHEMA}
    for provider in providers:
        dialect = Dialect(provider, entries.get(provider.name, ()))
        schemas |= dialect.components
        for operation in dialect.operations():
            # Templates that differ in nothing but the names of their parameters are one path.
            served.setdefault(_NAME.sub("{}", operation.path), []).append(operation)
    paths: dict[str, dict[str, Any]] = {}
    for operations in served.values():
        # The first to name the parameters names them for all.
        path = _told(operations[0].path)
        for method in sorted({one.method for one in operations}):
            sharing = [one for one in operations if one.method == method]
            paths.setdefault(path, {})[method.lower()] = joined(path, sharing)
    for path, method, told in control.described(control_paths):
        paths.setdefault(path, {})[method] = told
    responses = _hoisted([item[method] for item in paths.values() for method in item])
    tags = [
        {"name": provider.name, "description": f"What clients of {provider.name} ask for"} for provider in providers
    ]
    if control_paths:
        tags += [
            {"name": control.HEALTH, "description": "How the fleet does"},
            {"name": control.ADMIN, "description": "For operators: with a key, or from this machine"},
        ]
    return {
        "openapi": VERSION,
        "info": {"title": "LLM-Simulator", "version": __version__, "description": _ABOUT},
        "servers": [{"url": "/"}],
        "security": [{}, *[{name: []} for name in _KEYS]],
        "tags": tags,
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": dict(sorted(schemas.items())),
            "responses": dict(sorted(responses.items())),
            "securitySchemes": {**_KEYS, **_ADMIN_KEY},
        },
    }


def _hoisted(operations: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Put references in the place of the operations' errors, most of which are the same; returns the errors by name."""
    names: dict[bytes, str] = {}
    hoisted: dict[str, Any] = {}
    for operation in operations:
        responses = operation["responses"]
        for status in [status for status in responses if status != "200"]:
            content = orjson.dumps(responses[status])
            name = names.get(content)
            if name is None:
                plain = name = ".".join([*operation["tags"], status])
                number = 1
                while name in hoisted:
                    number += 1
                    name = f"{plain}.{number}"
                names[content] = name
                hoisted[name] = responses[status]
            responses[status] = {"$ref": f"#/components/responses/{name}"}
    return hoisted


def _told(path: str) -> str:
    """A template as OpenAPI writes it."""
    return path.replace(":path}", "}")
