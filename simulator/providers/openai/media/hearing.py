"""The requests for what a recording says: their fields, and what contradicts what. Pure."""

import json
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from simulator.providers.base import Refusal
from simulator.providers.openai.schema import Body
from simulator.providers.openai.wording import NO_MODEL, invalid, listed

Text = Annotated[str, Meta(max_length=32_768)]
_WHISPER: Final = ("json", "text", "srt", "verbose_json", "vtt")
_DIARIZED: Final = ("json", "text", "diarized_json")
_MOST_SPEAKERS: Final = 4
LANGUAGES: Final = {
    "ar": "arabic", "bg": "bulgarian", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "fi": "finnish", "fr": "french", "he": "hebrew", "hi": "hindi",
    "hr": "croatian", "hu": "hungarian", "id": "indonesian", "it": "italian", "ja": "japanese", "ko": "korean",
    "lt": "lithuanian", "lv": "latvian", "ms": "malay", "nl": "dutch", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sk": "slovak", "sl": "slovenian", "sv": "swedish",
    "ta": "tamil", "th": "thai", "tr": "turkish", "uk": "ukrainian", "ur": "urdu", "vi": "vietnamese", "zh": "chinese",
}  # fmt: skip
"""By ISO 639-1; `verbose_json` spells them."""


class Detection(Body):
    """How voices are told from silence."""

    type: Literal["server_vad"]
    prefix_padding_ms: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    silence_duration_ms: Annotated[int, Meta(ge=0, le=2**31)] | None = None
    threshold: Annotated[float, Meta(ge=0, le=1)] | None = None


class Translation(Body):
    """The fields of a request for what a recording says, in English."""

    model: str
    prompt: Text = ""
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"
    temperature: Annotated[float, Meta(ge=0, le=1)] = 0.0


class Transcription(Body):
    """The fields of a request for what a recording says. `chunking_strategy` is "auto", or an object as JSON text."""

    model: str
    prompt: Text = ""
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] = "json"
    temperature: Annotated[float, Meta(ge=0, le=1)] = 0.0
    chunking_strategy: object = None
    include: tuple[Literal["logprobs"], ...] = ()
    keywords: tuple[Text, ...] = ()
    known_speaker_names: Annotated[tuple[Text, ...], Meta(max_length=_MOST_SPEAKERS)] = ()
    known_speaker_references: Annotated[tuple[str, ...], Meta(max_length=_MOST_SPEAKERS)] = ()
    language: str = ""
    languages: tuple[str, ...] = ()
    stream: bool | None = None
    timestamp_granularities: tuple[Literal["word", "segment"], ...] = ()


def check_translation(given: Translation) -> None:
    """Refuse what the model does not take."""
    if not given.model:
        raise invalid(NO_MODEL)
    if given.model.startswith("gpt-"):
        raise invalid("This model does not support translations.", "model", "unsupported_value")


def check_transcription(given: Transcription) -> None:
    """Refuse what the model does not take, and what contradicts."""
    if not given.model:
        raise invalid(NO_MODEL)
    whisper = not given.model.startswith("gpt-")
    diarizes = "diarize" in given.model
    formats = _WHISPER if whisper else _DIARIZED if diarizes else ("json",)
    if given.response_format not in formats:
        raise invalid(
            f"response_format '{given.response_format}' is not compatible with model '{given.model[:80]}'. "
            f"Use one of {listed(formats)} instead.",
            "response_format",
            "unsupported_value",
        )
    if given.timestamp_granularities and given.response_format != "verbose_json":
        raise invalid(
            "Timestamp granularities are only supported with response_format 'verbose_json'.",
            "timestamp_granularities",
        )
    if given.include and (whisper or diarizes):
        raise invalid("'logprobs' is not supported for this model.", "include", "unsupported_value")
    if (given.known_speaker_names or given.known_speaker_references) and not diarizes:
        raise _only("known_speaker_names" if given.known_speaker_names else "known_speaker_references", "diarization")
    if len(given.known_speaker_names) != len(given.known_speaker_references):
        raise invalid(
            "'known_speaker_names' and 'known_speaker_references' must have the same length.",
            "known_speaker_references",
        )
    if given.prompt and diarizes:
        raise invalid("'prompt' is not supported for this model.", "prompt", "unsupported_value")
    for code in (given.language, *given.languages):
        if code and code.lower() not in LANGUAGES and not _spelled(code):
            raise invalid(
                f"Invalid language '{code[:40]}'. Language parameter must be specified in ISO-639-1 format.",
                "language" if code == given.language else "languages",
                "invalid_language_format",
            )
    _check_chunking(given.chunking_strategy)


def _spelled(code: str) -> bool:
    """Whether a language is given by its name, or by a code of two or three letters that no name is known for."""
    return code.lower() in LANGUAGES.values() or (code.isascii() and code.isalpha() and 2 <= len(code) <= 3)


def _check_chunking(given: object) -> None:
    if given is None or given in ("", "auto"):
        return
    try:
        value = json.loads(given) if isinstance(given, str) else given
        msgspec.convert(value, Detection, strict=False)
    except (ValueError, RecursionError, msgspec.ValidationError):
        raise invalid(
            "Invalid value for 'chunking_strategy': expected 'auto' or an object of type 'server_vad'.",
            "chunking_strategy",
            "invalid_value",
        ) from None


def _only(param: str, what: str) -> Refusal:
    return invalid(f"'{param}' is only supported for models with {what}.", param, "unsupported_value")
