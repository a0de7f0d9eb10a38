"""OpenAI's own words for what is wrong with a body. Pure.

The sentences and codes are those that the real service was seen to send (public issue reports of its
clients); where none is known, its pattern is followed. It knows flaws and refusals, no endpoint.
"""

from collections.abc import Sized

import msgspec

from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import ANY_KEY, Flaw, Kind, quote, spell

NOT_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
    "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble "
    "figuring out how to fix this, please contact us through our help center at help.openai.com.)"
)
NO_MODEL = "you must provide a model parameter"

_NOUN = {
    "str": "string",
    "int": "integer",
    "float": "decimal",
    "bool": "boolean",
    "array": "array",
    "object": "object",
    "null": "null",
}
_ARRAY_OF = {
    "messages": "array of objects",
    "content": "array of objects",
    "tools": "array of objects",
    "functions": "array of objects",
    "tool_calls": "array of objects",
    "stop": "array of strings",
    "modalities": "array of strings",
}
_VALUES: dict[str, tuple[str, ...]] = {
    "role": ("system", "assistant", "user", "function", "tool", "developer"),
    "content.type": ("text", "image_url", "input_audio", "file", "refusal"),
    "tools.type": ("function", "custom"),
    "tool_calls.type": ("function", "custom"),
    "tool_choice": ("none", "auto", "required"),
    "tool_choice.type": ("function", "custom", "allowed_tools"),
    "response_format.type": ("text", "json_object", "json_schema"),
    "detail": ("auto", "low", "high", "original"),
    "format": ("wav", "mp3"),
    "audio.format": ("wav", "aac", "mp3", "flac", "opus", "pcm16"),
    "prediction.type": ("content",),
    "prompt_cache_options.mode": ("implicit", "explicit"),
    "ttl": ("30m",),
    "search_context_size": ("low", "medium", "high"),
    "user_location.type": ("approximate",),
    "input.mode": ("score", "block"),
    "output.mode": ("score", "block"),
    "format.type": ("text", "grammar"),
    "syntax": ("lark", "regex"),
    "reasoning_effort": ("none", "minimal", "low", "medium", "high", "xhigh", "max"),
    "service_tier": ("auto", "default", "flex", "scale", "priority", "fast"),
    "verbosity": ("low", "medium", "high"),
    "modalities": ("text", "audio"),
    "prompt_cache_retention": ("in_memory", "24h"),
    "function_call": ("none", "auto"),
    "mode": ("auto", "required"),
    "encoding_format": ("float", "base64"),
}
_COUNTED: dict[str, type[Sized]] = {"str": str, "array": list, "object": dict}
_NAME_PATTERN = "^[a-zA-Z0-9_-]+$"


def invalid(message: str, param: str | None = None, code: str | None = None) -> Refusal:
    """A 400 in the given words."""
    return Refusal(Problem.INVALID, message, param=param, code=code)


