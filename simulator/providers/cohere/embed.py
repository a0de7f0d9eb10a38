"""`POST /v2/embed` and `POST /v1/embed`. Pure.

A picture is embedded by a text that stands for it, and costs the tokens of a picture. Texts are not cut at the model's
length: `truncate` and `max_tokens` are checked and change nothing. The service has no limit on the number of pictures
for its newer models; here it is that of texts.
"""

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
import orjson

from simulator.engine.plan import Embedded, Plan
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.cohere import defaults, images
from simulator.providers.cohere.schema import ImageBlock, Strict, TextBlock, Whole
from simulator.providers.cohere.vectors import encoded
from simulator.providers.cohere.wire import NAME, answer_id, json_headers
from simulator.providers.cohere.wording import bare, invalid, missing, one_of, worder
from simulator.providers.decode import DEFAULT_DEPTH, decode

MOST_TEXTS: Final = 96
PURPOSES: Final = ("search_document", "search_query", "classification", "clustering", "image")
Form = Literal["float", "int8", "uint8", "binary", "ubinary", "base64"]

_REPLY: Final = (
    b'{"id":%b,"texts":%b%b,"embeddings":%b,"meta":{"api_version":{"version":"%b"},"billed_units":{%b}},'
    b'"response_type":"%b"}'
)


class Input(Strict, frozen=True):
    """Texts and pictures that make one vector."""

    content: list[TextBlock | ImageBlock]


class EmbedBody(Strict, frozen=True):
    """Both versions: the first may leave `model` and `input_type` out and knows no `inputs`."""

    model: str | None = None
    texts: list[str] | None = None
    images: list[str] | None = None
    inputs: list[Input] | None = None
    input_type: str | None = None
    embedding_types: list[Form] | None = None
    output_dimension: Whole | None = None
    truncate: Literal["NONE", "START", "END"] | None = None
    max_tokens: Whole | None = None
    priority: Whole | None = None


class _Gathered(msgspec.Struct):
    """What is to be embedded. `tokens` has the price of a picture as a row of so many zeros, nothing for a text."""

    inputs: list[str]
    tokens: list[tuple[int, ...]]
    pictures: list[str]


