"""Records of stored objects. Pure: bytes in, bytes out.

objects  digest of scope, kind and name -> what is kept of the object beside its body
bodies   number of the body, number of the piece -> the piece, a page long: so that no body needs pages side by side,
         which a file in long use has few of
orders   "p", place -> key: all objects in the order of their first put, in which they give way
         "e", moment of expiry, place -> key: all in the order in which they expire
         "s", digest of scope and kind, place -> moment of expiry, key: those of a listing
         "t" -> the number that the next put gets, bytes of all bodies
"""

import hashlib
import struct

import msgspec

from simulator.state.objects import check

PLACE = struct.Struct(">cQ")
END = struct.Struct(">cQQ")
SHELF = struct.Struct(">c16sQ")
LISTED = struct.Struct(">Q16s")
PIECE = struct.Struct(">QI")
TALLY = struct.Struct(">QQ")


class Key(msgspec.Struct, frozen=True, gc=False):
    """An object's address: digests of its scope and kind, and of all its names. Made by `key_of`."""

    shelf: bytes
    digest: bytes


class Meta(msgspec.Struct, array_like=True, gc=False):
    """`place` is the number of the first put, `number` that of the body, `pages` how many pieces it has."""

    shelf: bytes
    name: str
    place: int
    number: int
    size: int
    pages: int
    until_us: int


class Tally:
    """The two counters of a transaction; `objects` is how many there are."""

    __slots__ = ("next", "objects", "size")

    def __init__(self, record: bytes | None, objects: int) -> None:
        self.next, self.size = TALLY.unpack(record) if record is not None else (1, 0)
        self.objects = objects


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Meta).decode


def key_of(scope: str, kind: str, name: str) -> Key:
    """The address of an object. Raises ValueError for words that none can have."""
    check(scope, kind, name)
    return Key(shelf_of(scope, kind), digest_of(f"{scope}\0{kind}\0{name}"))


def ended(key: bytes, now_us: int) -> bool:
    """Whether this is the order's entry of an object whose time is over."""
    return key[:1] == b"e" and bool(END.unpack(key)[1] <= now_us)


def shelf_of(scope: str, kind: str) -> bytes:
    """What stands for all objects of a scope and a kind."""
    return digest_of(f"{scope}\0{kind}")


def digest_of(text: str) -> bytes:
    """Sixteen bytes that stand for a text."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
