"""POST models/{model}:embedContent and :batchEmbedContents: vectors for texts. Pure.

Text is embedded; what is not text stands in for itself by its digest, so that the same picture has the same vector.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np
import orjson

from simulator.engine.plan import Plan
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Problem, Refusal, Reply, Stream, Target
from simulator.providers.decode import DEFAULT_DEPTH, quote
from simulator.providers.gemini.answers import embedded_of
from simulator.providers.gemini.contents import Reader, not_in_enumeration
from simulator.providers.gemini.generation import generation_of
from simulator.providers.gemini.request import NAME, model_of
from simulator.providers.gemini.schema import BatchEmbedBody, EmbedBody
from simulator.providers.gemini.wire import plain_headers
from simulator.providers.gemini.wording import invalid, read, unfit

MOST_REQUESTS: Final = 100
TASKS: Final = frozenset(
    {"", "TASK_TYPE_UNSPECIFIED", "RETRIEVAL_QUERY", "RETRIEVAL_DOCUMENT", "SEMANTIC_SIMILARITY", "CLASSIFICATION",
     "CLUSTERING", "QUESTION_ANSWERING", "FACT_VERIFICATION", "CODE_RETRIEVAL_QUERY"}
)  # fmt: skip
_KIND: Final = "EmbedContentRequest"
_FLOATS: Final = np.dtype("<f4")
# The layout of recorded answers: a value has a line of its own.
_ONE: Final = b'{\n  "embedding": {\n    "values": %b\n  },\n  "usageMetadata": {\n    "promptTokenCount": %d\n  }\n}\n'
_MANY: Final = b'{\n  "embeddings": [\n%b\n  ],\n  "usageMetadata": {\n    "promptTokenCount": %d\n  }\n}\n'
_EACH: Final = b'    {\n      "values": %b\n    }'


class Embed:
    """One of the two methods under one API version, an `Endpoint`."""

    operation = Operation.EMBEDDING

    def __init__(self, version: str, *, batch: bool, max_depth: int = DEFAULT_DEPTH) -> None:
        self.path = f"/{version}/models/{{model}}:{'batchEmbedContents' if batch else 'embedContent'}"
        self.label = "batch_embed_contents" if batch else "embed_content"
        self.body: type = BatchEmbedBody if batch else EmbedBody
        self._batch = batch
        self._depth = max_depth
        self._one = msgspec.json.Decoder(EmbedBody)
        self._many = msgspec.json.Decoder(BatchEmbedBody)

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers
        requests: Sequence[EmbedBody]
        if self._batch:
            requests = read(body, self._many, BatchEmbedBody, self._depth).requests or ()
            if not requests:
                raise unfit("BatchEmbedContentsRequest", ["requests: requests is not specified"])
            if len(requests) > MOST_REQUESTS:
                raise unfit(
                    "BatchEmbedContentsRequest", [f"requests: at most {MOST_REQUESTS} requests can be in one batch"]
                )
        else:
            requests = (read(body, self._one, EmbedBody, self._depth),)
        models = {model_of(target, one.model) for one in requests}
        model = models.pop()
        sizes = {_size(one) for one in requests}
        if len(sizes) > 1:
            raise invalid("All requests of a batch must have the same output_dimensionality.", "requests")
        tasks = [_task(one) for one in requests]
        request = Request(
            operation=Operation.EMBEDDING,
            provider=NAME,
            model=model,
            inputs=tuple([_text(one, model) for one in requests]),
            dimensions=sizes.pop(),
            extra=tuple(tasks) if any(tasks) else (),
        )
        return Call(request, stream=False, echo=None)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        del call
        embedded = embedded_of(plan)
        tokens = embedded.usage.input_tokens
        if self._batch:
            vectors = b",\n".join([_EACH % _values(vector, 6) for vector in embedded.vectors])
            body = _MANY % (vectors, tokens)
        else:
            body = _ONE % (_values(embedded.vectors[0], 4), tokens)
        return Reply(200, plain_headers(plan), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("embeddings are not streamed")


def _size(one: EmbedBody) -> int | None:
    config = one.embed_content_config
    size = one.output_dimensionality
    if size is None and config is not None:
        size = config.output_dimensionality
    if size is not None and size < 1:
        raise unfit(_KIND, ["output_dimensionality: output_dimensionality must be positive."])
    return size


def _task(one: EmbedBody) -> str:
    config = one.embed_content_config
    given = one.task_type or (config.task_type if config is not None else None) or ""
    if given.upper() not in TASKS:
        raise not_in_enumeration("task_type", "TaskType", given)
    title = one.title or (config.title if config is not None else None)
    if title and given.upper() != "RETRIEVAL_DOCUMENT":
        raise Refusal(
            Problem.INVALID, f"* {_KIND}.title: title is only applicable when the task type is RETRIEVAL_DOCUMENT\n"
        )
    return f"task={given.upper()}" if given else ""


def _text(one: EmbedBody, model: str) -> str:
    """The text to be embedded. Raises `Refusal` where there is nothing to embed."""
    if one.content is None or not one.content.parts:
        raise unfit(_KIND, ["content: content is not specified"])
    content = msgspec.structs.replace(one.content, role=None)
    texts: list[str] = []
    for message in Reader(_KIND, generation_of(model)).conversation([content], "content"):
        if message.calls or message.role == "tool":
            raise invalid("Embedding supports text and media parts only.", "content")
        texts += [message.text] if message.text else []
        texts += [f"{part.kind} {blake2b(part.source.encode(), digest_size=8).hexdigest()}" for part in message.parts]
    if not texts:
        raise unfit(_KIND, [f"content: content is empty ({quote(model)})"])
    return "\n".join(texts)


def _values(vector: bytes, indent: int) -> bytes:
    """The shortest decimal of each float32, a line each."""
    flat = orjson.dumps(np.frombuffer(vector, dtype=_FLOATS), option=orjson.OPT_SERIALIZE_NUMPY)
    line = b",\n" + b" " * (indent + 2)
    return b"[%b%b\n%b]" % (line[1:], flat[1:-1].replace(b",", line), b" " * indent)
