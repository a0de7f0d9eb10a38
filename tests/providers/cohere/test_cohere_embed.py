"""`/v1/embed` and `/v2/embed`: what is embedded, what it costs, and the vectors in every form."""

import base64
import json

import numpy as np
import pytest
from cohere_plans import BY_PATH, answer_of, call_of, embedded_of, engine, json_of, plan_of, refusal_of

from simulator.engine.plan import Address
from simulator.providers.base import Problem
from simulator.providers.cohere.vectors import encoded

PIXEL = (
    "data:image/png;base64,"
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
BROKEN = "data:image/jpeg;base64,AAAA"
V2 = {"model": "embed-v4.0", "input_type": "search_document"}
VECTOR = np.array([0.5, -0.5, 0.1, 0.0, -1.0, 0.25, 0.75, -0.125], dtype="<f4")
ENGINE = engine()


def v2(**fields):
    return call_of("/v2/embed", **{**V2, **fields})


def test_texts():
    request = v2(texts=["a", "b"], output_dimension=256).request
    assert (request.operation, request.inputs, request.token_inputs) == ("embedding", ("a", "b"), ())
    assert request.dimensions == 256
    assert v2(texts=["a"], input_type="search_query").request != v2(texts=["a"]).request


def test_version_1_needs_neither_a_model_nor_a_purpose():
    assert call_of("/v1/embed", texts=["a"]).request.model == "embed-v4.0"
    assert refusal_of("/v2/embed", {"texts": ["a"], "input_type": "image"}).message.startswith("a model parameter is")


def test_pictures_are_embedded_by_a_digest_and_cost_what_pictures_cost():
    request = v2(images=[PIXEL, BROKEN], input_type="image").request
    assert all(len(text) < 50 for text in request.inputs)
    assert [len(ids) for ids in request.token_inputs] == [256, 1280]
    mixed = v2(
        inputs=[
            {"content": [{"type": "text", "text": "word" * 3}, {"type": "image_url", "image_url": {"url": PIXEL}}]},
            {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        ]
    ).request
    assert mixed.inputs[1] == "a\nb"
    assert mixed.inputs[0].startswith("wordwordword\nimage ")
    assert [len(ids) for ids in mixed.token_inputs] == [259, 0]


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({}, "invalid request: texts, images and inputs are missing: one of them is required."),
        ({"texts": ["a"], "inputs": []}, "invalid request: texts, images and inputs are mutually exclusive."),
        ({"texts": []}, "invalid request: required 'texts' param is missing or empty."),
        ({"texts": ["a"] * 97}, "invalid request: total number of texts must be at most 96 - received 97"),
        ({"texts": ["a", ""]}, "invalid request: texts contains an element that is the empty string at index 1"),
        ({"texts": ["a"], "input_type": None}, "invalid request: valid input_type must be provided with the provided"),
        ({"texts": ["a"], "input_type": "x"}, "invalid request: input_type must be one of the following: search_docu"),
        ({"texts": ["a"], "input_type": "image"}, "invalid request: input_type=image must be used with images"),
        ({"images": [PIXEL]}, "invalid request: images must be used with input_type=image"),
        ({"images": ["http://x"], "input_type": "image"}, "invalid request: images must be data URIs of a png, jpeg,"),
        ({"inputs": [{"content": []}]}, "invalid request: inputs contains an element that is empty at index 0"),
        (
            {"inputs": [{"content": [{"type": "image_url", "image_url": {"url": PIXEL}}] * 97}]},
            "invalid request: total number of images must be at most 96",
        ),
        ({"texts": ["a"], "embedding_types": []}, "embedding_types parameter is required"),
        ({"texts": ["a"], "embedding_types": ["half"]}, "invalid request: embedding_types[0] must be one of the foll"),
        ({"texts": ["a"], "output_dimension": 100}, "invalid request: output_dimension must be one of the following:"),
        (
            {"texts": ["a"], "model": "embed-english-v3.0", "output_dimension": 256},
            "invalid request: output_dimension is not supported by model 'embed-english-v3.0'.",
        ),
        ({"texts": ["a"], "truncate": "MIDDLE"}, "invalid request: truncate must be one of the following: NONE, STAR"),
        ({"texts": ["a"], "max_tokens": 0}, "invalid request: max_tokens must be at least 1."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_value_is_refused_in_the_service_s_words(fields, sentence):
    refusal = refusal_of("/v2/embed", {**V2, **fields})
    assert refusal.problem is Problem.INVALID
    assert refusal.message.startswith(sentence)
    assert refusal.param


def test_the_newest_family_has_its_own_sizes():
    assert v2(texts=["a"], model="embed-v5.0-pro", output_dimension=768).request.dimensions == 768
    assert refusal_of("/v2/embed", {**V2, "texts": ["a"], "output_dimension": 768}).param == "output_dimension"
    assert v2(texts=["a"], model="house-model", output_dimension=77).request.dimensions == 77


@pytest.mark.parametrize("version", [1, 2])
def test_an_answer_in_the_recorded_layout(version):
    path = f"/v{version}/embed"
    call = call_of(path, **V2, texts=["foo bar"], embedding_types=["int8", "float"])
    body = json_of(BY_PATH[path], call, embedded_of(VECTOR.tobytes(), tokens=2))
    assert list(body) == ["id", "texts", "embeddings", "meta", "response_type"]
    assert body["texts"] == ["foo bar"]
    assert list(body["embeddings"]) == ["int8", "float"]
    assert body["meta"] == {"api_version": {"version": str(version)}, "billed_units": {"input_tokens": 2}}
    assert body["response_type"] == "embeddings_by_type"


def test_version_1_gives_floats_alone_where_no_type_is_named():
    body = json_of(BY_PATH["/v1/embed"], call_of("/v1/embed", texts=["a"]), embedded_of(VECTOR.tobytes()))
    assert body["response_type"] == "embeddings_floats"
    assert np.array_equal(np.array(body["embeddings"][0], dtype="<f4"), VECTOR)
    body = json_of(BY_PATH["/v2/embed"], v2(texts=["a"]), embedded_of(VECTOR.tobytes()))
    assert list(body["embeddings"]) == ["float"]


def test_an_answer_to_pictures_tells_of_them():
    call = v2(images=[PIXEL, BROKEN], input_type="image")
    body = json_of(BY_PATH["/v2/embed"], call, embedded_of(VECTOR.tobytes(), VECTOR.tobytes(), tokens=1536))
    assert body["images"] == [
        {"width": 1, "height": 1, "format": "png", "bit_depth": 32},
        {"width": 0, "height": 0, "format": "unknown", "bit_depth": 0},
    ]
    units = {"images": 2, "input_tokens": 1536, "image_tokens": 1536, "text_tokens": 0}
    assert body["meta"]["billed_units"] == units


def test_the_six_forms():
    def form(kind):
        return json.loads(encoded([VECTOR.tobytes()], kind))[0]

    assert np.array_equal(np.array(form("float"), dtype="<f4"), VECTOR)
    assert form("int8") == [64, -64, 13, 0, -127, 32, 95, -16]
    assert form("uint8") == [value + 128 for value in form("int8")]
    assert form("ubinary") == [0b10100110]
    assert form("binary") == [0b10100110 - 128]
    assert base64.b64decode(form("base64")) == VECTOR.tobytes()
    assert json.loads(encoded([bytes(32)], "int8")) == [[0] * 8]


def test_a_vector_is_one_in_all_forms_and_versions():
    call = v2(texts=["tides and the moon"], embedding_types=["float", "int8", "binary"])
    plan = ENGINE.plan(call.request, Address(1, 0, 0, 0))
    told = json.loads(BY_PATH["/v2/embed"].reply(call, plan).body)["embeddings"]
    (vector,) = np.array(told["float"])
    assert abs(np.linalg.norm(vector) - 1) < 1e-5
    (steps,) = np.array(told["int8"])
    assert np.corrcoef(vector, steps)[0, 1] > 0.999
    assert np.array_equal(np.unpackbits((np.array(told["binary"][0]) + 128).astype(np.uint8)) == 1, vector > 0)


def test_what_is_no_vector_is_not_encoded():
    with pytest.raises(TypeError):
        BY_PATH["/v2/embed"].reply(v2(texts=["a"]), plan_of(answer_of(["a"])))
    for path in ("/v2/embed", "/v1/rerank", "/v1/tokenize", "/v1/detokenize", "/v1/classify"):
        with pytest.raises(NotImplementedError):
            BY_PATH[path].stream(v2(texts=["a"]), plan_of(None))
