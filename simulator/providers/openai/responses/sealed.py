"""Thoughts and compacted conversations as the service hands them out: sealed, for it alone to read. Pure.

What is sealed here looks like the service's (a Fernet token: version 0x80, time, salt, text,
check) and holds only how many tokens it stands for. Whatever else a client sends is taken as it is, and costs nothing.
"""

import base64
import binascii
from hashlib import blake2b
from typing import Final

_VERSION: Final = b"\x80"
_HEAD: Final = 1 + 8 + 16
_CHECK: Final = 32
_BYTES_PER_TOKEN: Final = 4
_LEAST: Final = 128
_MOST: Final = 16_384
"""Bytes of the sealed text: about as long as what it stands for, within bounds."""
_LONGEST: Final = 64_000
"""Characters of a token that can be ours."""


def seal(tokens: int, created: int, bits: bytes) -> str:
    """A token that stands for so many tokens. The same bits, time and count give the same."""
    size = min(_MOST, max(_LEAST, tokens * _BYTES_PER_TOKEN)) // 16 * 16
    salt = blake2b(bits, digest_size=12, person=b"salt").digest() + min(tokens, 2**32 - 1).to_bytes(4, "big")
    text = b"".join(
        [blake2b(bits + salt + block.to_bytes(4, "little"), digest_size=64).digest() for block in range(-(-size // 64))]
    )[:size]
    body = _VERSION + created.to_bytes(8, "big") + salt + text
    return base64.urlsafe_b64encode(body + _check(body)).decode("ascii")


def tokens_in(sealed: str) -> int:
    """How many tokens a sealed text stands for; 0 for one that was not sealed here."""
    if len(sealed) > _LONGEST or not sealed.isascii():
        return 0
    try:
        body = base64.urlsafe_b64decode(sealed)
    except (binascii.Error, ValueError):
        return 0
    if len(body) < _HEAD + _CHECK or _check(body[:-_CHECK]) != body[-_CHECK:]:
        return 0
    return int.from_bytes(body[_HEAD - 4 : _HEAD], "big")


def _check(body: bytes) -> bytes:
    return blake2b(body, digest_size=_CHECK, person=b"llm-simulator").digest()
