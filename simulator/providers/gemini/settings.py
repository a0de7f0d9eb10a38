"""`generationConfig` and `safetySettings` in the neutral terms, checked as the service checks them. Pure."""

from typing import Any, Final

import msgspec

from simulator.engine.request import NO_SAMPLING, TEXT_FORMAT, Format, Sampling
from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import quote
from simulator.providers.gemini import schema
from simulator.providers.gemini.contents import level_of, not_in_enumeration
from simulator.providers.gemini.generation import Generation
from simulator.providers.gemini.schemas import Schemas, plain_schema
from simulator.providers.gemini.wording import invalid, unfit

CONFIG: Final = "generation_config"
MOST_CANDIDATES: Final = 8
MOST_STOPS: Final = 5
_RANGES: Final = (
    ("temperature", 0, 2, "in the range [0.0, 2.0]"),
    ("top_p", 0, 1, "in the range [0.0, 1.0]"),
    ("top_k", 0, 2**31, "non-negative"),
    ("candidate_count", 1, MOST_CANDIDATES, f"in the range [1, {MOST_CANDIDATES}]"),
    ("max_output_tokens", 1, 2**31, "positive"),
    ("presence_penalty", -2, 2, "in the range [-2.0, 2.0)"),
    ("frequency_penalty", -2, 2, "in the range [-2.0, 2.0)"),
)
TEXT_TYPES: Final = frozenset({"", "text/plain"})
JSON_TYPE: Final = "application/json"
ENUM_TYPE: Final = "text/x.enum"
_TYPES: Final = TEXT_TYPES | {JSON_TYPE, ENUM_TYPE, "application/xml", "application/yaml"}
_MIME_RULE: Final = (
    f"{CONFIG}.response_mime_type: allowed mimetypes are `text/plain`, `application/json`, `application/xml`, "
    "`application/yaml` and `text/x.enum`."
)
_SCHEMA_RULE: Final = (
    f"{CONFIG}.response_schema: only allowed when response_mime_type is `application/json` or `text/x.enum`."
)
CATEGORIES: Final = frozenset(
    {"HARM_CATEGORY_HARASSMENT", "HARM_CATEGORY_HATE_SPEECH", "HARM_CATEGORY_SEXUALLY_EXPLICIT",
     "HARM_CATEGORY_DANGEROUS_CONTENT", "HARM_CATEGORY_CIVIC_INTEGRITY"}
)  # fmt: skip
_THRESHOLDS: Final = frozenset(
    {"HARM_BLOCK_THRESHOLD_UNSPECIFIED", "BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH",
     "BLOCK_NONE", "OFF"}
)  # fmt: skip
LEVELS: Final = {"MINIMAL": 0, "LOW": 64, "MEDIUM": 192, "HIGH": 512, "XHIGH": 1_024}
"""About how many tokens a thinking level is; the provider publishes none, these are estimates."""
LONGEST_THOUGHT: Final = 1_024
SHORTEST_THOUGHT: Final = 64


class Settings(msgspec.Struct, frozen=True):
    """What the engine is asked of an answer, and what the dialect needs to show it.

    `enumerated` is whether the answer is one bare word of an enumeration, `resolution` that of all media without its
    prefix, `thoughts` whether thoughts are shown.
    """

    sampling: Sampling = NO_SAMPLING
    format: Format = TEXT_FORMAT
    candidates: int = 1
    max_tokens: int | None = None
    stops: tuple[str, ...] = ()
    reasoning: int | None = None
    thoughts: bool = False
    enumerated: bool = False
    resolution: str = ""


DEFAULTS: Final = Settings()


def settings_of(
    given: schema.GenerationConfig, kind: str, model: str, generation: Generation, schemas: Schemas
) -> Settings:
    """The settings of a request of a kind. Raises `Refusal`."""
    _check(given, kind)
    _check_answers(given, model)
    mime = _mime_type(given, kind)
    thinking = given.thinking_config
    return Settings(
        Sampling(
            temperature=given.temperature,
            top_p=given.top_p,
            top_k=None if given.top_k is None else int(given.top_k),
            frequency_penalty=given.frequency_penalty,
            presence_penalty=given.presence_penalty,
            seed=given.seed,
        ),
        _format(given, mime, kind, schemas),
        given.candidate_count or 1,
        given.max_output_tokens,
        tuple(given.stop_sequences or ()),
        None if thinking is None else _reasoning(thinking, generation),
        thinking is not None and thinking.include_thoughts is True,
        mime == ENUM_TYPE,
        "" if given.media_resolution is None else level_of(given.media_resolution, f"{CONFIG}.media_resolution"),
    )


def _check(given: schema.GenerationConfig, kind: str) -> None:
    """Raises `Refusal` with a line for everything that is out of its range."""
    wrong: list[str] = []
    for name, low, high, told in _RANGES:
        value = getattr(given, name)
        if value is not None and not low <= value <= high:
            wrong.append(f"{CONFIG}.{name}: {name} must be {told}.")
    stops = given.stop_sequences or ()
    if len(stops) > MOST_STOPS:
        wrong.append(f"{CONFIG}.stop_sequences: at most {MOST_STOPS} stop sequences may be given.")
    wrong += [
        f"{CONFIG}.stop_sequences[{place}]: must not be empty."
        for place, stop in enumerate(stops[:MOST_STOPS])
        if not stop
    ]
    if wrong:
        raise unfit(kind, wrong)


