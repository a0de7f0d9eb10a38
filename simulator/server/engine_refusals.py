"""From the engine's refusals to the providers' terms. Pure."""

from collections.abc import Sequence

from simulator.engine.errors import (
    BadSchema,
    ContextExceeded,
    EngineRefusal,
    OutputExceeded,
    UnknownModel,
    WrongDimensions,
    WrongKind,
)
from simulator.providers.base import Problem, Refusal


def refused(error: EngineRefusal, known: Sequence[str]) -> Refusal:
    """The refusal that tells a client why its request is not planned. `known` names the provider's models."""
    match error:
        case UnknownModel():
            refusal = Refusal(Problem.UNKNOWN_MODEL, model=error.model, known=known)
        case ContextExceeded():
            problem, param = Problem.CONTEXT_LENGTH, "messages"
            refusal = Refusal(problem, model=error.model, limit=error.limit, asked=error.asked, param=param)
        case OutputExceeded():
            problem, param = Problem.OUTPUT_LIMIT, "max_tokens"
            refusal = Refusal(problem, model=error.model, limit=error.limit, asked=error.asked, param=param)
        case WrongKind():
            message = f"The model `{error.model}` is not of the kind that this endpoint serves: {error.wanted}."
            refusal = Refusal(Problem.UNKNOWN_MODEL, message, model=error.model, param="model")
        case WrongDimensions(limit=None):
            message = "This model does not support specifying dimensions."
            refusal = Refusal(Problem.INVALID, message, param="dimensions")
        case WrongDimensions():
            message = (
                f"Invalid value for 'dimensions' = {error.asked}. Must be less than or equal to {error.limit} for "
                f"{error.model}."
            )
            refusal = Refusal(Problem.INVALID, message, param="dimensions")
        case BadSchema():
            message = f"Invalid schema of {error.place}, at {error.path}: {error.why}."
            refusal = Refusal(Problem.INVALID, message, param=error.place)
        case _:
            refusal = Refusal(Problem.INVALID, str(error))
    return refusal
