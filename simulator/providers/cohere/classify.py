"""`POST /v1/classify`. Pure.

The engine gives a unit vector to each input and each example. A label is as near as the mean of its two nearest
examples, and a softmax makes confidences that add up to 1.
"""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt
import orjson

from simulator.engine.plan import Plan
from simulator.engine.request import Operation, Request
from simulator.providers.base import NO_TARGET, Call, Reply, Stream, Target
from simulator.providers.cohere import defaults
from simulator.providers.cohere.embed import MOST_TEXTS, embedded_of
from simulator.providers.cohere.schema import Strict
from simulator.providers.cohere.wire import NAME, answer_id, json_headers, uuid
from simulator.providers.cohere.wording import invalid, worder
from simulator.providers.decode import DEFAULT_DEPTH, decode

MOST_EXAMPLES: Final = 2_500
LEAST_PER_LABEL: Final = 2
SHARPNESS: Final = 12.0
"""How much a nearer label gains: the factor before the softmax."""

_REPLY: Final = (
    b'{"id":%b,"classifications":%b,"meta":{"api_version":{"version":"1"},"billed_units":{"classifications":%d}}}'
)


class Example(Strict, frozen=True):
    """A text and its label."""

    text: str
    label: str


class ClassifyBody(Strict, frozen=True):
    """`POST /v1/classify`."""

    inputs: list[str]
    examples: list[Example] | None = None
    model: str | None = None
    preset: str | None = None
    truncate: Literal["NONE", "START", "END"] | None = None


class Classify:
    """The endpoint."""

    path = "/v1/classify"
    operation = Operation.EMBEDDING
    label = "classify"
    body = ClassifyBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ClassifyBody)
        self._word = worder("classify")

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """See `Endpoint.decode`."""
        del headers, target
        given = decode(body, self._decoder, self._depth, self._word)
        if not given.inputs:
            raise invalid("inputs must not be empty", "inputs")
        if len(given.inputs) > MOST_TEXTS:
            raise invalid(
                f"total number of inputs must be at most {MOST_TEXTS} - received {len(given.inputs)}", "inputs"
            )
        for place, text in enumerate(given.inputs):
            if not text:
                raise invalid(
                    f"inputs contains an element that is the empty string at index {place}", f"inputs[{place}]"
                )
        examples = given.examples or []
        _check_examples(examples)
        request = Request(
            operation=Operation.EMBEDDING,
            provider=NAME,
            model=given.model or defaults.EMBED,
            inputs=(*given.inputs, *[example.text for example in examples]),
            extra=("classify", *[example.label for example in examples]),
        )
        return Call(request, False, given)

    def reply(self, call: Call, plan: Plan) -> Reply:
        """See `Endpoint.reply`."""
        given: ClassifyBody = call.echo
        vectors = embedded_of(plan).vectors
        matrix = np.frombuffer(b"".join(vectors), dtype="<f4").reshape(len(vectors), -1).astype(np.float64)
        count = len(given.inputs)
        near = np.round(matrix[:count] @ matrix[count:].T, 6)
        places: dict[str, list[int]] = {}
        for place, example in enumerate(given.examples or ()):
            places.setdefault(example.label, []).append(place)
        confidences = _confidences(near, list(places.values()))
        told = [_told(text, confidences[row], list(places), plan.digest, row) for row, text in enumerate(given.inputs)]
        body = _REPLY % (answer_id(plan, plan.digest), orjson.dumps(told), count)
        return Reply(200, json_headers(plan.request_bits), body)

    def stream(self, call: Call, plan: Plan) -> Stream:
        """Never called: `decode` gives no streamed call. Raises NotImplementedError."""
        raise NotImplementedError("classifications are not streamed")


def _check_examples(examples: Sequence[Example]) -> None:
    if len(examples) > MOST_EXAMPLES:
        raise invalid(f"number of examples must be at most {MOST_EXAMPLES} - received {len(examples)}", "examples")
    counts: dict[str, int] = {}
    for place, example in enumerate(examples):
        if not example.text or not example.label:
            raise invalid(f"examples contains an element that is empty at index {place}", f"examples[{place}]")
        counts[example.label] = counts.get(example.label, 0) + 1
    if len(counts) < 2:
        raise invalid(f"min classes for classify request is 2 - received {len(counts)}", "examples")
    few = [label for label, count in counts.items() if count < LEAST_PER_LABEL]
    if few:
        raise invalid(
            f"each unique label must have at least {LEAST_PER_LABEL} examples. Not enough examples for: "
            f"{', '.join(few)[:400]}",
            "examples",
        )


def _confidences(near: npt.NDArray[np.float64], places: Sequence[Sequence[int]]) -> list[list[float]]:
    """For each input the confidence of each label, whose examples stand at these places."""
    means = np.stack([np.sort(near[:, own], axis=1)[:, -2:].mean(axis=1) for own in places], axis=1)
    weights = np.exp(SHARPNESS * (means - means.max(axis=1, keepdims=True)))
    confidences: list[list[float]] = np.round(weights / weights.sum(axis=1, keepdims=True), 8).tolist()
    return confidences


def _told(text: str, confidences: Sequence[float], labels: Sequence[str], digest: bytes, row: int) -> dict[str, object]:
    best = max(range(len(labels)), key=lambda place: (confidences[place], -place))
    bits = blake2b(digest + row.to_bytes(4, "little"), digest_size=16).digest()
    return {
        "classification_type": "single-label",
        "confidence": confidences[best],
        "confidences": [confidences[best]],
        "id": uuid(bits),
        "input": text,
        "labels": {label: {"confidence": each} for label, each in zip(labels, confidences, strict=True)},
        "prediction": labels[best],
        "predictions": [labels[best]],
    }
