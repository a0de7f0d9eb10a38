"""All faults together: what is drawn where, who is seen, and how often."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.schema import Errors, OverloadedFault, PlainFault, RateLimitFault, TimeoutFault
from simulator.engine.faults import Pipeline
from simulator.engine.faults.pipeline import strategies
from simulator.engine.plan import FaultKind

SECTIONS = {
    "authentication": PlainFault,
    "rate_limit": RateLimitFault,
    "overloaded": OverloadedFault,
    "server_error": PlainFault,
    "timeout": TimeoutFault,
}
ORDER = list(SECTIONS)
"""Both the order of the draws and that of priority."""


def errors(**probabilities):
    return Errors(**{name: SECTIONS[name](probability=p) for name, p in probabilities.items()})


def kind(fault):
    return None if fault is None else fault.kind.value


def test_there_is_one_strategy_for_each_plain_error():
    made = strategies(Errors())
    assert [strategy.name for strategy in made] == ORDER
    assert {strategy.name for strategy in made} <= {member.value for member in FaultKind}
    assert [strategy.priority for strategy in made] == sorted({strategy.priority for strategy in made})


def test_nothing_fails_unless_asked_for():
    pipeline = Pipeline(Errors())
    assert not pipeline.active
    assert pipeline.draws == 5
    assert pipeline.decide([0.0] * 5) is None


def test_switched_off_nothing_fails_whatever_the_probabilities():
    pipeline = Pipeline(Errors(enabled=False, server_error=PlainFault(probability=1)))
    assert not pipeline.active
    assert pipeline.decide([0.0] * 5) is None


@pytest.mark.parametrize("name", ORDER)
def test_each_fault_reads_its_own_place_and_no_other(name):
    pipeline = Pipeline(errors(**{name: 0.5}))
    place = ORDER.index(name)
    assert pipeline.active
    assert pipeline.draws == 5
    others_low = [0.0] * 5
    others_low[place] = 0.5
    assert pipeline.decide(others_low) is None
    others_high = [0.999] * 5
    others_high[place] = 0.499
    assert kind(pipeline.decide(others_high)) == name


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(ORDER, 2)))
def test_where_two_strike_the_first_by_priority_is_seen(first, second):
    assert kind(Pipeline(errors(**{second: 1, first: 1})).decide([0.3] * 5)) == first


probabilities = st.fixed_dictionaries({name: st.sampled_from([0.0, 0.1, 0.5, 1.0]) for name in ORDER})
draws = st.lists(st.floats(0, 1, exclude_max=True), min_size=5, max_size=5)


@given(probabilities, draws, st.sampled_from(ORDER))
def test_giving_one_a_probability_moves_no_other(chances, uniforms, changed):
    before = kind(Pipeline(errors(**chances)).decide(uniforms))
    after = kind(Pipeline(errors(**{**chances, changed: 1.0})).decide(uniforms))
    if before is not None and ORDER.index(before) < ORDER.index(changed):
        assert after == before
    else:
        assert after == changed


@given(probabilities, draws)
def test_the_outcome_is_the_first_whose_own_draw_is_below_its_own_probability(chances, uniforms):
    struck = [name for name, u in zip(ORDER, uniforms, strict=True) if u < chances[name]]
    assert kind(Pipeline(errors(**chances)).decide(uniforms)) == (struck[0] if struck else None)


def test_counts_are_exact_on_an_even_grid():
    pipeline = Pipeline(errors(rate_limit=0.02, timeout=0.25))
    grid = [(i + 0.5) / 100 for i in range(100)]
    seen = {"rate_limit": 0, "timeout": 0, None: 0}
    for u, v in itertools.product(grid, grid):
        seen[kind(pipeline.decide([0.0, u, 0.0, 0.0, v]))] += 1
    assert seen == {"rate_limit": 200, "timeout": 2500 - 50, None: 10_000 - 200 - 2450}