def missing(param: str) -> Refusal:
    """A required field is absent."""
    return invalid(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def unsupported(param: str, message: str) -> Refusal:
    """The real service would do this, this simulator does not: `message` says so in a full sentence."""
    return invalid(message, param, "unsupported_value")


def too_long(param: str, limit: int, length: int) -> Refusal:
    """An array has more elements than are taken."""
    return invalid(
        f"Invalid '{param}': array too long. Expected an array with maximum length {limit}, "
        f"but got an array with length {length} instead.",
        param,
        "array_above_max_length",
    )


def flawed(flaw: Flaw) -> Refusal:  # noqa: PLR0911 - one return for each kind of flaw
    """The refusal of a body that does not fit its schema."""
    where = spell(flaw.path)
    match flaw.kind:
        case Kind.SYNTAX:
            return invalid(NOT_JSON)
        case Kind.DEPTH:
            return invalid(f"The JSON body of your request is nested deeper than the {flaw.limit} levels allowed.")
        case Kind.MISSING:
            return invalid(NO_MODEL) if where == "model" else missing(where)
        case Kind.UNKNOWN:
            return invalid(f"Unknown parameter: '{where}'.", where, "unknown_parameter")
        case Kind.TYPE:
            return _type(flaw, where)
        case Kind.BOUND:
            return _bound(flaw, where)
        case Kind.LENGTH:
            return _length(flaw, where)
        case Kind.VALUE:
            return _value(flaw, where)


def _type(flaw: Flaw, where: str) -> Refusal:
    if not where:
        return invalid(f"Invalid body: expected an object, but got {_article(_NOUN.get(flaw.got, flaw.got))} instead.")
    kinds = [kind for kind in flaw.expected.split(" | ") if kind != "null"]
    field = next((step for step in reversed(flaw.path) if isinstance(step, str)), "")
    nouns = [_ARRAY_OF.get(field, "array") if kind == "array" else _NOUN.get(kind, kind) for kind in kinds]
    expected = _article(nouns[0])
    if len(nouns) > 1:
        expected = "one of " + " or ".join([", ".join([expected, *nouns[1:-1]]), nouns[-1]])
    got = _article(_NOUN.get(flaw.got, flaw.got))
    return invalid(f"Invalid type for '{where}': expected {expected}, but got {got} instead.", where, "invalid_type")


def _bound(flaw: Flaw, where: str) -> Refusal:
    noun = _NOUN.get(flaw.expected, flaw.expected)
    above = flaw.sign in {"<=", "<"}
    side = "above maximum" if above else "below minimum"
    got = "" if flaw.value is msgspec.UNSET else f", but got {quote(str(flaw.value))} instead"
    return invalid(
        f"Invalid '{where}': {noun} {side} value. Expected a value {flaw.sign} {flaw.limit}{got}.",
        where,
        f"{noun}_{'above_max' if above else 'below_min'}_value",
    )


def _length(flaw: Flaw, where: str) -> Refusal:
    noun = _NOUN.get(flaw.expected, flaw.expected)
    # For a key that is too long the decoder names the object it stands in.
    counted = _COUNTED.get(flaw.expected)
    size = len(flaw.value) if counted is not None and isinstance(flaw.value, counted) else -1
    if size == 0:
        return invalid(
            f"Invalid '{where}': empty {noun}. Expected {_article(noun)} with minimum length {flaw.limit}, "
            f"but got an empty {noun} instead.",
            where,
            f"empty_{noun}",
        )
    above = flaw.sign in {"<=", "<"}
    if noun == "object" and above:
        return invalid(
            f"Invalid '{where}': too many properties. Expected an object with at most {flaw.limit} properties, but got "
            f"an object with {size} properties instead.",
            where,
            "object_above_max_properties",
        )
    got = f", but got {_article(noun)} with length {size} instead" if size > 0 else ""
    return invalid(
        f"Invalid '{where}': {noun} too {'long' if above else 'short'}. Expected {_article(noun)} with "
        f"{'maximum' if above else 'minimum'} length {flaw.limit}{got}.",
        where,
        f"{noun}_{'above_max' if above else 'below_min'}_length",
    )


def _value(flaw: Flaw, where: str) -> Refusal:
    names = [step for step in flaw.path if isinstance(step, str) and step != ANY_KEY]
    allowed = next((_VALUES[key] for size in (2, 1) if (key := ".".join(names[-size:])) in _VALUES), None)
    if allowed is None and names[-1:] == ["name"] and "regex" in flaw.detail:
        return invalid(
            f"Invalid '{where}': string does not match pattern. Expected a string that matches the pattern "
            f"'{_NAME_PATTERN}'.",
            where,
            "invalid_value",
        )
    if allowed is None or not isinstance(flaw.value, str):
        return invalid(f"Invalid value for '{where}': {flaw.detail}.", where, "invalid_value")
    return invalid(
        f"Invalid value: '{quote(flaw.value)}'. Supported values are: {listed(allowed)}.", where, "invalid_value"
    )


def listed(values: tuple[str, ...]) -> str:
    """Values as the service lists them: `'a', 'b', and 'c'`."""
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return ", ".join(quoted[:-1]) + ", and " + quoted[-1]


def _article(noun: str) -> str:
    if noun == "null":
        return noun
    return f"an {noun}" if noun[:1] in "aeiou" else f"a {noun}"
