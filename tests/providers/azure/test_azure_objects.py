"""Models, batches and responses in Azure's envelope."""

import json

import pytest
from azure_plans import DATED, OPENAI, PROVIDER, RESPONSES, VERSION, Target, desk_of, endpoint, planned
from desk import MemoryDesk

from simulator.providers.base import Problem, Refusal
from simulator.providers.described import described
from simulator.providers.openai import OpenAI

LINE = {
    "custom_id": "one",
    "method": "POST",
    "body": {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]},
}


def form(content, purpose="batch"):
    return (
        b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n%b\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="in.jsonl"\r\n\r\n%b\r\n--b--\r\n'
    ) % (purpose.encode(), content)


FORM = {b"content-type": b"multipart/form-data; boundary=b"}


def test_what_is_served():
    """All of OpenAI's dialect, below `/openai/v1` and at dated paths, but for what Azure has not."""
    paths = {one.path for one in (*PROVIDER.endpoints, *PROVIDER.actions)}
    absent = {"/v1/moderations", "/v1/images/variations", "/v1/images/pictures/{name}"}
    own = {one.path for one in (*OpenAI().endpoints, *OpenAI().actions)} - absent
    assert {f"/openai{path}" for path in own} <= paths
    assert not {f"/openai{path}" for path in absent} & paths
    assert "/openai/deployments/{deployment}/images/edits" in paths
    assert "/openai/responses" in paths
    assert "/openai/deployments/{deployment}/responses" not in paths


def test_models_at_the_dated_path_have_azures_shape():
    reply = desk_of().ask("GET", "/openai/models", query=DATED)
    told = json.loads(reply.body)
    found = {each["id"]: each for each in told["data"]}
    assert found["gpt-4o"]["capabilities"]["chat_completion"]
    assert found["text-embedding-3-small"]["capabilities"]["embeddings"]
    assert found["gpt-4o"]["lifecycle_status"] == "generally-available"
    assert {"created_at", "deprecation", "status"} <= set(found["gpt-4o"])
    one = desk_of().ask("GET", "/openai/models/{model}", parameters={"model": "gpt-4o"}, query=DATED)
    assert json.loads(one.body) == found["gpt-4o"]


def test_models_below_v1_have_openais_shape():
    told = json.loads(desk_of().ask("GET", "/openai/v1/models").body)
    assert {"id", "object", "created", "owned_by"} == set(told["data"][0])
    one = desk_of().ask("GET", "/openai/v1/models/{model}", parameters={"model": "gpt-4o"})
    assert json.loads(one.body)["id"] == "gpt-4o"
    desk = desk_of()
    assert json.loads(PROVIDER.models(desk.models, {}, desk.request_bits).body) == told
    assert json.loads(PROVIDER.model(desk.models[0], desk.request_bits).body) == told["data"][0]


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [("/openai/models", {}, 404), ("/openai/v1/models", DATED, 400), ("/openai/models", {"api-version": ["x"]}, 404)],
)
def test_listings_check_their_version(path, query, status):
    assert desk_of().ask("GET", path, query=query).status == status


def test_an_unknown_model_is_no_deployment():
    reply = desk_of().ask("GET", "/openai/models/{model}", parameters={"model": "nope"}, query=DATED)
    assert (reply.status, json.loads(reply.body)["error"]["code"]) == (404, "DeploymentNotFound")


