"""The paths of the control plane, as the OpenAPI document has them: health, metrics, admin. Pure data."""

from collections.abc import Iterable
from typing import Any

import msgspec

from simulator.server.openapi.shapes import Schema

HEALTH = "health"
ADMIN = "admin"
JSON = "application/json"
_TEXT: Schema = {"type": "string"}
_PATCH: Schema = {"type": "object", "description": "A part of the configuration, in its own keys."}
_ACTIVATION: Schema = {
    "type": "object",
    "properties": {
        "duration_seconds": {"type": "number", "description": "How long it lasts; as its phases say if absent."},
        "parameters": {"type": "object", "description": "Values for the scenario's parameters, by name."},
    },
    "additionalProperties": False,
}
ERROR = "admin.Error"
ERROR_SCHEMA: Schema = {
    "type": "object",
    "description": "An error of the control plane; `faults` tells the keys of a configuration that are at fault.",
    "properties": {
        "error": _TEXT,
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": dict.fromkeys(("key", "found", "allowed", "hint", "place"), _TEXT),
            },
        },
    },
    "required": ["error"],
}


class Words(msgspec.Struct, frozen=True):
    """What is told of one operation."""

    summary: str
    query: tuple[str, ...] = ()
    body: Schema | None = None
    answers: str = JSON
    failing: int = 0
    """The status of its other answer, of the same shape; 0 if there is none."""


WORDS: dict[tuple[str, str], Words] = {
    ("GET", "/health"): Words("How the fleet does, with all its warnings", failing=503),
    ("GET", "/ready"): Words("Whether traffic should come", failing=503),
    ("GET", "/live"): Words("Whether this worker's loop turns"),
    ("GET", "/metrics"): Words("The fleet's metrics, for Prometheus", answers="text/plain"),
    ("GET", "/openapi.json"): Words("This document, or what it says of one provider", query=("provider",)),
    ("GET", "/admin/config"): Words("The configuration that holds, and where each value comes from"),
    ("POST", "/admin/config"): Words("Merge a patch into the present one", query=("replace",), body=_PATCH),
    ("PUT", "/admin/config"): Words("Put a patch in the place of the present one", body=_PATCH),
    ("DELETE", "/admin/config"): Words("Take the patch away"),
    ("POST", "/admin/config/reload"): Words("Read the sources of the configuration again"),
    ("GET", "/admin/scenarios"): Words("The scenarios there are, and those at work"),
    ("GET", "/admin/scenarios/{name}"): Words("One scenario"),
    ("POST", "/admin/scenarios/{name}/activate"): Words("Set a scenario to work", body=_ACTIVATION),
    ("POST", "/admin/scenarios/{name}/deactivate"): Words("End a scenario"),
    ("GET", "/admin/circuits"): Words("The providers' circuit breakers, and how each stands"),
    ("POST", "/admin/circuits/{name}/open"): Words("Open a provider's circuit"),
    ("POST", "/admin/circuits/{name}/reset"): Words("Close a provider's circuit, with nothing counted"),
    ("GET", "/admin/stats"): Words("What each worker has done and is doing"),
    ("GET", "/admin/workers"): Words("The workers, and which revision each has applied"),
    ("GET", "/admin/requests"): Words(
        "The latest requests, where they are recorded", query=("limit", "key", "test", "format")
    ),
    ("DELETE", "/admin/requests"): Words("Forget the requests that were recorded"),
    ("GET", "/admin/sessions"): Words("The conversations that are remembered", query=("after", "limit")),
    ("DELETE", "/admin/sessions"): Words("Forget all conversations", query=("all",)),
    ("GET", "/admin/sessions/{name}"): Words("One conversation", query=("scope",)),
    ("DELETE", "/admin/sessions/{name}"): Words("Forget one conversation", query=("scope",)),
}


def described(paths: Iterable[str]) -> Iterable[tuple[str, str, dict[str, Any]]]:
    """(path, method, operation) of each operation at these paths of the router."""
    served = {path.replace(":path}", "}") for path in paths}
    for (method, path), words in WORDS.items():
        if path in served:
            yield path, method.lower(), _operation(method, path, words)


def _operation(method: str, path: str, words: Words) -> dict[str, Any]:
    admin = path.startswith("/admin/")
    parameters = [{"name": "name", "in": "path", "required": True, "schema": _TEXT}] if "{name}" in path else []
    parameters += [{"name": name, "in": "query", "schema": _TEXT} for name in words.query]
    answer = {"description": "The answer", "content": {words.answers: {}}}
    told: dict[str, Any] = {
        "operationId": f"{method.lower()}_{path.strip('/').translate(_PLAIN)}",
        "tags": [ADMIN if admin else HEALTH],
        "summary": words.summary,
    }
    if parameters:
        told["parameters"] = parameters
    if words.body is not None:
        told["requestBody"] = {"content": {JSON: {"schema": words.body}}}
    told["responses"] = {"200": answer}
    if words.failing:
        told["responses"][str(words.failing)] = {**answer, "description": "It is not so"}
    failed = {"schema": {"$ref": f"#/components/schemas/{ERROR}"}}
    told["responses"]["default"] = {"description": "An error", "content": {JSON: failed}}
    told["security"] = [{}, {"bearer": []}, {"admin-key": []}] if admin else [{}]
    return told


_PLAIN = str.maketrans({"/": "_", "{": None, "}": None, ".": "_"})
