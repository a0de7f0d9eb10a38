"""From a request to its call, by its endpoint's `decode`; bodies that were decoded lately are not decoded again. Pure.

Decoding is a function of the bytes (and of the path and the headers that an endpoint names), so keeping a call changes
nothing but the time it takes; a load test repeats a handful of bodies. Two generations, as in `engine.memo`: when the
younger is full it becomes the older, and the older is forgotten. A body is kept when it comes for the second time:
calls that are kept cost the garbage collector a look, and bodies that are all new were seen to take a tenth longer.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, NamedTuple

from simulator.engine.seeds import digest_of
from simulator.providers.base import NO_TARGET, Call, Endpoint
from simulator.providers.paths import target_of

ENTRIES = 1_024
"""Calls of a generation."""
BYTES = 2_097_152
"""Bytes of bodies of a generation; the calls made of them are about as large again."""
LONGEST = 65_536
"""Bytes of a body that is kept."""
MET = 4_096
"""How many bodies are remembered by their hash alone, to know those that come again."""


class Known(NamedTuple):
    """A call, and the digest of its request where that is at hand."""

    call: Call
    digest: bytes | None


class KnownBodies:
    """Calls by what they were decoded from."""

    __slots__ = ("_bytes", "_met", "_old", "_young")

    def __init__(self) -> None:
        self._met: set[int] = set()
        self._young: dict[Hashable, Known] = {}
        self._old: dict[Hashable, Known] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, key: Hashable, size: int) -> Known | None:
        """What a body of so many bytes was decoded to. Being asked for again keeps it longer."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is not None:
                self._keep(key, size, found)
        return found

    def learn(self, key: Hashable, size: int, call: Call) -> Known:
        """Keep a call that comes again; one that reads or leaves stored objects, or is long, is not kept."""
        known = Known(call, digest_of(call.request))
        if size <= LONGEST and not call.kept:
            met, mark = self._met, hash(key)
            if mark in met:
                met.discard(mark)
                self._keep(key, size, known)
            else:
                if len(met) >= MET:
                    met.clear()
                met.add(mark)
        return known

    def _keep(self, key: Hashable, size: int, known: Known) -> None:
        if len(self._young) >= ENTRIES or self._bytes + size > BYTES:
            self._old = self._young
            self._young = {}
            self._bytes = 0
        self._young[key] = known
        self._bytes += size


class Decoding:
    """How the requests of one endpoint are decoded."""

    __slots__ = ("_decode", "_known", "_reads")

    def __init__(self, endpoint: Endpoint) -> None:
        self._decode = endpoint.decode
        self._reads: Sequence[bytes] | None = getattr(endpoint, "reads", None)
        self._known = KnownBodies()

    def read(self, scope: Any, headers: Mapping[bytes, bytes], body: bytes) -> Known:
        """The call of a request. Raises `Refusal`."""
        key: Hashable = body
        target = NO_TARGET
        query = scope["query_string"]
        if query or "path_params" in scope:
            target = target_of(scope.get("path_params", NO_TARGET.parameters), query)
            key = (body, scope["path"], query)
        reads = self._reads
        if reads is None:
            return Known(self._decode(body, headers, target), None)
        if reads:
            key = (key, *map(headers.get, reads))
        known = self._known.get(key, len(body))
        return known or self._known.learn(key, len(body), self._decode(body, headers, target))
