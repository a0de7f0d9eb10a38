"""The circuit breaker's table against a model told as a story: requests that come, and end well, badly or not."""

import itertools

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from simulator.state import circuit as circuits
from simulator.state.circuit import OUTCOMES, TOLD, TRANSITIONS, Action, Circuit, CircuitRules, Event, State, step

SECOND = 1_000_000
RULES = CircuitRules(3, 0, 60 * SECOND, 10, 30 * SECOND, 2, 20 * SECOND)
START = 1_750_000_000_000_000


class Told:
    """A circuit, told one thing after the other at times that the test gives."""

    def __init__(self, rules=RULES):
        self.circuit = Circuit()
        self.rules = rules
        self.now = START

    def __call__(self, event, ticket=0, after=0.0):
        self.now += round(after * SECOND)
        self.circuit, standing = step(self.circuit, event, ticket, self.rules, self.now)
        return standing

    def ask(self, after=0.0):
        return self(Event.ASKED, after=after)

    def fail(self, times=1):
        for _ in range(times):
            standing = self(Event.FAILED, self.ask().ticket)
        return standing


def test_every_state_can_be_reached_and_left():
    followed = {(before, state) for (before, _), (state, _) in TRANSITIONS.items() if before is not state}
    assert followed == {
        (State.CLOSED, State.OPEN),
        (State.OPEN, State.HALF_OPEN),
        (State.OPEN, State.CLOSED),
        (State.HALF_OPEN, State.OPEN),
        (State.HALF_OPEN, State.CLOSED),
    }
    for (before, event), (state, action) in TRANSITIONS.items():
        # A state is entered by entering it, and an operator's word always begins it anew.
        assert (action is Action.ENTER) == (before is not state or event in (Event.TRIPPED, Event.RESET))
    assert {event for _, event in TRANSITIONS} == set(Event) - {Event.LOOKED}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(State, sorted(TOLD))))
def test_what_is_not_in_the_table_changes_nothing(state, event):
    circuit = Circuit(state, 5, START, START + SECOND if state is State.OPEN else 0)
    found, standing = step(circuit, Event(event), 5, RULES, START)
    expected = TRANSITIONS.get((state, Event(event)))
    if expected is None:
        assert found is circuit
        assert not standing.allowed
    else:
        assert found.state is expected[0]
        assert standing.allowed == (expected[1] in (Action.LET, Action.PROBE))
        assert standing.ticket == 5 + (expected[1] is Action.ENTER)


def test_failures_in_a_row_open_it_and_an_answer_between_them_does_not():
    told = Told()
    told.fail(2)
    assert told(Event.SUCCEEDED, told.ask().ticket).failures == 0
    assert told.fail(2).state is State.CLOSED
    assert told(Event.DROPPED, told.ask().ticket).failures == 2
    standing = told.fail()
    assert (standing.state, standing.entered, standing.left_us) == (State.OPEN, (State.OPEN,), RULES.open_us)


