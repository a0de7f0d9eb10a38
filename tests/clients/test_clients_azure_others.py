"""Everything beside chat through OpenAI's clients at Azure's paths: embeddings, responses, objects, errors, retries."""

import json
import time

import openai
import pytest
from azure_clients import MODEL, azure_of, known, v1_of
from client_checks import turn
from serving import wait_for

ASK = {"model": MODEL, "messages": [turn("Hello")]}


@pytest.fixture
def azure(fleet):
    with azure_of(fleet) as client:
        yield client


@pytest.fixture
def undated(fleet):
    with v1_of(fleet) as client:
        yield client


def caught(error, call):
    with pytest.raises(error) as raised:
        call()
    assert type(raised.value) is error
    return raised.value


def test_embeddings(fleet, azure):
    told = azure.embeddings.create(model="text-embedding-3-small", input=["a", "b"], encoding_format="float")
    assert [len(each.embedding) for each in known(told).data] == [1536, 1536]
    with v1_of(fleet, strict=False) as lenient:
        again = lenient.embeddings.create(model="text-embedding-3-small", input=["a", "b"])
    assert again.data[0].embedding == pytest.approx(told.data[0].embedding, abs=1e-6)


def test_text_completions(azure):
    told = known(azure.completions.create(model="gpt-3.5-turbo-instruct", prompt=["One", "Two"], max_tokens=8))
    assert [choice.index for choice in told.choices] == [0, 1]
    assert [each["prompt_index"] for each in told.prompt_filter_results] == [0, 1]


@pytest.mark.parametrize("which", ["azure", "undated"])
def test_responses(request, which):
    client = request.getfixturevalue(which)
    told = known(client.responses.create(model=MODEL, input="Tell me of the moon."))
    assert told.output_text.strip()
    assert [each["source_type"] for each in told.content_filters] == ["prompt", "completion"]
    events = list(client.responses.create(model=MODEL, input="Tell me of the moon.", stream=True))
    assert "".join(each.delta for each in events if each.type == "response.output_text.delta") == told.output_text
    assert events[-1].type == "response.completed"
    known(events[-1])
    assert client.responses.retrieve(told.id).output_text == told.output_text
    more = client.responses.create(model=MODEL, input="And the sun?", previous_response_id=told.id)
    assert more.previous_response_id == told.id
    client.responses.delete(told.id)
    assert caught(openai.NotFoundError, lambda: client.responses.retrieve(told.id)).status_code == 404


def test_a_blocked_prompt_of_responses(undated):
    error = caught(
        openai.BadRequestError,
        lambda: undated.responses.create(model=MODEL, input="AZURE_CONTENT_FILTER:prompt:violence"),
    )
    assert error.code == "content_filter"
    assert error.body["content_filters"][0]["blocked"]


def test_models(fleet, undated):
    """At the dated path Azure's shape is not that of OpenAI's type: only a client that is not strict reads it."""
    names = {model.id for model in undated.models.list()}
    assert {MODEL, "text-embedding-3-small"} <= names
    assert undated.models.retrieve(MODEL).id == MODEL
    with azure_of(fleet, strict=False) as client:
        listed = {model.id: model for model in client.models.list()}
        assert set(listed) == names
        assert listed[MODEL].capabilities["chat_completion"]
        assert client.models.retrieve(MODEL).status == "succeeded"
        assert caught(openai.NotFoundError, lambda: client.models.retrieve("nope")).code == "DeploymentNotFound"


def test_a_batch_as_azures_documents_have_it(azure):
    url = "/chat/completions"
    body = {"model": MODEL, "messages": [turn("Hello")], "max_tokens": 10}
    line = {"custom_id": "task-0", "method": "POST", "url": url, "body": body}
    file = known(azure.files.create(file=("in.jsonl", json.dumps(line).encode()), purpose="batch"))
    batch = azure.batches.create(input_file_id=file.id, endpoint=url, completion_window="24h")

    def done():
        found = azure.batches.retrieve(batch.id)
        return found if found.status == "completed" else None

    told = wait_for(done, "the batch to end")
    (outcome,) = map(json.loads, azure.files.content(told.output_file_id).text.splitlines())
    assert outcome["response"]["body"]["choices"][0]["content_filter_results"]


