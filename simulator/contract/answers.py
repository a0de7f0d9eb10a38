"""Whole answers in contract mode: which operation was asked for, and the body of its answer. Pure, but for its tables.

It decides nothing about when it is asked: that is the server's.
"""

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, Final

import msgspec

from simulator.contract import words
from simulator.contract.given import Unreadable, given
from simulator.contract.notation import Operation, Paged, Scalar, Shape
from simulator.contract.synthesis import Filling
from simulator.contract.tables import Index, indexes

JSON: Final = b"application/json"
EVENTS: Final = b"text/event-stream; charset=utf-8"
CONTENT: Final = b"Simulated content.\n"
SDP: Final = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n"
MEDIA: Final[Mapping[str, tuple[bytes, bytes]]] = {
    "/v1/realtime/calls": (b"application/sdp", SDP),
    "/v1/videos/{video_id}/content": (b"video/mp4", CONTENT),
}
"""The media type and the bytes of downloads that are something of their own."""
_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
_stable: Callable[[Any], bytes] = msgspec.json.Encoder(order="sorted").encode


class Made(msgspec.Struct, frozen=True):
    """An answer with status 200."""

    media: bytes
    body: bytes


class Wanted(msgspec.Struct, frozen=True):
    """A request: `path` as it stands in the URL without the query, `host` the value of its header, if it has one."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes


class Contract:
    """What answers in the place of a refusal. `seed` is the simulation's."""

    def __init__(self, seed: int) -> None:
        self._key = seed.to_bytes(8, "little")
        self._indexes = indexes()

    def answer(self, provider: str, wanted: Wanted) -> Made | None:
        """The answer of the documented operation that is asked for; None if there is none such.

        Raises `Unreadable` for a body that cannot be read.
        """
        index = self._indexes.get(provider)
        if index is None:
            return None
        path = wanted.path.removeprefix(f"/{provider}")
        method = "GET" if wanted.method == "HEAD" else wanted.method
        found = index.find(method, path, beta=b"beta=true" in wanted.query or b"anthropic-beta" in wanted.headers)
        if found is None:
            return None
        operation, parameters = found
        told = given(index, operation, parameters, wanted.body, wanted.headers)
        hashed = blake2b(self._key, digest_size=16)
        hashed.update(f"{method} {path};".encode("utf-8", "replace"))
        hashed.update(_stable(told))
        making = _Making(index, provider, operation, hashed.digest(), told)
        if operation.events and (operation.answer == Scalar("null") or told.get("stream") is True):
            return Made(EVENTS, making.events())
        return making.whole(_origin(wanted.headers))


class _Making:
    """One answer in the making."""

    def __init__(self, index: Index, provider: str, operation: Operation, draw: bytes, told: dict[str, Any]) -> None:
        self._table = index.table
        self._provider = provider
        self._operation = operation
        self._draw = draw
        self._told = told

    def whole(self, origin: str) -> Made:
        """The answer in one body."""
        shape = self._operation.answer
        if isinstance(shape, Scalar) and shape.kind == "bytes":
            media, body = MEDIA.get(self._operation.path, (b"application/octet-stream", CONTENT))
            return Made(media, body)
        if isinstance(shape, Paged):
            item = self._filling().fill(shape.item, self._told)
            if shape.kind == "lines":
                return Made(b"application/x-jsonl", _encode(item) + b"\n")
            return Made(JSON, _encode(page(shape.kind, item)))
        if shape == Scalar("null"):
            return Made(JSON, b"{}")
        made = self._filling().fill(shape, self._told)
        if isinstance(made, dict) and "results_url" in made:
            made["results_url"] = f"{origin}/v1/messages/batches/{made['id']}/results"
        return Made(JSON, _encode(made))

    def events(self) -> bytes:
        """The answer as a short stream, whole."""
        frames = []
        for number, (name, shape) in enumerate(self._operation.events):
            data = _encode(self._event(name, shape, number))
            frames.append(b"event: %b\ndata: %b\n\n" % (name.encode(), data))
        if name.startswith("thread."):
            frames.append(b"event: done\ndata: [DONE]\n\n")
        return b"".join(frames)

    def _event(self, name: str, shape: Shape, number: int) -> Any:
        last = name.rpartition(".")[2]
        hints = words.BEGUN if last == "created" else (last,)
        return self._filling(hints, number).fill(shape, self._told)

    def _filling(self, hints: tuple[str, ...] = (), ordinal: int = 0) -> Filling:
        content = self._told.get("content")
        said = content if isinstance(content, str) else ""
        return Filling(self._table, self._provider, self._draw, said, hints, ordinal)


def page(kind: str, item: Any) -> dict[str, Any]:
    """A page of one item, after which there is none."""
    made: dict[str, Any] = {"data": [item]} if kind in ("idpage", "page") else {"object": "list", "data": [item]}
    name = item.get("id") if isinstance(item, dict) else None
    if kind in ("cursor", "idpage"):
        return {**made, "first_id": name, "last_id": name, "has_more": False}
    if kind == "nextpage":
        return {**made, "has_more": False, "next": None}
    return made if kind == "list" else {**made, "next_page": None}


def _origin(headers: Mapping[bytes, bytes]) -> str:
    return "http://" + headers.get(b"host", b"127.0.0.1").decode("ascii", "replace")


__all__ = ["Contract", "Made", "Unreadable", "Wanted", "page"]