def test_open_it_refuses_until_its_time_is_over():
    told = Told()
    told.fail(3)
    refused = told.ask(after=29.5)
    assert (refused.allowed, refused.left_us) == (False, SECOND // 2)
    probe = told.ask(after=0.5)
    assert (probe.allowed, probe.state, probe.entered) == (True, State.HALF_OPEN, (State.HALF_OPEN,))


def test_half_open_it_lets_its_probes_through_and_no_other():
    told = Told()
    told.fail(3)
    probes = [told.ask(after=30 if first else 0) for first in (True, False)]
    assert [probe.allowed for probe in probes] == [True, True]
    assert not told.ask().allowed
    assert told(Event.SUCCEEDED, probes[0].ticket).state is State.HALF_OPEN
    assert not told.ask().allowed
    closed = told(Event.SUCCEEDED, probes[1].ticket)
    assert (closed.state, closed.entered) == (State.CLOSED, (State.CLOSED,))
    assert told.ask().allowed


def test_one_probe_that_fails_opens_it_again_for_as_long():
    told = Told()
    told.fail(3)
    first, second = told.ask(after=30), told.ask()
    told(Event.SUCCEEDED, first.ticket)
    failed = told(Event.FAILED, second.ticket)
    assert (failed.state, failed.left_us) == (State.OPEN, RULES.open_us)


def test_a_probe_that_came_to_nothing_gives_its_place_back():
    told = Told()
    told.fail(3)
    first, _ = told.ask(after=30), told.ask()
    assert not told.ask().allowed
    told(Event.DROPPED, first.ticket)
    assert told.ask().allowed
    assert not told.ask().allowed


def test_probes_that_never_end_give_their_places_to_others():
    told = Told()
    told.fail(3)
    lost = [told.ask(after=30), told.ask()]
    assert not told.ask(after=19.9).allowed
    assert [told.ask(after=0.1).allowed, told.ask().allowed, told.ask().allowed] == [True, True, False]
    # The lost ones come back after all: what they say is as good as what the others do.
    assert told(Event.SUCCEEDED, lost[0].ticket).passed == 1
    assert told(Event.SUCCEEDED, lost[1].ticket).state is State.CLOSED


def test_an_outcome_of_another_generation_counts_for_nothing():
    told = Told()
    slow = told.ask()
    told.fail(3)
    assert told(Event.FAILED, slow.ticket).left_us == RULES.open_us
    probe = told.ask(after=30)
    assert told(Event.FAILED, slow.ticket).state is State.HALF_OPEN
    assert told(Event.SUCCEEDED, slow.ticket).passed == 0
    told(Event.SUCCEEDED, probe.ticket)
    assert told(Event.SUCCEEDED, told.ask().ticket).state is State.CLOSED
    assert told(Event.FAILED, probe.ticket).failures == 0


def test_a_look_changes_nothing_and_shows_what_is_due():
    told = Told()
    told.fail(3)
    kept = told.circuit
    seen = told(Event.LOOKED, after=31)
    assert (seen.state, seen.entered, seen.allowed) == (State.HALF_OPEN, (), False)
    assert told.circuit is kept


def test_what_changes_nothing_returns_the_circuit_itself():
    """So that a store writes nothing for the requests of a provider that does well."""
    told = Told()
    kept = told.circuit
    told(Event.SUCCEEDED, told.ask().ticket)
    assert told.circuit is kept


def test_a_share_of_the_window_opens_it():
    told = Told(CircuitRules(0, 500_000, 10 * SECOND, 4, 30 * SECOND, 1, SECOND))
    for event in (Event.FAILED, Event.SUCCEEDED, Event.FAILED):
        assert told(event, told.ask().ticket).state is State.CLOSED
    # Half of four: what is counted decides, be it an answer.
    assert told(Event.SUCCEEDED, told.ask().ticket).state is State.OPEN


def test_the_window_forgets_in_parts():
    told = Told(CircuitRules(0, 500_000, 10 * SECOND, 4, 30 * SECOND, 1, SECOND))
    told.fail(3)
    assert told(Event.LOOKED, after=9.9).outcomes == 3
    assert told(Event.LOOKED, after=0.1).outcomes == 0
    assert told.fail(3).state is State.CLOSED
    assert told.fail().state is State.OPEN


def test_rules_that_change_hold_at_once():
    told = Told()
    told.fail(2)
    told.rules = CircuitRules(2, *[getattr(RULES, name) for name in RULES.__struct_fields__[1:]])
    assert not told.ask().allowed


@pytest.mark.parametrize("name", CircuitRules.__struct_fields__)
def test_nonsense_is_refused(name):
    values = {field: getattr(RULES, field) for field in RULES.__struct_fields__}
    for wrong in (-1, 2**53, 1_000_001 if name == "rate" else -2):
        with pytest.raises(ValueError, match=name):
            CircuitRules(**{**values, name: wrong})


def test_what_no_circuit_can_be_told_is_refused():
    with pytest.raises(ValueError, match="name"):
        circuits.check(b"", Event.ASKED, 0)
    with pytest.raises(ValueError, match="itself"):
        circuits.check(b"a", Event.ELAPSED, 0)
    with pytest.raises(ValueError, match="ticket"):
        circuits.check(b"a", Event.FAILED, 2**53)


class Story(RuleBasedStateMachine):
    """The circuit beside a model without a table: lists of what happened since the latest change."""

    @initialize(
        threshold=st.integers(0, 4), rate=st.sampled_from([0, 300_000, 500_000, 1_000_000]),
        minimum=st.integers(1, 6), probes=st.integers(1, 3),
    )  # fmt: skip
    def begin(self, threshold, rate, minimum, probes):
        self.rules = CircuitRules(threshold, rate, 100, minimum, 50, probes, 40)
        self.circuit, self.now = Circuit(), START
        self.epoch, self.waiting = 0, []
        self.enter("closed")

    def enter(self, mode):
        self.mode, self.entered_at, self.epoch = mode, self.now, self.epoch + 1
        self.story, self.running, self.passed, self.latest = [], 0, 0, self.now

    def due(self):
        """What happens by the passing of time, and by what has been counted."""
        if self.mode == "open" and self.now >= self.entered_at + 50:
            self.enter("half open")
        elif self.mode == "half open" and self.passed >= self.rules.probes:
            self.enter("closed")
        elif self.mode == "closed":
            tail = list(itertools.takewhile(lambda one: one[1], reversed(self.story)))
            seen = [failed for at, failed in self.story if at // 10 > self.now // 10 - 10]
            share = self.rules.rate and len(seen) >= self.rules.minimum and any(seen)
            if (self.rules.threshold and len(tail) >= self.rules.threshold) or (
                share and sum(seen) * 1_000_000 >= self.rules.rate * len(seen)
            ):
                self.enter("open")

    def tell(self, event, ticket=0):
        self.circuit, standing = step(self.circuit, event, ticket, self.rules, self.now)
        return standing

    @rule()
    def ask(self):
        standing = self.tell(Event.ASKED)
        self.due()
        expected = self.mode == "closed"
        if self.mode == "half open":
            if self.running + self.passed >= self.rules.probes and self.now >= self.latest + 40:
                self.running = 0
            expected = self.running + self.passed < self.rules.probes
            if expected:
                self.running, self.latest = self.running + 1, self.now
        assert standing.allowed == expected
        if expected:
            self.waiting.append((standing.ticket, self.epoch))

    @rule(place=st.integers(0, 50), event=st.sampled_from(sorted(OUTCOMES)))
    def end(self, place, event):
        if not self.waiting:
            return
        ticket, epoch = self.waiting.pop(place % len(self.waiting))
        self.tell(Event(event), ticket)
        self.due()
        if epoch == self.epoch:
            if self.mode == "closed" and event != Event.DROPPED:
                self.story.append((self.now, event == Event.FAILED))
            elif self.mode == "half open" and event == Event.FAILED:
                self.enter("open")
            elif self.mode == "half open":
                self.running = max(0, self.running - 1)
                self.passed += event == Event.SUCCEEDED
        self.due()

    @rule(us=st.sampled_from([1, 5, 10, 30, 50, 100]))
    def wait(self, us):
        self.now += us

    @rule(event=st.sampled_from([Event.TRIPPED, Event.RESET]))
    def by_hand(self, event):
        self.tell(event)
        self.due()
        self.enter("open" if event is Event.TRIPPED else "closed")

    @invariant()
    def they_agree(self):
        if not hasattr(self, "circuit"):
            return
        standing = self.tell(Event.LOOKED)
        self.due()
        assert standing.state is {"closed": State.CLOSED, "half open": State.HALF_OPEN, "open": State.OPEN}[self.mode]
        assert standing.left_us == (self.entered_at + 50 - self.now if self.mode == "open" else 0)
        assert (standing.out, standing.passed) == (self.running, self.passed)


TestStory = Story.TestCase
TestStory.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
