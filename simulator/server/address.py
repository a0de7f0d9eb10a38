"""The address of a response: taken on arrival, told in headers, and read back for a replay.

Pure but for the slot's sequence, which goes on whoever holds the slot; a worker that is being replaced numbers its
last requests from a range of their own (`simulator.state.slot`). `x-llm-sim-shard: <pod>.<worker>`,
`x-llm-sim-sequence`, `x-llm-sim-seed` stand on every response; `x-llm-sim-key` and `x-llm-sim-retry` where the
conditions were keyed.
"""

import re
from collections.abc import Mapping

from simulator.engine.plan import Address
from simulator.providers.base import Problem, Refusal
from simulator.state.slot import Arrivals, Slot

REPLAY = b"x-llm-sim-replay"
KEY = b"x-llm-sim-key"
RETRY = b"x-stainless-retry-count"
MAX_KEY = 200
_REPLAY = re.compile(rb"(\d{1,9})\.(\d{1,9})/(\d{1,18})\Z")
_VISIBLE = re.compile(rb"[\x21-\x7e]+\Z")


class Addresses:
    """Gives each arrival of one slot its address and the header lines that tell it."""

    def __init__(self, slot: Slot, seed: int, *, keyed: bool) -> None:
        """`keyed`: whether conditions are drawn from the request itself (`simulation.conditions: request`)."""
        self._take = Arrivals(slot).take
        self._seed = seed
        self._keyed = keyed
        self._pod = slot.pod
        self._worker = slot.ordinal
        self._lines = self._told(slot.pod, slot.ordinal)

    def arrive(self) -> Address:
        """The next address of the shard. Every request of the data plane takes one, refused or not."""
        return Address(self._seed, self._pod, self._worker, self._take())

    def conditions(self, address: Address, headers: Mapping[bytes, bytes]) -> Address:
        """The address that the request's own headers ask for: a replay, or keyed conditions.

        Raises `Refusal` for a replay or key that cannot be read.
        """
        replay = headers.get(REPLAY)
        if replay is not None:
            found = _REPLAY.match(replay)
            if found is None:
                raise Refusal(
                    Problem.INVALID, "x-llm-sim-replay must look like <pod>.<worker>/<sequence>, for example 0.1/17."
                )
            pod, worker, sequence = map(int, found.groups())
            address = Address(self._seed, pod, worker, sequence)
        key = headers.get(KEY)
        if key is None:
            if not self._keyed:
                return address
            key = b""
        elif len(key) > MAX_KEY or not _VISIBLE.match(key):
            raise Refusal(Problem.INVALID, f"x-llm-sim-key must be 1 to {MAX_KEY} visible ASCII characters.")
        retry = headers.get(RETRY, b"0")
        return Address(
            address.seed,
            address.pod,
            address.worker,
            address.sequence,
            key.decode("ascii"),
            int(retry) if retry.isdigit() and len(retry) < 6 else 0,
        )

    def lines(self, address: Address) -> bytes:
        """The header lines that tell an address."""
        if address.worker == self._worker and address.pod == self._pod:
            told = self._lines
        else:
            told = self._told(address.pod, address.worker)
        if address.key is None:
            return b"%bx-llm-sim-sequence: %d\r\n" % (told, address.sequence)
        return b"%bx-llm-sim-sequence: %d\r\nx-llm-sim-key: %b\r\nx-llm-sim-retry: %d\r\n" % (
            told,
            address.sequence,
            address.key.encode("ascii"),
            address.retry,
        )

    def _told(self, pod: int, worker: int) -> bytes:
        return b"x-llm-sim-shard: %d.%d\r\nx-llm-sim-seed: %d\r\n" % (pod, worker, self._seed)
