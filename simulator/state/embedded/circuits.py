"""Circuit breakers in LMDB: a transaction a step. Edge: reads, has `simulator.state.circuit` decide, writes.

circuits  name -> state, generation, since, until, failures, out, passed, probed; number, outcomes and failures of each
          part of the window; the microsecond from which on it means nothing
"""

import struct

import msgspec

from simulator.state.circuit import (
    Circuit,
    CircuitRules,
    CircuitStanding,
    Event,
    State,
    check,
    kept_until_us,
    step,
)
from simulator.state.embedded.tables import Tables, Txn

_HEAD = struct.Struct("<8q")
_SLICE = struct.Struct("<3q")
_END = struct.Struct("<q")
_NEW = Circuit()


class Circuits:
    """All circuits of the file. `degraded` is told with every standing."""

    def __init__(self, tables: Tables, *, degraded: bool = False) -> None:
        self._env = tables.env
        self._table = tables.circuits
        self._degraded = degraded

    def step(self, name: bytes, event: Event, ticket: int, rules: CircuitRules, now_us: int) -> CircuitStanding:
        """As `Store.circuit`. What changes nothing, as most of what a closed circuit is told, is only read."""
        check(name, event, ticket)
        with self._env.begin(self._table) as txn:
            circuit = _read(txn, name, now_us)
        found, standing = step(circuit, event, ticket, rules, now_us)
        if found is not circuit:
            with self._env.begin(self._table, write=True) as txn:
                circuit = _read(txn, name, now_us)
                found, standing = step(circuit, event, ticket, rules, now_us)
                if found is not circuit:
                    txn.put(name, _pack(found, kept_until_us(found, now_us)))
        if self._degraded:
            return msgspec.structs.replace(standing, degraded=True)
        return standing


def _read(txn: Txn, name: bytes, now_us: int) -> Circuit:
    record = txn.get(name)
    if record is None or now_us >= _END.unpack_from(record, len(record) - _END.size)[0]:
        return _NEW
    state, generation, since_us, until_us, failures, out, passed, probed_us = _HEAD.unpack_from(record)
    slices = tuple(_SLICE.iter_unpack(record[_HEAD.size : -_END.size]))
    return Circuit(State(state), generation, since_us, until_us, failures, out, passed, probed_us, slices)


def _pack(circuit: Circuit, end_us: int) -> bytes:
    head = _HEAD.pack(
        circuit.state, circuit.generation, circuit.since_us, circuit.until_us, circuit.failures, circuit.out,
        circuit.passed, circuit.probed_us,
    )  # fmt: skip
    return head + b"".join([_SLICE.pack(*one) for one in circuit.slices]) + _END.pack(end_us)
