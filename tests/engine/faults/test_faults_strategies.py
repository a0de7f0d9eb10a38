"""Each fault as it reaches the client: the value that the server plays."""

import pytest

from simulator.config.schema import Errors, OverloadedFault, PlainFault, RateLimitFault, TimeoutFault
from simulator.engine.faults import Pipeline
from simulator.engine.faults.authentication import Authentication
from simulator.engine.faults.overloaded import Overloaded
from simulator.engine.faults.rate_limit import RateLimit
from simulator.engine.faults.server_error import ServerError
from simulator.engine.faults.timeout import Timeout
from simulator.engine.plan import Fault, FaultKind

CASES = [
    (Authentication(PlainFault(probability=0.5)), Fault(FaultKind.AUTHENTICATION)),
    (
        RateLimit(RateLimitFault(probability=0.5, retry_after_secs=17)),
        Fault(FaultKind.RATE_LIMIT, retry_after=17),
    ),
    (Overloaded(OverloadedFault(probability=0.5)), Fault(FaultKind.OVERLOADED)),
    (
        Overloaded(OverloadedFault(probability=0.5, retry_after_secs=3)),
        Fault(FaultKind.OVERLOADED, retry_after=3),
    ),
    (ServerError(PlainFault(probability=0.5)), Fault(FaultKind.SERVER_ERROR)),
    (
        Timeout(TimeoutFault(probability=0.5, timeout_ms=1500)),
        Fault(FaultKind.TIMEOUT, after=1.5, hang_up=True),
    ),
]


@pytest.mark.parametrize(("strategy", "fault"), CASES, ids=[fault.kind.value for _, fault in CASES])
def test_a_fault_strikes_below_its_probability_with_its_settings(strategy, fault):
    assert strategy.possible
    assert strategy.draws == 1
    assert strategy.decide([0.9, 0.49], 1) == fault
    assert strategy.decide([0.1, 0.5], 1) is None


@pytest.mark.parametrize("u", [0.0, 0.5, 1 - 2**-53])
def test_certain_and_impossible(u):
    assert ServerError(PlainFault(probability=1)).decide([u], 0) is not None
    impossible = ServerError(PlainFault(probability=0))
    assert not impossible.possible
    assert impossible.decide([u], 0) is None


def test_the_fault_of_a_pipeline_is_that_of_the_configuration():
    pipeline = Pipeline(Errors(timeout=TimeoutFault(probability=1, timeout_ms=250)))
    assert pipeline.decide([0.5] * 5) == Fault(FaultKind.TIMEOUT, after=0.25, hang_up=True)
