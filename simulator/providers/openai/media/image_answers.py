"""Answers with pictures: whole and streamed. Pure."""

import base64
import re
from collections.abc import Mapping
from typing import Final

import msgspec
import orjson

from simulator.engine.plan import Plan, Synthetic
from simulator.providers.base import Reply
from simulator.providers.openai.headers import plain_headers, stream_headers
from simulator.providers.openai.media.events import Steps, event
from simulator.providers.openai.media.image_models import PARTIAL_TOKENS, Size, picture_tokens
from simulator.providers.openai.media.pictures import Form, Picture, seed_of

_LAYOUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
PICTURES: Final = "/v1/images/pictures"
"""Where pictures are served that an answer names by URL."""

_HOST = re.compile(r"[A-Za-z0-9_.:\[\]-]{1,255}")


class Wanted(msgspec.Struct, frozen=True):
    """What a request wants of its pictures.

    `event` begins the types of a stream's events. `link` is the beginning of the pictures' URLs, empty where they are
    sent along. `revised` is the prompt that older models tell, `tells` whether usage and options are told.
    """

    event: str
    count: int
    size: Size
    quality: str
    form: Form = "png"
    clear: bool = False
    partial: int = 0
    link: str = ""
    revised: str = ""
    tells: bool = True
    input_image_tokens: int = 0
    identifier: str | None = None


def link_of(headers: Mapping[bytes, bytes]) -> str:
    """The beginning of the URLs of pictures, by the host that the client asked."""
    scheme = "https" if headers.get(b"x-forwarded-proto", b"").strip().lower() == b"https" else "http"
    host = headers.get(b"host", b"").decode("latin-1")
    return f"{scheme}://{host if _HOST.fullmatch(host) else 'localhost'}{PICTURES}/"


def whole(wanted: Wanted, plan: Plan) -> Reply:
    """All pictures at once."""
    made = _made(plan)
    data: list[dict[str, str]] = []
    for index in range(wanted.count):
        picture = _picture(wanted, made, index)
        shown = {"url": wanted.link + picture.name} if wanted.link else {"b64_json": _base64(picture)}
        data.append({**({"revised_prompt": wanted.revised} if wanted.revised else {}), **shown})
    answer: dict[str, object] = {"created": made.created}
    if wanted.tells:
        answer |= _options(wanted)
    answer["data"] = data
    if wanted.tells:
        answer["usage"] = _usage(wanted, made, with_output=True)
    if wanted.identifier is not None:
        answer["safety_identifier"] = wanted.identifier
    return Reply(200, plain_headers(plan), orjson.dumps(answer, option=_LAYOUT))


def streamed(wanted: Wanted, plan: Plan) -> Steps:
    """For each picture those on the way to it, and then itself. All of them are due at once."""
    made = _made(plan)
    events: list[bytes] = []
    for index in range(wanted.count):
        for stage in range(wanted.partial):
            partial = {"partial_image_index": stage, **_shown(wanted, made, index, stage + 1)}
            events.append(_named(f"{wanted.event}.partial_image", partial))
        usage = _usage(wanted, made, with_output=False)
        told = {"safety_identifier": wanted.identifier} if wanted.identifier is not None else {}
        events.append(_named(f"{wanted.event}.completed", {**_shown(wanted, made, index, 0), "usage": usage, **told}))
    return Steps(stream_headers(plan), [b"".join(events)])


def _made(plan: Plan) -> Synthetic:
    if not isinstance(plan.outcome, Synthetic):
        raise TypeError(f"pictures are made of a Synthetic, not {type(plan.outcome).__name__}")
    return plan.outcome


def _picture(wanted: Wanted, made: Synthetic, index: int, stage: int = 0) -> Picture:
    return Picture(seed_of(made.bits, index, stage), *wanted.size, wanted.form, wanted.clear)


def _base64(picture: Picture) -> str:
    return base64.b64encode(picture.drawn()).decode("ascii")


def _options(wanted: Wanted) -> dict[str, str]:
    return {
        "background": "transparent" if wanted.clear else "opaque",
        "output_format": wanted.form,
        "quality": wanted.quality,
        "size": "{}x{}".format(*wanted.size),
    }


def _shown(wanted: Wanted, made: Synthetic, index: int, stage: int) -> dict[str, object]:
    picture = _picture(wanted, made, index, stage)
    return {"b64_json": _base64(picture), "created_at": made.created, **_options(wanted)}


def _usage(wanted: Wanted, made: Synthetic, *, with_output: bool) -> dict[str, object]:
    asked = made.usage.input_tokens
    written = wanted.count * (picture_tokens(wanted.size, wanted.quality) + PARTIAL_TOKENS * wanted.partial)
    pictures = min(asked, wanted.input_image_tokens)
    usage: dict[str, object] = {
        "input_tokens": asked,
        "input_tokens_details": {"image_tokens": pictures, "text_tokens": asked - pictures},
        "output_tokens": written,
        "total_tokens": asked + written,
    }
    if with_output:
        usage["output_tokens_details"] = {"image_tokens": written, "text_tokens": 0}
    return usage


def _named(kind: str, fields: Mapping[str, object]) -> bytes:
    return event({"type": kind, **fields}, kind)
