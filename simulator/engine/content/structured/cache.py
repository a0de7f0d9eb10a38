"""Shapes that were compiled lately. Pure."""

from typing import Final

import msgspec

from simulator.engine.content.structured.shape import Shape, compile_schema

ENTRIES: Final = 256
LARGEST: Final = 16_384
"""Bytes of a schema that is kept."""

_encode = msgspec.json.Encoder().encode


class Shapes:
    """Compiles each schema once; keeps the shapes used last. For one thread, as shapes are."""

    __slots__ = ("_shapes",)

    def __init__(self) -> None:
        self._shapes: dict[bytes, Shape] = {}

    def of(self, schema: object) -> Shape:
        """The shape of a schema as decoded JSON. Raises UnsupportedSchema or Unsatisfiable."""
        # The order of keys counts: it is the order in which members are written.
        text = _encode(schema)
        shape = self._shapes.pop(text, None)
        if shape is None:
            shape = compile_schema(schema)
            if len(text) > LARGEST:
                return shape
            if len(self._shapes) >= ENTRIES:
                del self._shapes[next(iter(self._shapes))]
        self._shapes[text] = shape
        return shape
