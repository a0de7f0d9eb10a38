"""What is live, over changes of the document, the time and the configuration's sources."""

import json
import logging

import msgspec
import pytest

from simulator.config.library import activated, find
from simulator.config.load import load, reload
from simulator.server.app import preload
from simulator.server.context import House
from simulator.server.control.document import EMPTY, Document, encode
from simulator.server.control.document import activated as switched_on
from simulator.state.board import Board, Column, Shared
from simulator.state.slot import Slot
from simulator.state.store import Control, StoreUnavailable


class Kept:
    """The part of a store that keepers read."""

    def __init__(self, board):
        self.board = board
        self.kept = Control()
        self.away = False
        self.reads = 0

    def read_control(self):
        self.reads += 1
        if self.away:
            raise StoreUnavailable("away")
        return self.kept

    def write(self, document, *, tell=True):
        body = document if isinstance(document, bytes) else encode(document)
        self.kept = Control(self.kept.revision + 1, body)
        if tell:
            self.board.shared[Shared.CONTROL] = self.kept.revision


class Worker:
    """One worker without a server, on a clock of its own."""

    def __init__(self, loaded, slot):
        self.now = 1000.0
        self.house = House(preload(loaded), slot, wall=lambda: self.now)
        self.store = self.house.store = Kept(slot.board)

    def scenario(self, name, seconds=None, **parameters):
        known = find(self.house.config, name, "test")
        return activated(known, parameters, started=self.now, seconds=seconds, source="test")

    @property
    def overloaded(self):
        return self.house.live.config.errors.overloaded.probability


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "user.json"
    path.write_text("{}")
    return path


@pytest.fixture
def slot(tmp_path):
    state = tmp_path / "state"
    state.mkdir()
    return Slot(0, 0, Board(2), fleet="f", state=state)


@pytest.fixture
def worker(path, slot):
    return Worker(load(path, environ={}), slot)


def test_in_a_quiet_time_nothing_is_read_and_nothing_is_made(worker):
    live = worker.house.live
    for _ in range(5):
        worker.now += 1e6
        assert worker.house.live is live
    assert worker.store.reads == 0


def test_a_change_holds_with_the_next_look_and_the_board_tells_so(worker):
    worker.store.write(Document(patch={"errors": {"overloaded": {"probability": 0.5}}}))
    assert worker.overloaded == 0.5
    assert worker.house.row[Column.REVISION] == worker.house.live.revision == 1
    worker.store.write(EMPTY)
    assert worker.overloaded == 0
    assert worker.store.reads == 2


def test_a_request_keeps_what_it_came_to(worker):
    before = worker.house.live
    worker.store.write(switched_on(EMPTY, worker.scenario("outage")))
    assert worker.house.live.engine is not before.engine
    assert before.config.errors.overloaded.probability == 0
    assert before.scenarios == {}


def test_a_scenario_ends_at_its_moment_without_a_change(worker):
    worker.store.write(switched_on(EMPTY, worker.scenario("outage", seconds=60)))
    assert (worker.overloaded, worker.house.live.until) == (1, 1060.0)
    assert worker.house.live.scenarios == {"outage": "down"}
    worker.now = 1059.999
    assert worker.overloaded == 1
    worker.now = 1060.0
    assert worker.overloaded == 0
    assert worker.house.live.scenarios == {}
    assert worker.house.live.until == float("inf")


def test_phases_follow_the_clock_and_engines_are_made_once(worker):
    worker.store.write(switched_on(EMPTY, worker.scenario("flapping", down_secs=10, up_secs=20)))
    down, engines = [], set()
    for step in range(9):
        worker.now = 1000.0 + 10 * step
        down.append(worker.overloaded)
        engines.add(worker.house.engine)
    assert down == [1, 0, 0] * 3
    assert len(engines) == 2


def test_a_scenario_of_the_start_plays_until_it_is_ended(path, slot):
    base = load(path, environ={})
    one = activated(find(base.config, "outage", "test"), {}, started=900.0, source="test")
    worker = Worker(msgspec.structs.replace(base, activations=(one,)), slot)
    worker.house.turn()
    assert worker.overloaded == 1
    worker.store.write(Document(ended={"outage": 950.0}))
    assert worker.overloaded == 0