def test_speech_is_heard_again(azure):
    sound = azure.audio.speech.create(model="tts-1", input="The quick brown fox.", voice="alloy", response_format="wav")
    heard = azure.audio.transcriptions.create(model="whisper-1", file=("speech.wav", sound.read()))
    assert heard.text


def test_pictures(azure):
    told = known(azure.images.generate(model="dall-e-3", prompt="A red bicycle", response_format="b64_json"))
    assert told.data[0].b64_json


def test_an_unknown_deployment(azure, undated):
    for client in (azure, undated):
        error = caught(
            openai.NotFoundError, lambda client=client: client.chat.completions.create(**{**ASK, "model": "x"})
        )
        assert error.code == "DeploymentNotFound"
        assert error.message.count("The API deployment for this resource does not exist")
        assert MODEL in error.message


def test_a_deployment_of_another_kind(azure):
    error = caught(
        openai.BadRequestError, lambda: azure.chat.completions.create(**{**ASK, "model": "text-embedding-3-small"})
    )
    assert error.code == "OperationNotSupported"
    assert "chatCompletion" in error.message


def test_a_wrong_version(fleet):
    with azure_of(fleet, api_version="latest") as client:
        error = caught(openai.NotFoundError, lambda: client.chat.completions.create(**ASK))
        assert error.body == {"code": "404", "message": "Resource not found"}
    with v1_of(fleet, default_query={"api-version": "2024-10-21"}) as client:
        error = caught(openai.BadRequestError, lambda: client.chat.completions.create(**ASK))
        assert error.code == "BadRequest"
    with v1_of(fleet, default_query={"api-version": "preview"}) as client:
        assert client.chat.completions.create(**ASK).choices


def test_a_path_that_is_not_there(fleet):
    answer = fleet.ask("/openai/deployments/gpt-4o/nothing", {}, {"api-key": "key", "authorization": ""})
    assert (answer.status, answer.json()) == (404, {"error": {"code": "404", "message": "Resource not found"}})


def test_a_wrong_parameter_is_named(azure):
    error = caught(openai.BadRequestError, lambda: azure.chat.completions.create(**ASK, temperature=3))
    assert (error.param, error.code) == ("temperature", "decimal_above_max_value")


@pytest.mark.parametrize(
    ("model", "error", "status", "code"),
    [
        ("gpt-4-0613", openai.AuthenticationError, 401, "401"),
        ("gpt-4-0314", openai.RateLimitError, 429, "429"),
        ("gpt-4-1106-preview", openai.InternalServerError, 503, "ServiceUnavailable"),
        ("gpt-4-0125-preview", openai.InternalServerError, 500, None),
    ],
)
@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_configured_faults(azure, model, error, status, code, stream):
    raised = caught(error, lambda: azure.chat.completions.create(**{**ASK, "model": model}, stream=stream))
    assert (raised.status_code, raised.code) == (status, code)
    if status == 429:
        assert raised.response.headers["retry-after"] == "7"
        assert "Please retry after 7 seconds." in raised.message


def test_a_fault_is_retried(fleet, retried_key):
    model = "gpt-3.5-turbo-1106"
    path = f"/openai/deployments/{model}/chat/completions?api-version=2024-10-21"
    key = retried_key(path, {**ASK, "model": model}, 500)
    with azure_of(fleet, max_retries=1, default_headers={"x-llm-sim-key": key}) as client:
        assert client.chat.completions.create(**{**ASK, "model": model}).choices


def test_a_retry_waits_as_long_as_it_is_told(fleet, retried_key):
    model = "gpt-3.5-turbo-0613"
    path = f"/openai/deployments/{model}/chat/completions?api-version=2024-10-21"
    key = retried_key(path, {**ASK, "model": model}, 429)
    with azure_of(fleet, max_retries=1, default_headers={"x-llm-sim-key": key}) as client:
        began = time.monotonic()
        assert client.chat.completions.create(**{**ASK, "model": model}).choices
        assert time.monotonic() - began >= 1


def test_metrics_say_whose_api_it_was(azure, fleet):
    azure.chat.completions.create(**ASK)

    def told():
        return [
            name for name in fleet.metrics() if 'provider="azure"' in name and 'endpoint="chat_completions"' in name
        ]

    assert wait_for(told, "the request in the metrics")