class Embed:
    """The endpoint of one version of the API."""

    operation = Operation.EMBEDDING
    label = "embed"
    body = EmbedBody

    def __init__(self, version: int, max_depth: int = DEFAULT_DEPTH) -> None:
        self.path = f"/v{version}/embed"
        self._version = version
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(EmbedBody)
        self._word = worder("embed")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, self._word)
        model = given.model or (defaults.EMBED if self._version == 1 else "")
        if not model:
            raise missing("model")
        self._check_purpose(given)
        gathered = _gathered(given)
        request = Request(
            operation=Operation.EMBEDDING,
            provider=NAME,
            model=model,
            inputs=tuple(gathered.inputs),
            token_inputs=tuple(gathered.tokens) if gathered.pictures else (),
            dimensions=_dimensions(given, model),
            extra=(given.input_type,) if given.input_type else (),
        )
        return Call(request, False, (given, gathered.pictures))

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        embedded = embedded_of(plan)
        given: EmbedBody
        pictures: list[str]
        given, pictures = call.echo
        kinds = list(dict.fromkeys(given.embedding_types or ()))
        if kinds or self._version == 2:
            members = [b'"%b":%b' % (kind.encode(), encoded(embedded.vectors, kind)) for kind in kinds or ["float"]]
            vectors, form = b"{%b}" % b",".join(members), b"embeddings_by_type"
        else:
            vectors, form = encoded(embedded.vectors, "float"), b"embeddings_floats"
        body = _REPLY % (
            answer_id(plan, plan.digest),
            orjson.dumps(given.texts or []),
            _shown(pictures),
            vectors,
            b"%d" % self._version,
            _billed(embedded, pictures),
            form,
        )
        return Reply(200, json_headers(plan.request_bits), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("embeddings are not streamed")

    def _check_purpose(self, given: EmbedBody) -> None:
        purpose = given.input_type
        if purpose is None:
            if self._version == 2:
                raise invalid("valid input_type must be provided with the provided model", "input_type")
        elif purpose not in PURPOSES:
            raise one_of("input_type", PURPOSES)
        if given.images is not None and purpose != "image":
            raise invalid("images must be used with input_type=image", "input_type")
        if given.texts is not None and purpose == "image":
            raise invalid("input_type=image must be used with images", "input_type")
        if given.embedding_types == []:
            raise bare("embedding_types parameter is required", "embedding_types")
        if given.max_tokens is not None and given.max_tokens < 1:
            raise invalid("max_tokens must be at least 1.", "max_tokens")


def embedded_of(plan: Plan) -> Embedded:
    """The plan's vectors. Raises TypeError when it has none."""
    if not isinstance(plan.outcome, Embedded):
        raise TypeError(f"this endpoint encodes an Embedded, not {type(plan.outcome).__name__}")
    return plan.outcome


def _gathered(given: EmbedBody) -> _Gathered:
    """What is to be embedded. Raises `Refusal` unless exactly one of the three fields has it."""
    fields = {"texts": given.texts, "images": given.images, "inputs": given.inputs}
    used = [name for name, value in fields.items() if value is not None]
    if len(used) != 1:
        said = "are mutually exclusive" if used else "are missing: one of them is required"
        raise invalid(f"texts, images and inputs {said}.", used[1] if used else "texts")
    name = used[0]
    values: Sequence[object] = fields[name] or ()
    if not values:
        raise missing(name)
    if len(values) > MOST_TEXTS:
        raise invalid(f"total number of {name} must be at most {MOST_TEXTS} - received {len(values)}", name)
    found = _Gathered([], [], [])
    if given.texts is not None:
        for place, text in enumerate(given.texts):
            if not text:
                raise invalid(f"texts contains an element that is the empty string at index {place}", f"texts[{place}]")
        found.inputs = given.texts
    for place, url in enumerate(given.images or ()):
        _add(found, "", [(url, f"images[{place}]")])
    for place, each in enumerate(given.inputs or ()):
        where = f"inputs[{place}].content"
        texts = [block.text for block in each.content if isinstance(block, TextBlock)]
        pictures = [
            (block.image_url.url, f"{where}[{index}].image_url.url")
            for index, block in enumerate(each.content)
            if isinstance(block, ImageBlock)
        ]
        if not pictures and not any(texts):
            raise invalid(f"inputs contains an element that is empty at index {place}", where)
        _add(found, "\n".join(texts), pictures)
    return found


def _add(found: _Gathered, text: str, pictures: Sequence[tuple[str, str]]) -> None:
    """Add one input of a text, perhaps empty, and pictures, each with its place in the body."""
    price = 0
    sources = [text] if text else []
    for url, where in pictures:
        if not images.is_data(url):
            raise invalid("images must be data URIs of a png, jpeg, webp or gif image.", where)
        price += images.tokens_of(url)
        sources.append(images.source_of(url))
        found.pictures.append(url)
        if len(found.pictures) > MOST_TEXTS:
            raise invalid(f"total number of images must be at most {MOST_TEXTS}", where)
    found.inputs.append("\n".join(sources))
    # The text of a mixed input is taken at four characters a token: one input is either counted or given by number.
    found.tokens.append((0,) * (price + -(-len(text) // 4)) if price else ())


def _dimensions(given: EmbedBody, model: str) -> int | None:
    size = given.output_dimension
    if size is None:
        return None
    sizes = defaults.sizes_of(model)
    if sizes == ():
        raise invalid(f"output_dimension is not supported by model '{model}'.", "output_dimension")
    if size < 1 or (sizes is not None and size not in sizes):
        raise one_of("output_dimension", [str(each) for each in sizes or ("a positive integer",)])
    return size


def _shown(pictures: Sequence[str]) -> bytes:
    """The member `images` of an answer to pictures."""
    if not pictures:
        return b""
    told = [msgspec.to_builtins(images.picture_of(url) or images.Picture(0, 0, "unknown", 0)) for url in pictures]
    return b',"images":%b' % orjson.dumps(told)


def _billed(embedded: Embedded, pictures: Sequence[str]) -> bytes:
    tokens = embedded.usage.input_tokens
    if not pictures:
        return b'"input_tokens":%d' % tokens
    spent = sum(map(images.tokens_of, pictures))
    return b'"images":%d,"input_tokens":%d,"image_tokens":%d,"text_tokens":%d' % (
        len(pictures),
        tokens,
        min(spent, tokens),
        max(0, tokens - spent),
    )
