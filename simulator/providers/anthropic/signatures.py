"""Signatures of thoughts, and the sealed data of hidden ones: made from the content, checked when they come back. Pure.

A signature looks like the real ones: base64 of length-delimited fields. In it are a nonce and a keyed digest of the
nonce and the text that was shown, so that the same answer always has the same signature, and one that was changed, or
that stands beside another text, is told. It proves nothing to anybody else: the key is no secret.
"""

import base64
import binascii
from hashlib import blake2b
from typing import Final

_KEY: Final = b"simulated thought"
_HEAD: Final = b"\x0a\x46\x08\x09\x18\x02\x2a\x40"
"""What the real ones begin with, behind their length: a key's version, and 64 bytes."""
_NONCE: Final = b"\x12\x0c"
_FILL: Final = b"\x1a\x60"
_REST: Final = 96
_OUTER: Final = 0x12
_TAIL: Final = b"\x18\x01"
"""What the real ones end with, behind the outer field."""
_OURS: Final = len(_HEAD) + 64 + len(_NONCE) + 12 + len(_FILL) + _REST
_SHORTEST: Final = 64


def signature(text: str, nonce: bytes) -> str:
    """The signature of a thought that is shown as `text`. `nonce` has at least 12 bytes, stable for the answer."""
    nonce = nonce[:12]
    seal = _seal(text, nonce)
    fill = (blake2b(seal).digest() * 2)[:_REST]
    body = _HEAD + seal + _NONCE + nonce + _FILL + fill
    return base64.b64encode(bytes((_OUTER, *_varint(len(body)))) + body + _TAIL).decode("ascii")


def genuine(given: str, text: str) -> bool:
    """Whether a signature may belong to a thought with this text.

    One of this simulator's is checked. One that is well-formed and was made elsewhere, as in a recorded conversation,
    cannot be judged and passes.
    """
    try:
        raw = base64.b64decode(given, validate=True)
    except (binascii.Error, ValueError):
        return False
    length, start = _length(raw)
    beyond = raw[start + length :]
    if length < _SHORTEST or len(raw) < start + length or beyond not in {b"", _TAIL} or raw[start] != _HEAD[0]:
        return False
    if length != _OURS:
        return True
    # Base64 has spare bits at its end: only the canonical spelling is what was sent.
    nonce = raw[start + len(_HEAD) + 64 + len(_NONCE) :][:12]
    return given == signature(text, nonce)


def _seal(text: str, nonce: bytes) -> bytes:
    return blake2b(nonce + text.encode("utf-8", "surrogatepass"), key=_KEY).digest()


def _varint(number: int) -> bytes:
    """As Protocol Buffers write a length."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def _length(raw: bytes) -> tuple[int, int]:
    """The length that the outer field tells, and where its content begins; a length of 0 where there is none."""
    if not raw or raw[0] != _OUTER:
        return 0, 0
    length = shift = 0
    for place in range(1, min(len(raw), 5)):
        byte = raw[place]
        length |= (byte & 0x7F) << shift
        if byte <= 0x7F:
            return length, place + 1
        shift += 7
    return 0, 0
