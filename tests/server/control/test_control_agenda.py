"""Since when the failures of scenarios hold: on a clock of its own, as each worker computes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.activation import Activation
from simulator.config.load import load
from simulator.config.scenarios import Phase, Scenario
from simulator.engine.request import Operation, Request
from simulator.rules.matching import Facts
from simulator.server.app import preload
from simulator.server.context import House
from simulator.server.control.agenda import Agenda
from simulator.server.control.document import EMPTY, Document, activated, encode
from simulator.server.failing.book import counter_of
from simulator.state.board import Board
from simulator.state.slot import Slot
from simulator.state.store import Control

ERROR = {"kind": "server_error", "first": 3}


def phase(seconds, *failures, **more):
    return Phase(duration_secs=seconds, set={"faults": dict.fromkeys(failures, ERROR)} if failures else {}, **more)


def scenario(name, *phases, started=1000.0, ends=None, **more):
    return Activation(name, Scenario(phases=phases, **more), {}, started, ends)


class Clock:
    """A worker of its own on a clock of its own, with a control document."""

    def __init__(self, path, *acts, number=0, **sections):
        loaded = load(path, environ={}, flags={f"{key}": value for key, value in sections.items()})
        self.now = 1000.0
        board = Board(8)
        self.house = House(preload(loaded), Slot(number, 0, board), wall=lambda: self.now)
        document = EMPTY
        for act in acts:
            document = activated(document, act)
        self.house.store = self
        self.control = Control(1, encode(document))
        board.shared[0] = 1

    def read_control(self):
        return self.control

    def at(self, now):
        self.now = now
        return self.house.live


def test_failures_of_a_phase_hold_since_it_began():
    agenda = Agenda(
        Document(scenarios=(scenario("s", phase(10, "a"), phase(5), phase(20, "a", "b"), repeat=True),)), ()
    )
    found = [agenda.at(now).since for now in (1000, 1009.9, 1010, 1015, 1034, 1035, 1050, 999)]
    assert found == [
        {"a": 1000.0}, {"a": 1000.0}, {}, {"a": 1015.0, "b": 1015.0}, {"a": 1015.0, "b": 1015.0}, {"a": 1035.0},
        {"a": 1050.0, "b": 1050.0}, {},
    ]  # fmt: skip


def test_the_steps_of_a_phase_are_one_phase():
    scale = {"simulation": {"latency_scale": 1}}
    going = Phase(
        duration_secs=10, set={**scale, "faults": {"a": ERROR}}, to={"simulation": {"latency_scale": 2}}, steps=4
    )
    agenda = Agenda(Document(scenarios=(scenario("s", going),)), ())
    moments = [agenda.at(now) for now in (1000, 1002.5, 1005, 1007.5)]
    assert [moment.until for moment in moments] == [1002.5, 1005.0, 1007.5, 1010.0]
    assert {moment.since["a"] for moment in moments} == {1000.0}
    assert {moment.scenarios["s"] for moment in moments} == {"1"}
    assert len({moment.key for moment in moments}) == 4
    # What fits at both ends fits between them: only the ends are tried.
    assert [len(layers) for layers in agenda.rehearsals()] == [0, 1, 1]


def test_of_two_scenarios_the_later_one_lies_over_the_other():
    early = scenario("early", phase(10, "x", "y"), repeat=True)
    late = scenario("late", phase(100, "x"), started=1005.0)
    agenda = Agenda(activated(activated(EMPTY, early), late), ())
    # The phases of the one beneath do not switch on anew what the one above holds.
    assert [agenda.at(now).since for now in (1004, 1006, 1012)] == [
        {"x": 1000.0, "y": 1000.0}, {"x": 1005.0, "y": 1000.0}, {"x": 1005.0, "y": 1010.0}]  # fmt: skip
    again = activated(agenda.document, scenario("early", phase(10, "x"), started=1020.0))
    assert [source for source, _ in Agenda(again, ()).at(1021).layers] == ["scenario late", "scenario early"]
    assert Agenda(again, ()).at(1021).since == {"x": 1020.0}


@given(
    durations=st.lists(st.floats(0.01, 1e4), min_size=1, max_size=5),
    started=st.floats(1e9, 2e9),
    later=st.floats(0, 1e5),
)
def test_since_is_never_later_than_the_moment_and_never_changes_within_a_phase(durations, started, later):
    act = scenario("s", *[phase(each, "a") for each in durations], started=started, repeat=True)
    agenda = Agenda(Document(scenarios=(act,)), ())
    now = started + later
    moment = agenda.at(now)
    since = moment.since["a"]
    assert started <= since <= now < moment.until
    assert agenda.at(since).since["a"] == since
    assert agenda.at((since + moment.until) / 2).since["a"] == since
    assert agenda.at(moment.until).since["a"] == moment.until


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "user.json"
    path.write_text('{"faults": {"base": {"kind": "reset", "ramp": {}}, "own": {}}}')
    return path


def test_what_is_live_tells_since_when(path):
    act = scenario("s", phase(10, "x"), Phase(duration_secs=10, set={"faults": {"base": {"probability": 0.5}}}))
    worker = Clock(path, act)
    assert worker.at(1005).since == {"x": 1000.0}
    assert set(worker.at(1005).config.faults) == {"base", "own", "x"}
    # A failure of the configuration that a phase only changes counts from the phase, too.
    assert worker.at(1010).since == {"base": 1010.0}
    assert worker.at(1010).config.faults["base"].kind == "reset"
    assert worker.at(1020).since == {}


def test_all_workers_count_under_one_name_and_each_round_anew(path):
    act = scenario("s", phase(1.7, "x"), phase(0.1), started=1000.123456, repeat=True)
    workers = [Clock(path, act, number=number) for number in range(4)]
    request = Request(operation=Operation.CHAT, provider="openai", model="gpt-4o", messages=())
    facts = Facts(request, {}, b"sk-a", "openai")
    names = []
    for step, worker in enumerate(workers * 3):
        # Each comes by at another moment of the phase, and in another round.
        live = worker.at(1000.123456 + 1.8 * (step // 4) + 0.3 * (step % 4) + 0.2)
        failure = live.failures.by_name["x"]
        names.append(counter_of(failure, live.since["x"], facts))
    assert [len(set(names[place : place + 4])) for place in (0, 4, 8)] == [1, 1, 1]
    assert len(set(names)) == 3


def test_what_cannot_be_built_leaves_since_as_it_was(path):
    worker = Clock(path, scenario("s", phase(10, "x"), Phase(duration_secs=10, set={"nonsense": 1})))
    assert worker.at(1001).since == {"x": 1000.0}
    broken = worker.at(1011)
    assert worker.house.keeper.problem is not None
    assert (broken.since, set(broken.config.faults)) == ({"x": 1000.0}, {"base", "own", "x"})