@pytest.mark.parametrize(
    "document",
    [
        b"{",
        b'{"patch": {"server": {"port": 1}}}',
        b'{"patch": {"nonsense": 1}}',
        Document(patch={"errors": {"overloaded": {"probability": 7}}}),
    ],
)
def test_what_cannot_be_applied_is_told_once_and_what_held_goes_on(worker, caplog, document):
    worker.store.write(Document(patch={"errors": {"overloaded": {"probability": 0.5}}}))
    assert worker.overloaded == 0.5
    with caplog.at_level(logging.ERROR, "simulator.control"):
        worker.store.write(document)
        for _ in range(3):
            assert worker.overloaded == 0.5
            worker.house.turn()
    assert worker.house.live.revision == 2
    assert len(caplog.records) == 1
    assert worker.house.keeper.problem in caplog.text
    worker.store.write(EMPTY)
    assert worker.overloaded == 0
    assert worker.house.keeper.problem is None


def test_a_phase_that_cannot_be_applied_is_not_tried_at_each_request(worker, caplog):
    one = worker.scenario("flapping", down_secs=10, up_secs=20)
    broken = encode(switched_on(EMPTY, one)).replace(b'"error_rate":1.0', b'"error_rate":9')
    worker.store.write(broken)
    assert worker.overloaded == 0
    live = worker.house.live
    assert live.until == 1010.0
    assert worker.house.live is live
    worker.now = 1010.0
    assert worker.overloaded == 0
    assert worker.house.keeper.problem is None


def test_a_document_that_is_not_yet_there_is_looked_for_again(worker):
    """The board is told before the write is complete: who reads in between must not think to have seen it."""
    worker.store.board.shared[Shared.CONTROL] = 1
    assert worker.house.live.revision == 0
    worker.store.write(Document(patch={"errors": {"overloaded": {"probability": 0.5}}}), tell=False)
    assert worker.overloaded == 0.5


def test_a_store_that_is_away_changes_nothing(worker):
    worker.store.away = True
    worker.store.write(Document(patch={"errors": {"overloaded": {"probability": 0.5}}}))
    assert worker.overloaded == 0
    assert worker.house.keeper.problem == "away"
    worker.store.away = False
    assert worker.overloaded == 0.5
    assert worker.house.keeper.problem is None
    worker.house.store = None
    worker.store.board.shared[Shared.CONTROL] = 9
    assert worker.overloaded == 0.5


def test_states_that_are_kept_ready_are_bounded(worker):
    for step in range(30):
        worker.store.write(Document(patch={"errors": {"overloaded": {"probability": step / 100}}}))
        assert worker.overloaded == step / 100
    assert len(worker.house.keeper._built) <= 8


def test_the_log_follows_its_level(worker):
    simulator_log = logging.getLogger()
    before, handlers = simulator_log.level, list(simulator_log.handlers)
    try:
        worker.store.write(Document(patch={"telemetry": {"logging": {"level": "error"}}}))
        assert worker.house.live.revision == 1
        assert logging.getLogger("simulator").getEffectiveLevel() == logging.ERROR
    finally:
        simulator_log.setLevel(before)
        simulator_log.handlers[:] = handlers


# The sources, read again by another worker of the host


def read_again(worker, path, **sections):
    path.write_text(json.dumps(sections))
    base = reload(worker.house.keeper.base, environ={})
    worker.house.keeper.shared.publish(base)
    return base


def test_every_worker_takes_up_what_one_has_read(worker, path, slot):
    other = Worker(load(path, environ={}), Slot(1, 0, slot.board, fleet="f", state=slot.state))
    assert not other.house.keeper.shared.changed()
    base = read_again(worker, path, errors={"overloaded": {"probability": 0.5}})
    assert other.house.keeper.shared.changed()
    other.store.write(Document(patch={"errors": {"timeout": {"probability": 0.25}}}))
    errors = other.house.config.errors
    assert (errors.overloaded.probability, errors.timeout.probability) == (0.5, 0.25)
    assert other.house.keeper.base.origins == base.origins
    assert not other.house.keeper.shared.changed()
    assert other.house.keeper.base.stamp == base.stamp


