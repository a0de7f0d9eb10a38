"""All configured failures of one request, tried one after the other. Pure."""

from collections.abc import Sequence

import msgspec

from simulator.engine.circumstances import Candidate
from simulator.engine.faults.effects import Filtered
from simulator.engine.plan import Answer, Choice, Disturbance, Embedded, Fault, FaultKind, Finish, Synthetic, Usage
from simulator.engine.seeds import Draws

Outcome = Answer | Embedded | Synthetic


class Met(msgspec.Struct, frozen=True, gc=False):
    """What a request meets. `fault`, if there is one, is seen in the place of `outcome`."""

    outcome: Outcome
    fault: Fault | None
    disturbances: tuple[Disturbance, ...]
    names: tuple[str, ...]


def meet(
    draws: Draws,
    where: tuple[int, int, bool],
    candidates: Sequence[Candidate],
    outcome: Outcome,
    retry: int,
) -> Met:
    """Try candidates in their order; the first error holds, and what disturbs the way adds up.

    `where` is as in `ReadyFailure.strike`; `retry` is which try of a keyed request this is, from 0. After an error
    only what disturbs its way is tried: that may strike an error, too.
    """
    fault: Fault | None = None
    disturbances: list[Disturbance] = []
    names: list[str] = []
    steps = steps_of(outcome)
    for candidate in candidates:
        count = retry + 1 if where[2] else candidate.count
        found = candidate.failure.strike(
            draws, where, elapsed=candidate.elapsed, count=count, asked=candidate.asked, steps=1 if fault else steps
        )
        if found is None or (fault is not None and not isinstance(found, Disturbance)):
            continue
        if isinstance(found, Fault):
            fault = found
            # What was placed within the answer that is not given has no place any more.
            disturbances = [one for one in disturbances if one.step == 0]
        elif isinstance(found, Filtered):
            if not isinstance(outcome, Answer):
                continue
            outcome = filtered(outcome, found.step)
            steps = steps_of(outcome)
        else:
            disturbances.append(found)
        names.append(candidate.failure.name)
    return Met(outcome, fault, tuple(disturbances), tuple(names))


def steps_of(outcome: Outcome) -> int:
    """How many steps it has."""
    return outcome.steps if isinstance(outcome, Answer) else 1


def filtered(answer: Answer, step: int) -> Answer:
    """The answer up to a step, ended by a filter of its content."""
    choices = tuple([_filtered(choice, step) for choice in answer.choices])
    written = sum([choice.steps if choice.reasoning or choice.pieces else 0 for choice in choices])
    usage = answer.usage
    thought = sum([len(choice.reasoning) for choice in choices])
    kept = Usage(usage.input_tokens, written, usage.cached_tokens, thought, usage.written_tokens)
    return msgspec.structs.replace(answer, choices=choices, usage=kept)


def _filtered(choice: Choice, step: int) -> Choice:
    thought = choice.reasoning[:step]
    return Choice(tuple(choice.pieces[: max(0, step - len(thought))]), Finish.CONTENT_FILTER, reasoning=tuple(thought))


def beyond(fault: Fault, window: int, asked: int) -> Fault:
    """A context length's numbers, where the fault has none: the model's window, and more than it holds."""
    if fault.kind is not FaultKind.CONTEXT_LENGTH:
        return fault
    return msgspec.structs.replace(fault, limit=window, asked=window + asked)
