import base64
import json

import numpy as np
import pytest
from openai.types import CreateEmbeddingResponse
from openai_plans import EMBEDDINGS, answer_of, decoded, embedded_of, no_extras, plan_of, refusal_of

from simulator.engine.request import Operation

MODEL = "text-embedding-3-small"
VECTORS = np.random.default_rng(7).normal(size=(2, 8)).astype("<f4")
PLAN = plan_of(embedded_of(*(vector.tobytes() for vector in VECTORS)), model=MODEL)


def call_of(given="hello", **fields):
    return decoded(EMBEDDINGS, model=MODEL, input=given, **fields)


def test_floats_are_what_the_official_client_expects():
    body = EMBEDDINGS.reply(call_of(["a", "b"]), PLAN).body
    answer = CreateEmbeddingResponse.model_validate_json(body, strict=True)
    assert no_extras(answer)
    assert (answer.object, answer.model) == ("list", MODEL)
    assert (answer.usage.prompt_tokens, answer.usage.total_tokens) == (5, 5)
    assert [(item.index, item.object) for item in answer.data] == [(0, "embedding"), (1, "embedding")]
    assert np.array_equal(np.array([item.embedding for item in answer.data], dtype="<f4"), VECTORS)


def test_base64_holds_the_same_floats():
    body = json.loads(EMBEDDINGS.reply(call_of(encoding_format="base64"), PLAN).body)
    for item, vector in zip(body["data"], VECTORS, strict=True):
        assert base64.b64decode(item["embedding"]) == vector.tobytes()


def test_requests():
    request = call_of(dimensions=256, user="u").request
    assert (request.operation, request.inputs, request.dimensions) == (Operation.EMBEDDING, ("hello",), 256)
    assert request == call_of(dimensions=256, encoding_format="float").request
    assert call_of().stream is False
    ids = call_of([[1, 2], [3]]).request
    assert (ids.inputs, ids.token_inputs) == (("1 2", "3"), ((1, 2), (3,)))
    many = call_of([7] * 5000).request
    assert len(many.inputs) == 1


@pytest.mark.parametrize(
    ("fields", "message", "param", "code"),
    [
        ({"input": ""}, "Invalid 'input': input cannot be an empty string.", "input", None),
        ({"input": ["a", ""]}, "Invalid 'input[1]': input cannot be an empty string.", "input[1]", None),
        ({"input": [[1], []]}, "Invalid 'input[1]': input cannot be an empty array.", "input[1]", None),
        (
            {"input": []},
            "Invalid 'input': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            "input",
            "empty_array",
        ),
        (
            {"input": ["a"] * 2049},
            (
                "Invalid 'input': array too long. Expected an array with maximum length 2048, "
                "but got an array with length 2049 instead."
            ),
            "input",
            "array_above_max_length",
        ),
        (
            {"dimensions": 0},
            "Invalid 'dimensions': integer below minimum value. Expected a value >= 1, but got 0 instead.",
            "dimensions",
            "integer_below_min_value",
        ),
        (
            {"encoding_format": "hex"},
            "Invalid value: 'hex'. Supported values are: 'float' and 'base64'.",
            "encoding_format",
            "invalid_value",
        ),
        ({"model": ""}, "you must provide a model parameter", None, None),
    ],
)
def test_refusals(fields, message, param, code):
    refusal = refusal_of(EMBEDDINGS, {"model": MODEL, "input": "x", **fields})
    assert (refusal.message, refusal.param, refusal.code) == (message, param, code)


def test_a_mixture_of_texts_and_ids_is_refused():
    assert refusal_of(EMBEDDINGS, {"model": MODEL, "input": ["a", 1]}).code == "invalid_type"


def test_only_embeddings_are_encoded_and_never_streamed():
    with pytest.raises(TypeError, match="encodes an Embedded, not Answer"):
        EMBEDDINGS.reply(call_of(), plan_of(answer_of(["a"])))
    with pytest.raises(NotImplementedError):
        EMBEDDINGS.stream(call_of(), PLAN)