def test_a_worker_that_starts_later_takes_it_up_unless_it_has_read_later(worker, path, slot):
    old = load(path, environ={})
    read_again(worker, path, errors={"overloaded": {"probability": 0.5}})
    path.write_text("{}")
    new = load(path, environ={})
    for loaded, expected in ((old, 0.5), (new, 0)):
        later = Worker(loaded, Slot(1, 0, slot.board, fleet="f", state=slot.state))
        later.house.turn()
        assert later.overloaded == expected


def test_what_takes_effect_where_a_worker_begins_is_each_worker_s_own(worker, path, slot):
    """A worker of the old configuration reads the file while HUP replaces it: its successor keeps its own."""
    sections = {"models": {"tokenizer": "estimate"}, "errors": {"overloaded": {"probability": 0.5}}}
    path.write_text(json.dumps(sections))
    successor = Worker(load(path, environ={}), Slot(1, 0, slot.board, fleet="f", state=slot.state))
    read_again(worker, path, **sections)
    for each, tokenizer in ((worker, "exact"), (successor, "estimate")):
        each.house.turn()
        assert (each.overloaded, each.house.config.models.tokenizer) == (0.5, tokenizer)


def test_an_older_base_never_takes_the_place_of_a_later_one(worker, path):
    old = reload(worker.house.keeper.base, environ={})
    read_again(worker, path, errors={"overloaded": {"probability": 0.5}})
    worker.house.keeper.shared.publish(old)
    worker.house.turn()
    assert worker.overloaded == 0.5


def test_a_clock_that_was_set_back_does_not_keep_a_reload_away(worker, path, monkeypatch):
    monkeypatch.setattr("simulator.config.load.time.time_ns", lambda: 1)
    read_again(worker, path, errors={"overloaded": {"probability": 0.5}})
    worker.house.turn()
    assert worker.overloaded == 0.5


def test_what_another_fleet_left_or_what_is_damaged_is_not_taken_up(worker, path, slot):
    read_again(worker, path, errors={"overloaded": {"probability": 0.5}})
    stranger = Worker(worker.house.prepared.loaded, Slot(0, 0, Board(1), fleet="g", state=slot.state))
    stranger.house.turn()
    assert stranger.overloaded == 0
    assert stranger.house.keeper.problem is None
    for damaged in ("{", '{"fleet": "f"}', '{"fleet": "f", "read_ns": 9999999999999999999, "stamp": null, "tree": []}'):
        (slot.state / "base.json").write_text(damaged)
        worker.house.turn()
        assert worker.overloaded == 0
        assert "cannot be taken up" in worker.house.keeper.problem
        (slot.state / "base.json").write_text("{")
        read_again(worker, path, errors={"overloaded": {"probability": 0.25}})
        worker.house.turn()
        assert worker.overloaded == 0.25
        assert worker.house.keeper.problem is None
        read_again(worker, path)
        worker.house.turn()


def test_a_problem_is_seen_by_all_workers_until_it_is_taken_back(worker, slot):
    other = Worker(worker.house.prepared.loaded, Slot(1, 0, slot.board, fleet="f", state=slot.state))
    assert other.house.keeper.problem is None
    worker.house.keeper.shared.complain("line 3 is wrong")
    assert other.house.keeper.problem == worker.house.keeper.problem == "line 3 is wrong"
    other.house.keeper.shared.complain("")
    assert other.house.keeper.problem is worker.house.keeper.problem is None


def test_a_process_without_a_folder_keeps_it_to_itself(path):
    worker = Worker(load(path, environ={}), Slot(0, 0, Board(1)))
    worker.house.keeper.shared.complain("wrong")
    assert worker.house.keeper.problem == "wrong"
    base = read_again(worker, path, errors={"overloaded": {"probability": 0.5}})
    assert not worker.house.keeper.shared.changed()
    worker.house.keeper.adopt(base)
    worker.house.turn()
    assert worker.overloaded == 0.5
