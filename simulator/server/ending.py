"""How a stream ends that does not come to its end, and what it then has cost. Pure."""

from simulator.engine.faults.striking import Outcome
from simulator.engine.plan import Answer, Fault, Plan, Usage
from simulator.providers.base import Provider, Refusal, Stream


def farewell_of(provider: Provider, stream: Stream | None, plan: Plan, sent: int, refusal: Refusal) -> bytes:
    """What ends a stream in band of which so many steps were sent: its own words, or the provider's usual ones."""
    fail = getattr(stream, "fail", None)
    if fail is None:
        return provider.stream_error(refusal, plan.request_bits)
    told: bytes = fail(refusal, sent)
    return told


def so_far(outcome: Outcome, sent: int) -> Usage:
    """What a stream has come to of which so many steps were sent."""
    choices = outcome.choices if isinstance(outcome, Answer) else ()
    return Usage(outcome.usage.input_tokens, sum([min(sent, choice.steps) for choice in choices]))


def billed(plan: Plan) -> Usage:
    """What a plan's answer costs; an error costs nothing."""
    outcome = plan.outcome
    return Usage(0, 0) if isinstance(outcome, Fault) else outcome.usage
