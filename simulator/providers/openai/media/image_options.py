"""The requests for pictures: their fields, and what contradicts what. Pure."""

from collections.abc import Mapping
from typing import Annotated, Literal

from msgspec import Meta

from simulator.providers.base import Refusal
from simulator.providers.openai.media.image_answers import Wanted, link_of
from simulator.providers.openai.media.image_models import (
    LONGEST_PROMPT,
    Family,
    family_of,
    quality_of,
    size_of,
)
from simulator.providers.openai.media.pictures import Form
from simulator.providers.openai.schema import Body, Free
from simulator.providers.openai.wording import NO_MODEL, invalid, unsupported

Count = Annotated[int, Meta(ge=1, le=10)] | None
Partial = Annotated[int, Meta(ge=0, le=3)] | None
Compression = Annotated[int, Meta(ge=0, le=100)] | None

_GPT_ONLY = (
    "background",
    "complexity",
    "frame_count",
    "frame_duration_ms",
    "moderation",
    "output_compression",
    "output_format",
    "partial_images",
    "stream",
    "svg",
)


class Options(Body):
    """What generations and edits share."""

    prompt: Annotated[str, Meta(min_length=1)]
    model: str | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    complexity: Literal["low", "medium", "high"] | None = None
    frame_count: Annotated[int, Meta(ge=2, le=16)] | None = None
    frame_duration_ms: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    n: Count = None
    output_compression: Compression = None
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    partial_images: Partial = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto", "standard", "hd"] | None = None
    response_format: Literal["url", "b64_json"] | None = None
    safety_identifier: Annotated[str, Meta(max_length=64)] | None = None
    size: str | None = None
    stream: bool | None = None
    svg: Free | None = None
    user: str | None = None


class Generation(Options):
    """A request for pictures of a text."""

    moderation: Literal["low", "auto"] | None = None
    style: Literal["vivid", "natural"] | None = None


class Edit(Options):
    """The fields of a request for pictures of other pictures."""

    input_fidelity: Literal["high", "low"] | None = None


class Variation(Body):
    """The fields of a request for more pictures like one."""

    model: str = "dall-e-2"
    n: Count = None
    response_format: Literal["url", "b64_json"] | None = None
    size: str | None = None
    user: str | None = None


def model_of(given: str | None) -> str:
    """The name of the model, which must be given. Raises `Refusal`."""
    if not given:
        raise invalid(NO_MODEL)
    return given


def wanted_of(given: Options, event: str, headers: Mapping[bytes, bytes]) -> Wanted:
    """What a request wants of its pictures. Raises `Refusal` for what its model does not take."""
    family = family_of(model_of(given.model))
    _check_prompt(given.prompt, family)
    form: Form = "png"
    if family.is_gpt:
        form = _gpt_form(given)
    else:
        _check_dall_e(given, family)
    size, quality = size_of(given.size, family), quality_of(given.quality, family)
    return Wanted(
        event=event,
        count=given.n or 1,
        size=size,
        quality=quality,
        form=form,
        clear=given.background == "transparent",
        partial=given.partial_images or 0,
        link="" if family.is_gpt or given.response_format == "b64_json" else link_of(headers),
        revised=given.prompt if family is Family.DALL_E_3 else "",
        tells=family.is_gpt,
        identifier=given.safety_identifier or given.user or None,
    )


def extra_of(given: Options, wanted: Wanted) -> tuple[str, ...]:
    """What changes the pictures besides the prompt, as stable text."""
    found = ["{}x{}".format(*wanted.size), f"quality={wanted.quality}"]
    if wanted.clear:
        found.append("clear")
    found += [f"{name}={value}" for name in ("complexity", "style") if (value := getattr(given, name, None))]
    return tuple(found)


def _check_prompt(prompt: str, family: Family) -> None:
    most = LONGEST_PROMPT[family]
    if len(prompt) > most:
        raise invalid(
            f"Invalid 'prompt': string too long. Expected a string with maximum length {most}, "
            f"but got a string with length {len(prompt)} instead.",
            "prompt",
            "string_above_max_length",
        )


def _gpt_form(given: Options) -> Form:
    if given.response_format is not None:
        raise _unknown("response_format")
    if getattr(given, "style", None) is not None:
        raise _unknown("style")
    form = given.output_format or "png"
    if form in {"gif", "svg"} or given.svg is not None:
        raise unsupported(
            "output_format" if form in {"gif", "svg"} else "svg",
            f"Unsupported value: output in {form if form in {'gif', 'svg'} else 'svg'} needs access that this project "
            "does not have.",
        )
    for name in ("frame_count", "frame_duration_ms"):
        if getattr(given, name) is not None:
            raise invalid(f"The '{name}' parameter is only supported with output_format=gif.", name)
    if given.background == "transparent" and form == "jpeg":
        raise invalid("Transparent background is not supported for JPEG output format.", "background")
    if given.output_compression is not None and given.output_compression != 100 and form == "png":
        raise invalid(
            "Compression less than 100 is not supported for PNG output format.", "output_compression", "invalid_value"
        )
    if given.partial_images and not given.stream:
        raise invalid("The 'partial_images' parameter is only supported when 'stream' is true.", "partial_images")
    return "jpeg" if form == "jpeg" else "webp" if form == "webp" else "png"


def _check_dall_e(given: Options, family: Family) -> None:
    for name in _GPT_ONLY:
        if getattr(given, name, None) is not None:
            raise _unknown(name)
    if family is Family.DALL_E_3 and (given.n or 1) > 1:
        raise invalid("You must provide n=1 for this model.", "n", "invalid_value")
    if family is Family.DALL_E_2 and getattr(given, "style", None) is not None:
        raise _unknown("style")


def _unknown(name: str) -> Refusal:
    return invalid(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
