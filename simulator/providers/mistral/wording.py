"""Mistral's own words for what is wrong with a body. Pure.

A body that does not fit its schema is answered with 422 and a list of details in the manner of pydantic, whose terms
the service uses; what contradicts itself with 400, a `type` and a numeric `code`.
"""

import math

from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import ANY_KEY, Flaw, Kind, quote, spell

ARGUMENTS = "invalid_request_invalid_args"
ORDER = "invalid_request_message_order"
CODES = {ARGUMENTS: "3051", ORDER: "3230", "invalid_assistant_message": "3240", "invalid_function_call": "3280"}

_TYPES = {
    "str": ("string_type", "Input should be a valid string"),
    "int": ("int_type", "Input should be a valid integer"),
    "float": ("float_type", "Input should be a valid number"),
    "bool": ("bool_type", "Input should be a valid boolean"),
    "array": ("list_type", "Input should be a valid list"),
    "object": ("model_attributes_type", "Input should be a valid dictionary or object to extract fields from"),
}
_BOUNDS = {
    "<=": ("less_than_equal", "le", "less than or equal to"),
    "<": ("less_than", "lt", "less than"),
    ">=": ("greater_than_equal", "ge", "greater than or equal to"),
    ">": ("greater_than", "gt", "greater than"),
}
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_VALUES: dict[str, tuple[str, ...]] = {
    "role": ("assistant", "system", "tool", "user"),
    "response_format.type": ("text", "json_object", "json_schema"),
    "content.type": ("text", "image_url", "document_url", "reference", "file", "input_audio", "thinking"),
    "type": ("function",),
    "tool_choice": ("auto", "none", "any", "required"),
    "detail": ("low", "auto", "high"),
    "reasoning_effort": _EFFORTS,
    "prompt_mode": ("reasoning",),
    "service_tier": ("auto", "standard_only"),
    "output_dtype": ("float", "int8", "uint8", "binary", "ubinary"),
    "encoding_format": ("float", "base64"),
}


class Flawed(Refusal):
    """A body that does not fit its schema; `detail` is what the service's list has for it."""

    def __init__(self, detail: dict[str, object], param: str | None) -> None:
        super().__init__(Problem.INVALID, str(detail["msg"]), param=param)
        self.detail = detail


def arguments(message: str, param: str | None = None) -> Refusal:
    """A 400 for parameters that the model does not take together, or at all."""
    return Refusal(Problem.INVALID, message, param=param, code=ARGUMENTS)


def order(message: str, param: str = "messages") -> Refusal:
    """A 400 for messages that do not follow one another."""
    return Refusal(Problem.INVALID, message, param=param, code=ORDER)


def field(kind: str, path: tuple[str | int, ...], message: str) -> Flawed:
    """A 422 for one field, of a kind that pydantic has."""
    return Flawed({"type": kind, "loc": ["body", *path], "msg": message}, spell(path))


def flawed(flaw: Flaw) -> Flawed:
    """The refusal of a body that does not fit its schema."""
    kind, message, context = _told(flaw)
    loc = ["body", *[step for step in flaw.path if step != ANY_KEY]]
    detail: dict[str, object] = {"type": kind, "loc": loc, "msg": message}
    if flaw.kind in {Kind.TYPE, Kind.VALUE, Kind.BOUND, Kind.LENGTH} and _short(flaw.value):
        detail["input"] = flaw.value
    if context:
        detail["ctx"] = context
    return Flawed(detail, spell(flaw.path) or None)


def _told(flaw: Flaw) -> tuple[str, str, dict[str, object]]:  # noqa: PLR0911 - one return for each kind of flaw
    """Pydantic's type, sentence and context of a flaw."""
    match flaw.kind:
        case Kind.SYNTAX:
            return "json_invalid", "JSON decode error", {"error": flaw.detail}
        case Kind.DEPTH:
            return "json_invalid", "JSON decode error", {"error": f"nested deeper than {flaw.limit:g} levels"}
        case Kind.MISSING:
            return "missing", "Field required", {}
        case Kind.UNKNOWN:
            return "extra_forbidden", "Extra inputs are not permitted", {}
        case Kind.TYPE:
            kinds = [kind for kind in flaw.expected.split(" | ") if kind != "null"]
            return *_TYPES.get(kinds[0] if kinds else "", ("value_error", "Input should be of another type")), {}
        case Kind.BOUND:
            name, short, words = _BOUNDS[flaw.sign]
            return name, f"Input should be {words} {flaw.limit:g}", {short: flaw.limit}
        case Kind.LENGTH:
            return (
                "too_long" if flaw.sign in {"<=", "<"} else "too_short",
                f"Length should be {flaw.sign} {flaw.limit:g}",
                {},
            )
        case Kind.VALUE:
            return _value(flaw)


def _value(flaw: Flaw) -> tuple[str, str, dict[str, object]]:
    names = [step for step in flaw.path if isinstance(step, str) and step != ANY_KEY]
    allowed = next((_VALUES[key] for size in (2, 1) if (key := ".".join(names[-size:])) in _VALUES), None)
    if allowed is None:
        return "value_error", f"Value error, {quote(flaw.detail)}", {}
    quoted = [f"'{value}'" for value in allowed]
    expected = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return "enum", f"Input should be {expected}", {"expected": expected}


def _short(value: object) -> bool:
    """Whether a value is repeated in a refusal: a scalar that JSON can say, and that is not long."""
    if isinstance(value, float):
        return math.isfinite(value)
    if isinstance(value, int):
        return abs(value) < 2**63
    return value is None or (isinstance(value, str) and len(value) <= 200)
