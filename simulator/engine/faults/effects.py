"""What each kind of failure does once it strikes: an error in place of the answer, or something on its way. Pure.

An effect is a function of the answer's steps and of a draw in [0, 1) for the place in it.
"""

from collections.abc import Callable, Mapping

import msgspec

from simulator.config.failures import Failure
from simulator.engine.plan import Disturbance, Fault, FaultKind, Trouble


class Filtered(msgspec.Struct, frozen=True, gc=False):
    """The answer ends at a step because a filter of its content says so."""

    step: int


HELD_SECONDS = 30.0
"""How long a timeout holds its request where nobody says more: what the plain `errors.timeout` does."""
Struck = Fault | Disturbance | Filtered | None
Effect = Callable[[int, float], Struck]


def effect_of(settings: Failure) -> Effect:
    """The effect of a failure."""
    make = _MAKERS.get(settings.kind)
    return make(settings) if make is not None else _problem(settings)


def _problem(settings: Failure) -> Effect:
    fault = error(settings, settings.kind)
    return lambda _steps, _place: fault


def error(settings: Failure, kind: str) -> Fault:
    """The error of a failure's own words."""
    return Fault(
        FaultKind(kind),
        after=(settings.after_ms or 0.0) / 1000,
        retry_after=settings.retry_after_secs,
        status=settings.status,
        type=settings.type,
        code=settings.code,
        message=settings.message or "",
    )


def _timeout(settings: Failure) -> Effect:
    held = HELD_SECONDS if settings.after_ms is None else settings.after_ms / 1000
    fault = Fault(FaultKind.TIMEOUT, after=held, hang_up=True)
    return lambda _steps, _place: fault


def _placed(settings: Failure, make: Callable[[int], Struck]) -> Effect:
    """Something that happens at a step: the one that is configured, or a drawn one. A shorter answer is spared."""
    given = settings.after_tokens

    def effect(steps: int, place: float) -> Struck:
        step = int(place * steps) if given is None else given
        return make(step) if step < steps else None

    return effect


def _ending(kind: Trouble) -> Callable[[Failure], Effect]:
    return lambda settings: _placed(settings, lambda step: Disturbance(kind, step, mid_frame=settings.mid_frame))


def _broken(kind: Trouble) -> Callable[[Failure], Effect]:
    return lambda settings: _placed(settings, lambda step: Disturbance(kind, step))


def _stall(settings: Failure) -> Effect:
    seconds = settings.duration_ms / 1000
    return _placed(settings, lambda step: Disturbance(Trouble.STALL, step, seconds=seconds))


def _trickle(settings: Failure) -> Effect:
    found = Disturbance(Trouble.TRICKLE, settings.after_tokens or 0, rate=settings.bytes_per_sec)
    return lambda steps, _place: found if found.step < steps else None


def _unterminated(settings: Failure) -> Effect:
    del settings
    return lambda steps, _place: Disturbance(Trouble.MISSING_TERMINATOR, steps - 1)


def _wrong_length(settings: Failure) -> Effect:
    found = Disturbance(Trouble.WRONG_LENGTH, amount=settings.by_bytes)
    return lambda _steps, _place: found


def _event(settings: Failure) -> Effect:
    told = error(settings, settings.error)
    return _placed(settings, lambda step: Disturbance(Trouble.ERROR_EVENT, step, error=told))


def _filtered(settings: Failure) -> Effect:
    return _placed(settings, Filtered)


_MAKERS: Mapping[str, Callable[[Failure], Effect]] = {
    "timeout": _timeout,
    "reset": _ending(Trouble.RESET),
    "cut": _ending(Trouble.CUT),
    "stall": _stall,
    "trickle": _trickle,
    "malformed": _broken(Trouble.MALFORMED),
    "truncated_json": _broken(Trouble.TRUNCATED_JSON),
    "missing_terminator": _unterminated,
    "wrong_length": _wrong_length,
    "error_event": _event,
    "content_filter": _filtered,
}
