"""What a request gives to be taken over: its path, its JSON or its form, as one object. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simulator.contract.notation import Operation
from simulator.contract.tables import Index
from simulator.providers import multipart

_DECODE: Final = msgspec.json.Decoder().decode


class Unreadable(Exception):  # noqa: N818 - what a body is
    """A body that is neither JSON nor the form that it says it is."""


def given(
    index: Index, operation: Operation, parameters: Mapping[str, str], body: bytes, headers: Mapping[bytes, bytes]
) -> dict[str, Any]:
    """The members that an answer may take over; those of the path come before those of the body.

    Raises `Unreadable`.
    """
    if multipart.is_form(headers):
        told = form(body, headers)
    else:
        told = json(body) if b"json" in headers.get(b"content-type", b"json").lower() else {}
    path = {name: value.encode("utf-8", "replace").decode() for name, value in parameters.items()}
    return {**told, **path, **_own_id(index, operation, path)}


def json(body: bytes) -> dict[str, Any]:
    """The object that a body is; none for any other JSON and for an empty body. Raises `Unreadable`."""
    if not body.strip():
        return {}
    try:
        told = _DECODE(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable from error
    return told if isinstance(told, dict) else {}


def form(body: bytes, headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The fields of a form, and of the last of its files the name and the size. Raises `Unreadable`."""
    told: dict[str, Any] = {}
    try:
        parts = multipart.parts_of(body, headers)
    except multipart.Malformed as error:
        raise Unreadable from error
    for part in parts:
        if part.filename is None:
            told[part.name.encode("utf-8", "replace").decode()] = part.body.decode("utf-8", "replace")
        else:
            name = part.filename.encode("utf-8", "replace").decode()
            told |= {"filename": name, "bytes": len(part.body), "size_bytes": len(part.body)}
    return told


def _own_id(index: Index, operation: Operation, parameters: Mapping[str, str]) -> dict[str, str]:
    """The id of the answer's object where the path ends with it, or with what is done to it (`/cancel`)."""
    if not parameters:
        return {}
    segments = operation.path.partition("?")[0].split("/")
    if not segments[-1].startswith("{"):
        # What is asked for at a collection is a member of it, which has an id of its own.
        if index.lists(operation.path.partition("?")[0]) or not segments[-2].startswith("{"):
            return {}
        segments.pop()
    return {"id": parameters[segments[-1][1:-1]]}