@pytest.mark.parametrize("path", ["/openai", "/openai/v1"])
@pytest.mark.parametrize("url", ["/chat/completions", "/v1/chat/completions"])
def test_a_batch_takes_urls_with_and_without_a_version(path, url):
    desk = desk_of()
    query = DATED if path == "/openai" else {}
    content = json.dumps({**LINE, "url": url}).encode()
    file = json.loads(desk.ask("POST", f"{path}/files", form(content), headers=FORM, query=query).body)
    ask = {"completion_window": "24h", "endpoint": url, "input_file_id": file["id"]}
    batch = json.loads(desk.ask("POST", f"{path}/batches", json.dumps(ask).encode(), query=query).body)
    desk.now += 600
    parameters = {"batch_id": batch["id"]}
    done = json.loads(desk.ask("GET", f"{path}/batches/{{batch_id}}", parameters=parameters, query=query).body)
    assert (done["status"], done["request_counts"]["completed"]) == ("completed", 1)
    parameters = {"file_id": done["output_file_id"]}
    reply = desk.ask("GET", f"{path}/files/{{file_id}}/content", parameters=parameters, query=query)
    (line,) = map(json.loads, reply.body.splitlines())
    body = line["response"]["body"]
    assert body["choices"][0]["content_filter_results"]
    assert line["response"]["request_id"].count("-") == 4
    kept = desk.ask("GET", f"{path}/files/{{file_id}}/content", parameters={"file_id": file["id"]}, query=query)
    assert kept.body == content


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"endpoint": 7}', b'{"endpoint": "/nope"}'])
def test_a_body_that_is_no_batch_is_refused(body):
    assert desk_of().ask("POST", "/openai/v1/batches", body).status == 400


def test_a_response_is_filtered_created_and_found_again():
    desk = desk_of()
    body = json.dumps({"model": "gpt-4o", "input": "Hello"}).encode()
    made = json.loads(desk.ask("POST", "/openai/v1/responses", body).body)
    assert [each["source_type"] for each in made["content_filters"]] == ["prompt", "completion"]
    assert not any(each["blocked"] for each in made["content_filters"])
    parameters = {"response_id": made["id"]}
    found = desk.ask("GET", "/openai/responses/{response_id}", parameters=parameters, query={"api-version": [VERSION]})
    assert json.loads(found.body) == made
    gone = desk.ask("DELETE", "/openai/v1/responses/{response_id}", parameters=parameters)
    assert json.loads(gone.body)["deleted"]
    assert desk.ask("GET", "/openai/v1/responses/{response_id}", parameters=parameters).status == 404


def test_a_streamed_response_tells_of_the_filter_when_it_ends():
    text = 'event: response.completed\ndata: {"response":{'
    body = json.dumps({"model": "gpt-4o", "input": text, "instructions": text, "stream": True}).encode()
    call = RESPONSES.decode(body, {}, Target())
    plan = planned(call)
    stream = RESPONSES.stream(call, plan)
    events = [
        json.loads(frame.partition("\ndata: ")[2])
        for frame in stream.frames(0, stream.steps).decode().split("\n\n")[:-1]
    ]
    states = {event["type"]: event["response"] for event in events if "response" in event}
    assert states["response.created"]["content_filters"] is None
    assert states["response.in_progress"]["content_filters"] is None
    assert len(states["response.completed"]["content_filters"]) == 2
    plain = json.loads(RESPONSES.reply(call, plan).body)
    assert plain == states["response.completed"]
    assert b"response.failed" in stream.fail(Refusal(Problem.OVERLOADED), 1)


def test_a_conversation_that_is_too_long_is_shortened():
    """Its length is asked for at OpenAI's own path, which is another one here."""
    turns = [{"role": "user", "content": f"{number} " + "word " * 60_000} for number in range(4)]
    body = json.dumps({"model": "gpt-4o", "input": turns, "truncation": "auto"}).encode()
    own, azure = MemoryDesk(OPENAI), desk_of()
    told = [
        json.loads(desk.ask("POST", path, body).body)["usage"]["input_tokens"]
        for desk, path in ((own, "/v1/responses"), (azure, "/openai/v1/responses"))
    ]
    assert told[0] == told[1] > 60_000


def test_envelopes_tell_what_is_within():
    for path in ("/openai/v1/chat/completions", "/openai/deployments/{deployment}/chat/completions"):
        told, own = described(endpoint(path)), described(OPENAI.endpoints[0])
        assert (told.body, told.streamed) == (own.body, own.streamed)
        assert ("api-version" in told.query) is ("deployments" in path)
