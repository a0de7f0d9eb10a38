"""Identifiers made from random bits. Pure: the bits come with the plan, so the same plan names itself the same.

It must not draw anything itself, and knows no dialect: prefixes and lengths are the caller's.
"""

import hashlib
from string import ascii_lowercase, ascii_uppercase, digits

BASE62 = (digits + ascii_uppercase + ascii_lowercase).encode()
_TO_BASE62 = bytes(BASE62[byte % 62] for byte in range(256))


def base62(bits: bytes, length: int) -> str:
    """The first `length` characters of `bits` written in [0-9A-Za-z], one character a byte.

    A byte is taken modulo 62, so eight characters are a quarter more likely than the rest: that costs less
    than 0.05 bits a character and saves a big-number division per character. Raises ValueError when
    there are fewer bytes than characters.
    """
    if length > len(bits):
        raise ValueError(f"{length} characters need as many bytes, not {len(bits)}")
    return bits[:length].translate(_TO_BASE62).decode("ascii")


def fingerprint(name: str, length: int) -> str:
    """`length` hexadecimal characters (at most 128) that depend on `name` alone."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass")).hexdigest()[:length]
