"""POST /v1/images/generations, /edits and /variations, and the pictures that their answers name by URL. Pure."""

import base64
from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from simulator.engine.plan import Plan
from simulator.engine.request import Message, Operation, Request
from simulator.engine.request import Part as Piece
from simulator.providers.base import NO_TARGET, Asked, Call, Desk, Problem, Refusal, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.multipart import Part
from simulator.providers.openai.headers import bare_headers
from simulator.providers.openai.images import data_size
from simulator.providers.openai.media import image_answers
from simulator.providers.openai.media.forms import Form, only
from simulator.providers.openai.media.image_answers import PICTURES, Wanted, link_of
from simulator.providers.openai.media.image_models import Family, Size, family_of, input_tokens, quality_of, size_of
from simulator.providers.openai.media.image_options import (
    Edit,
    Generation,
    Variation,
    extra_of,
    model_of,
    wanted_of,
)
from simulator.providers.openai.media.pictures import CONTENT_TYPE, named
from simulator.providers.openai.wording import flawed, invalid

MOST_IMAGES = 16
_OLD_BYTES = 4 * 1024 * 1024
"""The most that dall-e-2 takes of a picture."""
_HEAD = 98_304
"""Bytes of a picture that are read for its size."""
_PNG = b"\x89PNG\r\n\x1a\n"


class _Pictures:
    """What the three endpoints share: they answer with pictures."""

    operation = Operation.IMAGE

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        return image_answers.whole(call.echo, plan)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """See `Endpoint.stream`."""
        return image_answers.streamed(call.echo, plan)


class Generations(_Pictures):
    """Pictures of a text, an `Endpoint`. `max_depth` bounds the nesting of a body."""

    path = "/v1/images/generations"
    label = "images_generations"
    body = Generation

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(Generation)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. `Call.echo` is the `Wanted`."""
        del target
        given = decode(body, self._decoder, self._depth, flawed)
        wanted = wanted_of(given, "image_generation", headers)
        request = Request(
            operation=Operation.IMAGE,
            provider="openai",
            model=model_of(given.model),
            inputs=(given.prompt,),
            extra=extra_of(given, wanted),
        )
        return Call(request, given.stream is True, wanted)


class Edits(_Pictures):
    """Pictures of other pictures, an `Endpoint`; takes a form."""

    path = "/v1/images/edits"
    label = "images_edits"
    form = Edit
    files = ("image", "mask", "markup")

    def __init__(self) -> None:
        self._form = Form(Edit, ("image", "mask", "markup"))

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. `Call.echo` is the `Wanted`."""
        del target
        given, files = self._form.read(body, headers)
        wanted = wanted_of(given, "image_edit", headers)
        family = family_of(model_of(given.model))
        only(files, "image")
        images = files["image"]
        if len(images) > (MOST_IMAGES if family.is_gpt else 1):
            raise invalid(f"You can provide up to {MOST_IMAGES if family.is_gpt else 1} images.", "image")
        sizes = [_checked(part, family, index) for index, part in enumerate(images, 1)]
        for name in ("mask", "markup"):
            _check_overlay(files.get(name, ()), name, sizes[0])
        faithful = given.input_fidelity == "high"
        parts = [
            Piece("image", _digest(part), input_tokens(size, faithful=faithful) if family.is_gpt else 0)
            for part, size in zip(images, sizes, strict=True)
        ]
        parts += [Piece(name, _digest(part)) for name in ("mask", "markup") for part in files.get(name, ())]
        wanted = msgspec.structs.replace(wanted, input_image_tokens=sum([part.tokens for part in parts]))
        request = Request(
            operation=Operation.IMAGE,
            provider="openai",
            model=model_of(given.model),
            messages=(Message("", given.prompt, parts=tuple(parts)),),
            extra=extra_of(given, wanted),
        )
        return Call(request, given.stream is True, wanted)


class Variations(_Pictures):
    """More pictures like one, an `Endpoint`; takes a form. The real service has retired it."""

    path = "/v1/images/variations"
    label = "images_variations"
    form = Variation
    files = ("image",)

    def __init__(self) -> None:
        self._form = Form(Variation, ("image",))

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`. `Call.echo` is the `Wanted`. Only dall-e-2 makes variations."""
        del target
        given, files = self._form.read(body, headers)
        family = family_of(model_of(given.model))
        if family is not Family.DALL_E_2:
            raise invalid("Invalid value for 'model': only 'dall-e-2' makes variations.", "model", "invalid_value")
        image = only(files, "image")
        width, height = _checked(image, family, 1)
        if width != height:
            raise invalid("Uploaded image must be square.", "image", "invalid_image_format")
        wanted = Wanted(
            event="image_variation",
            count=given.n or 1,
            size=size_of(given.size, family),
            quality=quality_of(None, family),
            link="" if given.response_format == "b64_json" else link_of(headers),
            tells=False,
        )
        request = Request(
            operation=Operation.IMAGE,
            provider="openai",
            model=given.model,
            messages=(Message("", parts=(Piece("image", _digest(image)),)),),
            extra=("variation", "{}x{}".format(*wanted.size)),
        )
        return Call(request, False, wanted)


class ShowPicture:
    """The file of a picture that an answer names by URL, an `Action`. Nothing is stored: its name says what it is."""

    method = "GET"
    path = PICTURES + "/{name}"
    label = "images_pictures"
    answers = "image/*"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        picture = named(asked.target.parameters["name"])
        if picture is None:
            raise Refusal(Problem.NOT_FOUND, "No such picture.", param="name")
        kind = (b"content-type", CONTENT_TYPE[picture.form])
        headers = [kind, *[header for header in bare_headers(desk.request_bits) if header[0] != b"content-type"]]
        return Reply(200, headers, picture.drawn())


def _checked(part: Part, family: Family, index: int) -> Size:
    """The size of a picture that is to be edited. Raises `Refusal` if it is none that the model takes."""
    kinds = ("image/jpeg", "image/png", "image/webp") if family.is_gpt else ("image/png",)
    kind = part.content_type.partition(";")[0].strip().lower()
    if kind and kind not in kinds:
        formats = "'image/jpeg', 'image/png', and 'image/webp'" if family.is_gpt else "'image/png'"
        raise invalid(
            f"Invalid file 'image': unsupported mimetype ('{kind[:80]}'). Supported file formats are {formats}.",
            "image",
            "unsupported_file_mimetype",
        )
    size = _size(part.body)
    if not family.is_gpt and (len(part.body) >= _OLD_BYTES or not part.body.startswith(_PNG) or size is None):
        raise invalid("Uploaded image must be a PNG and less than 4 MB.", "image", "invalid_image_format")
    if size is None:
        raise invalid(
            f"Invalid image file or mode for image {index}, please check your image file.",
            "image",
            "invalid_image_file",
        )
    return size


def _check_overlay(found: Sequence[Part], name: str, size: Size) -> None:
    for part in found:
        if not part.body.startswith(_PNG):
            raise invalid(f"Invalid {name} image format - {name} must be a PNG.", name, "invalid_image_format")
        if _size(part.body) != size:
            raise invalid(
                f"Invalid {name} image format - {name} size does not match image size.", name, "invalid_image_format"
            )


def _size(body: bytes) -> Size | None:
    if body.startswith(b"GIF8"):
        return None
    return data_size(base64.b64encode(body[:_HEAD]).decode("ascii"))


def _digest(part: Part) -> str:
    return blake2b(part.body, digest_size=16).hexdigest()
