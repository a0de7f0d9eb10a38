"""`POST /v2/rerank` and `POST /v1/rerank`. Pure.

The engine gives a unit vector to the query and to each document. Documents that share words with the query come to dot
products of about 0.3 and more, others to about 0; a logistic curve makes scores of them that are near 1 and near 0, as
the service's are. A document is cut at `max_tokens_per_doc`, taken as four characters a token, and where all together
have more than `MOST_CHARACTERS` each at its share of them: a request costs a second or so at most.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np
import orjson

from simulator.engine.plan import Plan
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.cohere import defaults
from simulator.providers.cohere.documents import as_text
from simulator.providers.cohere.embed import embedded_of
from simulator.providers.cohere.schema import Strict, Whole
from simulator.providers.cohere.spans import RelevantSpans, Spans
from simulator.providers.cohere.wire import NAME, answer_id, json_headers
from simulator.providers.cohere.wording import bare, invalid, missing, worder
from simulator.providers.decode import DEFAULT_DEPTH, decode

MOST_DOCUMENTS: Final = 10_000
USUAL_TOKENS: Final = 4_096
"""Tokens of a document that are read where a request does not say."""
CHARACTERS_PER_TOKEN: Final = 4
MOST_CHARACTERS: Final = 4_000_000
MIDDLE: Final = 0.22
"""The dot product that scores one half."""
STEEPNESS: Final = 18.0
UNIT_DOCUMENTS: Final = 100
"""Documents of one billed search unit."""

_REPLY: Final = b'{"id":%b,"results":%b,"meta":{"api_version":{"version":"%b"},"billed_units":{"search_units":%d}}}'


class RerankBody(Strict, frozen=True, kw_only=True):
    """Both versions: the first may leave `model` out, ranks documents with fields and may hand them back."""

    model: str | None = None
    query: str
    documents: list[str | dict[str, Any]]
    top_n: Whole | None = None
    return_documents: bool | None = None
    rank_fields: list[str] | None = None
    max_chunks_per_doc: Whole | None = None
    max_tokens_per_doc: Whole | None = None
    relevant_spans: RelevantSpans | None = None
    priority: Whole | None = None


class Rerank:
    """The endpoint of one version of the API."""

    operation = Operation.RERANK
    label = "rerank"
    body = RerankBody

    def __init__(self, version: int, max_depth: int = DEFAULT_DEPTH) -> None:
        self.path = f"/v{version}/rerank"
        self._version = version
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(RerankBody)
        self._word = worder("rerank")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, self._word)
        model = given.model or (defaults.RERANK if self._version == 1 else "")
        if not model:
            raise missing("model")
        if not given.query.strip():
            raise invalid("query must not be empty or be only whitespace", "query")
        _check_counts(given)
        texts = [
            _text(document, given.rank_fields, f"documents[{place}]") for place, document in enumerate(given.documents)
        ]
        request = Request(
            operation=Operation.RERANK,
            provider=NAME,
            model=model,
            inputs=(given.query, *[text[: _room(given)] for text in texts]),
        )
        return Call(request, False, given)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        given: RerankBody = call.echo
        scores = scores_of(embedded_of(plan).vectors)
        order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))[: given.top_n]
        spans = Spans(call.request.inputs[0], given.relevant_spans)
        results = [_result(place, scores[place], given, spans.of(call.request.inputs[place + 1])) for place in order]
        units = math.ceil(len(scores) / UNIT_DOCUMENTS)
        body = _REPLY % (
            answer_id(plan, plan.digest),
            orjson.dumps(results),
            b"%d" % self._version,
            units,
        )
        return Reply(200, json_headers(plan.request_bits), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("rankings are not streamed")


def _result(place: int, score: float, given: RerankBody, spans: Sequence[Mapping[str, float]]) -> dict[str, object]:
    found: dict[str, object] = {"index": place, "relevance_score": score}
    if given.return_documents:
        document = given.documents[place]
        found["document"] = {"text": document} if isinstance(document, str) else document
    if spans:
        found["relevant_spans"] = spans
    return found


def _room(given: RerankBody) -> int:
    """Characters of each document that are ranked."""
    return min(
        CHARACTERS_PER_TOKEN * (given.max_tokens_per_doc or USUAL_TOKENS), MOST_CHARACTERS // len(given.documents)
    )


def scores_of(vectors: Sequence[bytes]) -> list[float]:
    """The score of each document, between 0 and 1; the first vector is the query's."""
    if len(vectors) < 2:
        return []
    matrix = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), -1).astype(np.float64)
    # Rounded: the order in which a product is summed differs between machines, by far less than this.
    products = np.round(matrix[1:] @ matrix[0], 6)
    scores: list[float] = np.round(1 / (1 + np.exp(STEEPNESS * (MIDDLE - products))), 8).tolist()
    return scores


def _check_counts(given: RerankBody) -> None:
    if not given.documents:
        raise invalid("list of documents must not be empty", "documents")
    if len(given.documents) > MOST_DOCUMENTS:
        raise invalid(
            f"number of total max chunks (number of documents * max chunks per doc) must be less than {MOST_DOCUMENTS}",
            "documents",
        )
    if given.top_n is not None and given.top_n < 1:
        raise invalid(f"top_n is invalid, value must be between 1 and {len(given.documents)}", "top_n")
    if given.rank_fields is not None and not given.rank_fields:
        raise invalid(
            "rank_fields cannot be empty, it must either contain at least one field or be omitted", "rank_fields"
        )
    for name in ("max_chunks_per_doc", "max_tokens_per_doc"):
        count = getattr(given, name)
        if count is not None and count < 1:
            raise invalid(f"{name} must be at least 1.", name)


def _text(document: str | dict[str, Any], fields: Sequence[str] | None, where: str) -> str:
    """What of a document is ranked."""
    if isinstance(document, str):
        text = document
    elif fields is not None:
        text = as_text({name: document[name] for name in fields if name in document})
    else:
        for name in ("text", "snippet"):
            if isinstance(document.get(name), str):
                text = document[name]
                break
        else:
            raise bare(
                "document does not have a 'snippet' or a 'text' field that can be used for chunking and reranking",
                where,
            )
    if not text.strip():
        place = where.removeprefix("documents[").removesuffix("]")
        raise invalid(f"document at index {place} cannot be empty", where)
    return text
