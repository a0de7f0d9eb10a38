"""All configured failures of one request, tried one after the other. Pure.

No draw depends on what struck before: a failure that is hidden by another leaves all others as they are.
"""

from collections.abc import Sequence

import msgspec

from simulator.engine.circumstances import Candidate
from simulator.engine.faults.effects import Filtered, Struck
from simulator.engine.plan import (
    Answer,
    Choice,
    Disturbance,
    Embedded,
    Fault,
    FaultKind,
    Finish,
    Synthetic,
    Trouble,
    Usage,
)
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
    """Try candidates in their order: first all that change what is answered, then all that disturb its way.

    `where` is as in `ReadyFailure.strike`; `retry` is which try of a keyed request this is, from 0. The first error
    holds, and hides what would only change the answer. What disturbs the way adds up, and finds its place in what is
    left to be sent: an error, or an answer that a filter has cut short. Where the connection is closed instead of an
    answer there is nothing to disturb, and an error within a stream is none of an error's.
    """
    fault: Fault | None = None
    disturbances: list[Disturbance] = []
    struck: list[int] = []

    def tried(candidate: Candidate, steps: int) -> Struck:
        count = retry + 1 if where[2] else candidate.count
        return candidate.failure.strike(
            draws, where, elapsed=candidate.elapsed, count=count, asked=candidate.asked, steps=steps
        )

    for place, candidate in enumerate(candidates):
        if fault is not None or candidate.failure.disturbs:
            continue
        found = tried(candidate, steps_of(outcome))
        if isinstance(found, Fault):
            fault = found
            struck.clear()
        elif isinstance(found, Filtered) and isinstance(outcome, Answer):
            outcome = filtered(outcome, found.step)
        else:
            continue
        struck.append(place)
    steps = 1 if fault is not None else steps_of(outcome)
    for place, candidate in enumerate(candidates):
        if candidate.failure.disturbs and not (fault is not None and fault.hang_up):
            if any(candidates[earlier].failure is candidate.failure for earlier in struck):
                # It was asked for, and is configured to strike by itself besides.
                continue
            found = tried(candidate, steps)
            if isinstance(found, Disturbance) and (fault is None or found.kind is not Trouble.ERROR_EVENT):
                disturbances.append(found)
                struck.append(place)
    names = tuple([candidates[place].failure.name for place in sorted(struck)])
    return Met(outcome, fault, tuple(disturbances), names)


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
