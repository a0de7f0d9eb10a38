"""Vectors in the six forms that embeddings are asked for in. Pure.

`int8` scales a vector so that its largest coordinate is 127; `uint8` is that and 128. `ubinary` packs the signs, eight
coordinates a byte, the first in the highest bit, 1 for above zero; `binary` is that less 128.
"""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import orjson

_FLOATS: Final = np.dtype("<f4")
_Floats = npt.NDArray[np.float32]


def encoded(vectors: Sequence[bytes], kind: str) -> bytes:
    """Little-endian float32 vectors as a JSON array of the form that `kind` names."""
    return b"[%b]" % b",".join([_FORMS[kind](vector) for vector in vectors])


def _array(vector: bytes) -> _Floats:
    return np.frombuffer(vector, dtype=_FLOATS)


def _json(array: npt.NDArray[np.generic]) -> bytes:
    return orjson.dumps(array, option=orjson.OPT_SERIALIZE_NUMPY)


def _float(vector: bytes) -> bytes:
    """The shortest decimal of each float32."""
    return _json(_array(vector))


def _steps(vector: bytes) -> npt.NDArray[np.float32]:
    array = _array(vector)
    largest = float(np.abs(array).max(initial=0.0))
    return np.rint(array * np.float32(127 / largest)) if largest else array


def _int8(vector: bytes) -> bytes:
    return _json(_steps(vector).astype(np.int8))


def _uint8(vector: bytes) -> bytes:
    return _json((_steps(vector) + 128).astype(np.uint8))


def _ubinary(vector: bytes) -> bytes:
    return _json(np.packbits(_array(vector) > 0))


def _binary(vector: bytes) -> bytes:
    return _json((np.packbits(_array(vector) > 0).astype(np.int16) - 128).astype(np.int8))


def _base64(vector: bytes) -> bytes:
    return b'"%b"' % base64.b64encode(vector)


_FORMS: Final[Mapping[str, Callable[[bytes], bytes]]] = {
    "float": _float,
    "int8": _int8,
    "uint8": _uint8,
    "binary": _binary,
    "ubinary": _ubinary,
    "base64": _base64,
}