def _check_answers(given: schema.GenerationConfig, model: str) -> None:
    """Refuse answers that are not text, and log probabilities, as the service does for a model that gives none."""
    if given.response_modalities and any(each.upper() != "TEXT" for each in given.response_modalities):
        raise invalid(
            "The requested combination of response modalities is not supported by the model. "
            f"models/{quote(model)} accepts the following combination of response modalities:\n* TEXT\n",
            f"{CONFIG}.response_modalities",
        )
    if given.response_logprobs or given.logprobs:
        raise invalid(f"Logprobs is not enabled for models/{quote(model)}", f"{CONFIG}.response_logprobs")


def _text_format(given: schema.GenerationConfig) -> schema.TextFormat | None:
    """What `responseFormat` says of text."""
    formats = given.response_format
    if formats is None:
        return None
    for one in formats if isinstance(formats, list) else [formats]:
        if one.text is not None:
            return one.text
    return None


def _mime_type(given: schema.GenerationConfig, kind: str) -> str:
    text = _text_format(given)
    mime = (given.response_mime_type or (text.mime_type if text is not None else None) or "").lower()
    if mime not in _TYPES:
        raise unfit(kind, [_MIME_RULE])
    return mime


def _format(given: schema.GenerationConfig, mime: str, kind: str, schemas: Schemas) -> Format:
    asked = [
        name
        for name in ("response_schema", "response_json_schema", "private_json_schema")
        if getattr(given, name) is not None
    ]
    text = _text_format(given)
    if text is not None and text.schema is not None:
        asked.append("response_format")
    if len(asked) > 1:
        raise invalid("Only one of `response_schema` and `response_json_schema` may be set.", f"{CONFIG}.{asked[1]}")
    if not asked:
        return Format("json_object") if mime == JSON_TYPE else TEXT_FORMAT
    if mime not in {JSON_TYPE, ENUM_TYPE}:
        raise unfit(
            kind,
            [f"{CONFIG}.response_schema: only allowed when response_mime_type is `application/json` or `text/x.enum`."],
        )
    where = f"{CONFIG}.{asked[0]}"
    if asked[0] == "response_schema":
        read = schemas.read(given.response_schema or {}, kind, where)
    elif asked[0] == "response_format":
        read = plain_schema(text.schema if text is not None else None, f"{where}.text.schema")
    else:
        read = plain_schema(getattr(given, asked[0]), f"{CONFIG}.response_json_schema")
    if mime == ENUM_TYPE and not (read.get("type") == "string" and read.get("enum")):
        raise unfit(kind, [f"{where}: a schema of STRING type with enum values is needed for `text/x.enum`."])
    return Format("json_schema", read)


def _reasoning(thinking: schema.ThinkingConfig, generation: Generation) -> int | None:
    """About how many tokens the model shall think; None leaves it to the model. Raises `Refusal`."""
    budget, level = thinking.thinking_budget, thinking.thinking_level
    if budget is not None and level is not None:
        raise invalid("You can only set only one of thinking budget and thinking level.", f"{CONFIG}.thinking_config")
    if generation.version and generation.version < 2.5 and (budget or level is not None):
        raise invalid("Thinking is not enabled for this model.", f"{CONFIG}.thinking_config")
    if level is not None:
        return _level(level, generation)
    if budget is None or budget == -1:
        return None
    if budget < -1:
        raise invalid(f"The thinking budget {budget} is invalid. Please choose a value of at least -1.")
    if budget == 0 and (generation.signed or generation.pro):
        raise invalid("Budget 0 is invalid. This model only works in thinking mode.")
    return min(budget, LONGEST_THOUGHT, max(SHORTEST_THOUGHT, budget // 8))


def _level(given: str, generation: Generation) -> int | None:
    level = given.upper()
    if level in {"", "THINKING_LEVEL_UNSPECIFIED"}:
        return None
    tokens = LEVELS.get(level)
    if tokens is None:
        raise not_in_enumeration(f"{CONFIG}.thinking_config.thinking_level", "ThinkingConfig.ThinkingLevel", given)
    if generation.version and not generation.signed:
        raise invalid("Thinking level is not supported for this model.")
    if generation.version and (level == "XHIGH" or (level == "MINIMAL" and not generation.minimal)):
        raise invalid(
            f"Thinking level {level} is not supported for this model. Please retry with other thinking level."
        )
    return tokens


def safety_of(given: list[schema.SafetySetting]) -> tuple[tuple[str, str], ...]:
    """Category and threshold of each setting. Raises `Refusal` for one that there is not, or is given twice."""
    found: dict[str, str] = {}
    for place, setting in enumerate(given):
        category, threshold = setting.category.upper(), setting.threshold.upper()
        where = f"safety_settings[{place}]"
        if category not in CATEGORIES:
            raise _unknown(f"{where}.category", "HarmCategory", setting.category)
        if threshold not in _THRESHOLDS:
            raise _unknown(f"{where}.threshold", "SafetySetting.HarmBlockThreshold", setting.threshold)
        if category in found:
            raise unfit("GenerateContentRequest", [f"{where}: duplicate safety setting for category {category}."])
        found[category] = threshold
    return tuple(found.items())


def _unknown(where: str, kind: str, given: str) -> Refusal:
    if not given:
        return Refusal(Problem.INVALID, f"* GenerateContentRequest.{where}: must be specified\n", param=where)
    return not_in_enumeration(where, kind, given)


def check_forms(settings: Settings, generation: Generation, *, calling: bool) -> None:
    """Raises `Refusal` where a model before Gemini 3 shall call functions and answer in JSON."""
    if calling and settings.format is not TEXT_FORMAT and 0 < generation.version < 3:
        mime: Any = ENUM_TYPE if settings.enumerated else JSON_TYPE
        raise invalid(f"Function calling with a response mime type: '{mime}' is unsupported")
