"""A provider's circuit breaker as a state machine, its transitions a table. Pure: every time is passed in.

                 EXHAUSTED                    ELAPSED
        CLOSED ─────────────► OPEN ─────────────────────► HALF_OPEN
           ▲                    ▲                          │     │
           │                    └──────── FAILED ──────────┘     │
           └────────────────────── RECOVERED ────────────────────┘

Closed, every request goes through and outcomes are counted. Open, every request is refused. Half-open, a few go
through to probe. What happens to a request is told as ASKED, then as one of SUCCEEDED, FAILED and DROPPED (neither:
it was refused for what it was, or nobody waited for it). EXHAUSTED, ELAPSED and RECOVERED follow from the state
itself: they are due as soon as it says so, before and after whatever is told. TRIPPED and RESET are an operator's.

Each entry into a state begins a new generation. An outcome is told with the generation that its request was let
through in, and counts for nothing in a later one: what a slow request says of a provider is old news by then.

`redis/scripts/circuit.lua` holds the same tables; the tests of the stores compare the two step by step.
"""

import enum
from collections.abc import Callable, Mapping
from typing import TypeAlias

import msgspec

KEEP_US = 86_400_000_000
"""A circuit is forgotten a day after anything may still come of it."""
SLICES = 10
"""The window moves by such parts of itself."""
WHOLE = 1_000_000
"""A share is counted in millionths, so that both stores compare whole numbers."""
NUMBER_MOST = 2**53 - 1
"""What Lua can still count."""


class State(enum.IntEnum):
    """Where a circuit is; the numbers are those of the metric."""

    CLOSED = 0
    HALF_OPEN = 1
    OPEN = 2


class Event(enum.StrEnum):
    """What a circuit is told, or what its state brings about."""

    LOOKED = "looked"
    ASKED = "asked"
    CROWDED = "crowded"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DROPPED = "dropped"
    EXHAUSTED = "exhausted"
    ELAPSED = "elapsed"
    RECOVERED = "recovered"
    TRIPPED = "tripped"
    RESET = "reset"


class Action(enum.StrEnum):
    """What goes with a transition."""

    LET = "let"
    REFUSE = "refuse"
    COUNT = "count"
    PROBE = "probe"
    PASS = "pass"  # noqa: S105 - a probe's, not a word that is kept secret
    RETURN = "return"
    ENTER = "enter"


TRANSITIONS: Mapping[tuple[State, Event], tuple[State, Action]] = {
    (State.CLOSED, Event.ASKED): (State.CLOSED, Action.LET),
    (State.CLOSED, Event.SUCCEEDED): (State.CLOSED, Action.COUNT),
    (State.CLOSED, Event.FAILED): (State.CLOSED, Action.COUNT),
    (State.CLOSED, Event.EXHAUSTED): (State.OPEN, Action.ENTER),
    (State.CLOSED, Event.TRIPPED): (State.OPEN, Action.ENTER),
    (State.CLOSED, Event.RESET): (State.CLOSED, Action.ENTER),
    (State.OPEN, Event.ASKED): (State.OPEN, Action.REFUSE),
    (State.OPEN, Event.ELAPSED): (State.HALF_OPEN, Action.ENTER),
    (State.OPEN, Event.TRIPPED): (State.OPEN, Action.ENTER),
    (State.OPEN, Event.RESET): (State.CLOSED, Action.ENTER),
    (State.HALF_OPEN, Event.ASKED): (State.HALF_OPEN, Action.PROBE),
    (State.HALF_OPEN, Event.CROWDED): (State.HALF_OPEN, Action.REFUSE),
    (State.HALF_OPEN, Event.SUCCEEDED): (State.HALF_OPEN, Action.PASS),
    (State.HALF_OPEN, Event.DROPPED): (State.HALF_OPEN, Action.RETURN),
    (State.HALF_OPEN, Event.FAILED): (State.OPEN, Action.ENTER),
    (State.HALF_OPEN, Event.RECOVERED): (State.CLOSED, Action.ENTER),
    (State.HALF_OPEN, Event.TRIPPED): (State.OPEN, Action.ENTER),
    (State.HALF_OPEN, Event.RESET): (State.CLOSED, Action.ENTER),
}
"""What follows on what. Whatever is not here changes nothing."""

