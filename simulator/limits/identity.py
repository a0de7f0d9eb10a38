"""Whose request it is: its API key, as a digest, and its tenant. Pure.

A key is a secret: beyond this file only its digest is known, and the store's names are made of that.
"""

from collections.abc import Mapping
from hashlib import blake2b

BEARER = b"bearer "
KEY_HEADERS = (b"x-api-key", b"api-key", b"x-goog-api-key")
"""Where a key is found that does not come as a bearer token, in this order."""
DIGEST_BYTES = 16
REMEMBERED = 10_000
"""How many headers' digests are kept ready; clients choose them, so there may be any number."""
LONGEST = 512
"""Bytes of headers that are kept; a real key has fewer, and longer ones must not fill the memory."""


def key_of(headers: Mapping[bytes, bytes]) -> bytes:
    """The API key of a request as it was sent; empty if it has none: all such requests share one anonymous key."""
    token = bearer_of(headers.get(b"authorization", b""))
    if token:
        return token
    for name in KEY_HEADERS:
        key = headers.get(name, b"").strip()
        if key:
            return key
    return b""


def bearer_of(authorization: bytes) -> bytes:
    """The token of an `authorization` header; empty if it brings none."""
    return authorization[7:].strip() if authorization[:7].lower() == BEARER else b""


def digest(text: bytes) -> bytes:
    """16 bytes that stand for a text and do not give it away."""
    return blake2b(text, digest_size=DIGEST_BYTES).digest()


class Identities:
    """Digests of API keys, kept ready for headers that come again."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[tuple[bytes | None, ...], bytes] = {}

    def digest(self, headers: Mapping[bytes, bytes]) -> bytes:
        """The digest of a request's key; equal however the key is sent."""
        get = headers.get
        given = (get(b"authorization"), get(b"x-api-key"), get(b"api-key"), get(b"x-goog-api-key"))
        found = self._known.get(given)
        if found is None:
            found = digest(key_of(headers))
            if sum([len(header) for header in given if header is not None]) <= LONGEST:
                if len(self._known) >= REMEMBERED:
                    self._known.clear()
                self._known[given] = found
        return found
