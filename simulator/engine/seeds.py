"""The seed tree: where every random draw has its address.

Pure. One root seed; every stream is derived from it by a key, never shared, and counter-based, so that draw n of a
stream costs the same as draw 1 and needs no history.

    content      BLAKE2b-512, key = mix(seed)             message = digest(request), index of the choice
    values       the same with a person of its own        message = digest(request), purpose, index of the choice, block
    conditions   Philox, key = mix(seed, pod, worker)     counter = (block, name, sequence, purpose)
    keyed        Philox, key = mix(seed, digest, key, retry)   counter = (block, name, 0, purpose)

A text takes eight words, which one hash gives at a third of the price of re-keying Philox. Conditions take a word a
token: Philox 4x64-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11). Its raw bits never change
(NEP 19); of numpy's Generator only `random` is used, which shifts them into [0, 1), and a test holds it to that.
Faults and latency have counters of their own: switching a fault on never shifts a delay.
"""

import enum
import struct
from collections.abc import Callable
from hashlib import blake2b

import msgspec
import numpy as np
from numpy.typing import NDArray

from simulator.engine.plan import Address
from simulator.engine.request import Request

MASK64 = 2**64 - 1
MASK128 = 2**128 - 1
_ODD = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""The golden ratio in 128 bits, odd: multiplying by it is a bijection, so no two sequences share an id."""

_WORDS = struct.Struct("<8Q").unpack
_BYTES = struct.Struct("<4Q").pack
encode_request: Callable[[Request], bytes] = msgspec.json.Encoder(order="sorted").encode


class Purpose(enum.IntEnum):
    """The last word of a counter: streams of one key that must not meet."""

    FAULT = 1
    LATENCY = 2
    FAILURE = 3
    """A failure by its name: whether it strikes a request, and where."""
    BURST = 4
    """The steps of a failure's bursts, a draw a request."""


def digest_of(request: Request) -> bytes:
    """The 16 bytes that stand for everything that may change an answer. Independent of the seed.

    The order of a schema's members is left out. `reasoning` and `parallel`, the last fields, count only where they are
    not at their defaults.
    """
    encoded = encode_request(request)
    # Nearly every request ends in `,true,null]`, which tells nothing; the other fields alone give those their digest.
    if request.reasoning is None:
        encoded = encoded[:-11] + b"]" if request.parallel else encoded[:-6] + b"]"
    return blake2b(encoded, digest_size=16).digest()


def free(digest: bytes, address: Address) -> bytes:
    """Stands for a digest where answers are freed from the request (`deterministic: false`): one an arrival."""
    return digest + b"%d.%d/%d" % (address.pod, address.worker, address.sequence)


def id_bits(words: tuple[int, ...]) -> bytes:
    """The 32 bytes for ids: the first four words of an answer's content."""
    return _BYTES(*words[:4])


def mix(seed: int, *parts: bytes | str | int) -> int:
    """A 128-bit key from the seed and the parts of an address; the order and type of parts count."""
    hashed = blake2b(seed.to_bytes(8, "little"), digest_size=16, person=b"llm-simulator")
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass")
        hashed.update(b"%d:%s;%d;" % (len(data), data, isinstance(part, int)))
    return int.from_bytes(hashed.digest(), "little")


class Draws:
    """A stream of random draws that is moved to an address in place.

    Re-keying costs about 1 µs where a new numpy Generator costs 7 µs, so each engine keeps one. Not to be
    shared between threads.
    """

    def __init__(self) -> None:
        self._bits = np.random.Philox(key=0)
        self._state = self._bits.state
        self._key = self._state["state"]["key"]
        self._counter = self._state["state"]["counter"]
        self._raw = self._bits.random_raw
        self._random = np.random.Generator(self._bits).random

    def move(self, key: int, purpose: Purpose, sequence: int = 0, name: int = 0, block: int = 0) -> None:
        """Go to draw 4 * `block` of the stream (key, purpose, sequence, name)."""
        self._key[0] = key & MASK64
        self._key[1] = key >> 64
        counter = self._counter
        counter[0] = block
        counter[1] = name
        counter[2] = sequence
        counter[3] = purpose
        # The state was taken from a generator that had drawn nothing, so its buffer is marked as used up.
        self._bits.state = self._state

    def raw(self, n: int) -> list[int]:
        """The next n draws as unsigned 64-bit integers."""
        drawn: list[int] = self._raw(n).tolist()
        return drawn

    def uniforms(self, n: int) -> NDArray[np.float64]:
        """The next n draws in [0, 1)."""
        return self._random(n)


class SeedTree:
    """The keys under one root seed."""

    def __init__(self, seed: int) -> None:
        if not 0 <= seed < 2**63:
            raise ValueError(f"a seed is a whole number from 0 to 2**63 - 1, not {seed}")
        self.seed = seed
        self.content_key = mix(seed, "content").to_bytes(16, "little")
        """The key under which answers are drawn; see `content` and `engine.content.structured.draws`."""
        self._shards: dict[tuple[int, int], int] = {}

    def content(self, what: bytes, index: int = 0) -> tuple[int, ...]:
        """Eight 64-bit words for what choice `index` of an answer says; `what` is a digest or `free` of one."""
        block = blake2b(what + index.to_bytes(4, "little"), key=self.content_key)
        words: tuple[int, ...] = _WORDS(block.digest())
        return words

    def conditions(self, digest: bytes, address: Address) -> tuple[int, int]:
        """The key and the sequence of an arrival's latency and faults."""
        if address.key is not None:
            return mix(self.seed, "keyed", digest, address.key, address.retry), 0
        return self.shard(address.pod, address.worker), address.sequence

    def shard(self, pod: int, worker: int) -> int:
        """The key of a shard. No two shards of a seed have the same."""
        key = self._shards.get((pod, worker))
        if key is None:
            key = mix(self.seed, "conditions", pod, worker)
            if len(self._shards) >= 4096:
                self._shards.clear()
            self._shards[pod, worker] = key
        return key

    def request_bits(self, address: Address) -> bytes:
        """16 bytes for the id of one arrival: unique among a shard's arrivals, and told by its address."""
        shard = self.shard(address.pod, address.worker)
        return ((address.sequence * _ODD + shard) & MASK128).to_bytes(16, "little")