OUTCOMES = frozenset({Event.SUCCEEDED, Event.FAILED, Event.DROPPED})
"""What is told with the generation of its request."""
TOLD = OUTCOMES | {Event.LOOKED, Event.ASKED, Event.TRIPPED, Event.RESET}
"""What a caller may tell; the rest follows from the state."""


class CircuitRules(msgspec.Struct, frozen=True, gc=False):
    """When a circuit opens and how it closes again; times in microseconds.

    `threshold` failures in a row open it (0: never), or a share of `rate` millionths among at least `minimum` outcomes
    of the last `window_us` (0: never). A probe's place is given to another after `probe_us`. There are none that make
    no sense: ValueError.
    """

    threshold: int
    rate: int
    window_us: int
    minimum: int
    open_us: int
    probes: int
    probe_us: int

    def __post_init__(self) -> None:
        for name in self.__struct_fields__:
            value, least = getattr(self, name), 0 if name in ("threshold", "rate") else 1
            if not least <= value <= (WHOLE if name == "rate" else NUMBER_MOST // 4):
                raise ValueError(f"a circuit's {name} cannot be {value}")


Slice: TypeAlias = tuple[int, int, int]
"""The number of a part of the window since 1970, the outcomes in it, and the failures among them."""


class Circuit(msgspec.Struct, frozen=True, gc=False):
    """All that is kept of a circuit; a new one is closed.

    `failures` is how many there were in a row. Half-open, `out` probes are under way, the latest since `probed_us`, and
    `passed` have succeeded.
    """

    state: State = State.CLOSED
    generation: int = 0
    since_us: int = 0
    until_us: int = 0
    failures: int = 0
    out: int = 0
    passed: int = 0
    probed_us: int = 0
    slices: tuple[Slice, ...] = ()


class CircuitStanding(msgspec.Struct, frozen=True, gc=False):
    """How a circuit stands after what it was told, and whether the request that was asked for goes through.

    `ticket` is what the request's outcome is told with. `entered` are the other states that were entered on the way.
    `left_us` is what is left of the open time, 0 if it is not open; `since_us` the moment of the latest entry, 0 if
    there was none. `outcomes` and `failed` are those of the window. `degraded`: it is this pod's own, because what is
    shared between pods cannot be reached.
    """

    state: State
    allowed: bool
    ticket: int
    left_us: int
    since_us: int
    failures: int
    outcomes: int
    failed: int
    out: int
    passed: int
    entered: tuple[State, ...] = ()
    degraded: bool = False


def check(name: bytes, event: Event, ticket: int) -> None:
    """Raises ValueError for what no circuit can be told."""
    if not 0 < len(name) <= 200:
        raise ValueError(f"a circuit's name has 1 to 200 bytes, not {len(name)}")
    if event not in TOLD:
        raise ValueError(f"a circuit finds out itself that it is {event}")
    if not -NUMBER_MOST <= ticket <= NUMBER_MOST:
        raise ValueError(f"{ticket} is no ticket")


def step(
    circuit: Circuit, event: Event, ticket: int, rules: CircuitRules, now_us: int
) -> tuple[Circuit, CircuitStanding]:
    """The circuit after it was told an event, and how it stands; the very same circuit if nothing has changed.

    LOOKED changes nothing: what is due shows in the standing alone, and is left for whoever comes next.
    """
    path: list[State] = []
    found = _settled(circuit, rules, now_us, path)
    allowed = False
    if event is not Event.LOOKED and (event not in OUTCOMES or ticket == found.generation):
        if event is Event.ASKED and found.state is State.HALF_OPEN and _crowded(found, rules, now_us):
            event = Event.CROWDED
        found, action = _follow(found, event, rules, now_us, path)
        allowed = action in (Action.LET, Action.PROBE)
        found = _settled(found, rules, now_us, path)
    entered = () if event is Event.LOOKED else tuple(path)
    outcomes, failed = _window(found, rules, now_us)
    left_us = max(0, found.until_us - now_us) if found.state is State.OPEN else 0
    standing = CircuitStanding(
        found.state, allowed, found.generation, left_us, found.since_us, found.failures, outcomes, failed, found.out,
        found.passed, entered,
    )  # fmt: skip
    return circuit if event is Event.LOOKED else found, standing


def kept_until_us(circuit: Circuit, now_us: int) -> int:
    """When a circuit that was changed at this moment is forgotten."""
    return max(now_us, circuit.until_us) + KEEP_US


def _settled(circuit: Circuit, rules: CircuitRules, now_us: int, path: list[State]) -> Circuit:
    """The circuit after what is due by itself. One step is enough: no state is due to be left as it is entered."""
    if circuit.state is State.OPEN:
        due = Event.ELAPSED if now_us >= circuit.until_us else None
    elif circuit.state is State.HALF_OPEN:
        due = Event.RECOVERED if circuit.passed >= rules.probes else None
    else:
        due = Event.EXHAUSTED if _exhausted(circuit, rules, now_us) else None
    return circuit if due is None else _follow(circuit, due, rules, now_us, path)[0]


def _follow(
    circuit: Circuit, event: Event, rules: CircuitRules, now_us: int, path: list[State]
) -> tuple[Circuit, Action | None]:
    found = TRANSITIONS.get((circuit.state, event))
    if found is None:
        return circuit, None
    state, action = found
    if state is not circuit.state:
        path.append(state)
    return _ACTIONS[action](circuit, state, event, rules, now_us), action


def _same(circuit: Circuit, _state: State, _event: Event, _rules: CircuitRules, _now_us: int) -> Circuit:
    return circuit


def _enter(circuit: Circuit, state: State, _event: Event, rules: CircuitRules, now_us: int) -> Circuit:
    until_us = now_us + rules.open_us if state is State.OPEN else 0
    return Circuit(state, circuit.generation + 1, now_us, until_us)


def _count(circuit: Circuit, _state: State, event: Event, rules: CircuitRules, now_us: int) -> Circuit:
    failed = event is Event.FAILED
    failures = circuit.failures + 1 if failed else 0
    slices: tuple[Slice, ...] = ()
    if rules.rate:
        number = now_us // _slice_us(rules)
        here = (number, 0, 0)
        others = []
        for one in _living(circuit, rules, now_us):
            if one[0] == number:
                here = one
            else:
                others.append(one)
        slices = (*others, (number, here[1] + 1, here[2] + failed))
    if failures == circuit.failures and slices == circuit.slices:
        return circuit
    return msgspec.structs.replace(circuit, failures=failures, slices=slices)


def _probe(circuit: Circuit, _state: State, _event: Event, rules: CircuitRules, now_us: int) -> Circuit:
    # Where all places are taken, those of the probes that are overdue are free again.
    out = circuit.out if circuit.out + circuit.passed < rules.probes else 0
    return msgspec.structs.replace(circuit, out=out + 1, probed_us=now_us)


def _pass(circuit: Circuit, _state: State, _event: Event, _rules: CircuitRules, _now_us: int) -> Circuit:
    return msgspec.structs.replace(circuit, out=max(0, circuit.out - 1), passed=circuit.passed + 1)


def _return(circuit: Circuit, _state: State, _event: Event, _rules: CircuitRules, _now_us: int) -> Circuit:
    return msgspec.structs.replace(circuit, out=circuit.out - 1) if circuit.out else circuit


_ACTIONS: Mapping[Action, Callable[[Circuit, State, Event, CircuitRules, int], Circuit]] = {
    Action.LET: _same,
    Action.REFUSE: _same,
    Action.COUNT: _count,
    Action.PROBE: _probe,
    Action.PASS: _pass,
    Action.RETURN: _return,
    Action.ENTER: _enter,
}


def _crowded(circuit: Circuit, rules: CircuitRules, now_us: int) -> bool:
    return circuit.out + circuit.passed >= rules.probes and now_us < circuit.probed_us + rules.probe_us


def _exhausted(circuit: Circuit, rules: CircuitRules, now_us: int) -> bool:
    if rules.threshold and circuit.failures >= rules.threshold:
        return True
    if not (rules.rate and circuit.slices):
        return False
    outcomes, failed = _window(circuit, rules, now_us)
    return outcomes >= rules.minimum and failed * WHOLE >= rules.rate * outcomes


def _window(circuit: Circuit, rules: CircuitRules, now_us: int) -> tuple[int, int]:
    """The outcomes of the window, and the failures among them."""
    living = _living(circuit, rules, now_us) if circuit.slices else ()
    return sum([one[1] for one in living]), sum([one[2] for one in living])


def _living(circuit: Circuit, rules: CircuitRules, now_us: int) -> list[Slice]:
    number = now_us // _slice_us(rules)
    return [one for one in circuit.slices if number - SLICES < one[0] <= number]


def _slice_us(rules: CircuitRules) -> int:
    return max(1, rules.window_us // SLICES)
