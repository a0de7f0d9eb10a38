"""Circuit breakers in the embedded store: between workers, after a restart, and cleared away."""

from embedded_factory import opened

from simulator.state.circuit import KEEP_US, CircuitRules, Event, State
from simulator.state.embedded import circuits
from simulator.state.store import Immediate

SECOND = 1_000_000
RULES = CircuitRules(2, 500_000, 10 * SECOND, 4, 30 * SECOND, 2, 20 * SECOND)


def test_it_outlives_its_workers(folder, clock):
    with opened(folder, clock, owner=b"0") as one:
        for _ in range(2):
            asked = one.circuit_now(b"openai", Event.ASKED, 0, RULES)
            one.circuit_now(b"openai", Event.FAILED, asked.ticket, RULES)
    with opened(folder, clock, owner=b"1") as other:
        assert not other.circuit_now(b"openai", Event.ASKED, 0, RULES).allowed
        assert isinstance(other, Immediate)


def test_what_changes_nothing_is_not_written(folder, clock):
    rules = CircuitRules(2, 0, 10 * SECOND, 4, 30 * SECOND, 2, 20 * SECOND)
    with opened(folder, clock) as store:
        before = store._mount._opened.env.info()["last_txnid"]
        for _ in range(5):
            asked = store.circuit_now(b"openai", Event.ASKED, 0, rules)
            store.circuit_now(b"openai", Event.SUCCEEDED, asked.ticket, rules)
        assert store._mount._opened.env.info()["last_txnid"] == before
        store.circuit_now(b"openai", Event.FAILED, asked.ticket, rules)
        assert store._mount._opened.env.info()["last_txnid"] == before + 1


def test_what_is_forgotten_is_cleared_away(folder, clock):
    with opened(folder, clock) as store:
        store.circuit_now(b"openai", Event.TRIPPED, 0, RULES)
        table = store._mount.circuits

        def entries():
            with table._env.begin() as txn:
                return txn.stat(table._table)["entries"]

        store._mount.tick()
        assert entries() == 1
        clock.advance(KEEP_US + RULES.open_us)
        store._mount.tick()
        assert entries() == 0


def test_in_a_spare_folder_it_says_that_it_is_alone(folder, clock, spare):
    with opened(folder, clock) as store:
        store.circuit_now(b"openai", Event.TRIPPED, 0, RULES)
        store._mount._move_out("a test says so")
        found = store.circuit_now(b"openai", Event.LOOKED, 0, RULES)
        assert (found.state, found.degraded) == (State.CLOSED, True)


def test_another_worker_s_word_between_the_look_and_the_writing_counts(folder, clock, monkeypatch):
    """What is decided upon a look is decided anew under the file's write lock."""
    with opened(folder, clock) as store:
        ticket = store.circuit_now(b"openai", Event.ASKED, 0, RULES).ticket
        real, others = circuits._read, [ticket]

        def read(txn, name, now_us):
            found = real(txn, name, now_us)
            if others:
                store.circuit_now(b"openai", Event.FAILED, others.pop(), RULES)
            return found

        monkeypatch.setattr(circuits, "_read", read)
        assert store.circuit_now(b"openai", Event.FAILED, ticket, RULES).state is State.OPEN
        assert others == []
