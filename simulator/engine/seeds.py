"""The seed tree: where every random draw has its address.

Pure. One root seed; every stream is derived from it by a key, never shared, and counter-based (Philox
4x64-10: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11), so that draw n of a stream
costs the same as draw 1 and needs no history. All draws are Philox's raw bits, which numpy promises never to change
(NEP 19); of its Generator only `random` is used, which shifts them into [0, 1), and a test holds it to that.

    content      key = digest(request) xor mix(seed)              counter = (block, 0, 0, CONTENT)
    conditions   key = mix(seed, pod, worker)                     counter = (block, 0, sequence, FAULT or LATENCY)
    keyed        key = mix(seed, digest, key, retry)              counter = (block, 0, 0, FAULT or LATENCY)

Faults and latency have counters of their own: switching a fault on never shifts a delay.
"""

import enum
import hashlib
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from simulator.engine.plan import Address
from simulator.engine.request import Request

MASK64 = 2**64 - 1
MASK128 = 2**128 - 1
_TO_UNIT = 2.0**-53
_ODD = 0x9E3779B97F4A7C15F39CC0605CEDC835
"""The golden ratio in 128 bits, odd: multiplying by it is a bijection, so no two sequences share an id."""

encode_request: Callable[[Request], bytes] = msgspec.json.Encoder(order="sorted").encode


class Purpose(enum.IntEnum):
    """The last word of a counter: streams of one key that must not meet."""

    CONTENT = 0
    FAULT = 1
    LATENCY = 2


def digest_of(request: Request) -> bytes:
    """The 16 bytes that stand for everything that may change an answer. Independent of the seed."""
    return hashlib.blake2b(encode_request(request), digest_size=16).digest()


def mix(seed: int, *parts: bytes | str | int) -> int:
    """A 128-bit key from the seed and the parts of an address; the order and type of parts count."""
    hashed = hashlib.blake2b(seed.to_bytes(8, "little"), digest_size=16, person=b"llm-simulator")
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

    def move(self, key: int, purpose: Purpose, sequence: int = 0) -> None:
        """Go to draw 0 of the stream (key, purpose, sequence)."""
        self._key[0] = key & MASK64
        self._key[1] = key >> 64
        counter = self._counter
        counter[0] = 0
        counter[1] = 0
        counter[2] = sequence
        counter[3] = purpose
        # The state was taken from a generator that had drawn nothing, so its buffer is marked as used up.
        self._bits.state = self._state

    def raw(self, n: int) -> list[int]:
        """The next n draws as unsigned 64-bit integers."""
        drawn: list[int] = self._raw(n).tolist()
        return drawn

    def octets(self, n: int) -> bytes:
        """The next n draws as 8 bytes each, the lowest first."""
        drawn: bytes = self._raw(n).astype("<u8", copy=False).tobytes()
        return drawn

    def uniform(self) -> float:
        """The next draw in [0, 1): its upper 53 bits."""
        return (int(self._raw()) >> 11) * _TO_UNIT

    def uniforms(self, n: int) -> NDArray[np.float64]:
        """The next n draws in [0, 1)."""
        return self._random(n)


class SeedTree:
    """The keys under one root seed."""

    def __init__(self, seed: int) -> None:
        if not 0 <= seed < 2**63:
            raise ValueError(f"a seed is a whole number from 0 to 2**63 - 1, not {seed}")
        self.seed = seed
        self._content = mix(seed, "content")
        self._shards: dict[tuple[int, int], int] = {}

    def content(self, digest: bytes) -> int:
        """The key of everything that an answer says."""
        return int.from_bytes(digest, "little") ^ self._content

    def free_content(self, digest: bytes, address: Address) -> int:
        """The same when answers are freed from the request (`deterministic: false`): one key an arrival."""
        return mix(self.seed, "free", digest, address.pod, address.worker, address.sequence)

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
