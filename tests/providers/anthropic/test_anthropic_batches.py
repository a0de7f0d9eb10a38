"""The Message Batches API over stored objects."""

import json

import pytest
from anthropic.types.messages import DeletedMessageBatch, MessageBatch, MessageBatchIndividualResponse
from anthropic_desk import LATEST, AnthropicDesk, error_of, json_of
from anthropic_wire import strangers_in
from hypothesis import given, settings
from hypothesis import strategies as st

BATCHES = "/v1/messages/batches"
ONE = "/v1/messages/batches/{message_batch_id}"
PARAMS = {"model": "claude-haiku-4-5", "max_tokens": 40, "messages": [{"role": "user", "content": "Hello"}]}


def line(name="a", **params):
    return {"custom_id": name, "params": {**PARAMS, **params}}


def create(desk, *lines, **more):
    return desk.ask("POST", BATCHES, json.dumps({"requests": lines}).encode(), **more)


def ask(desk, method, name, tail="", **more):
    return desk.ask(method, ONE + tail, parameters={"message_batch_id": name}, **more)


def results_of(desk, name):
    reply = ask(desk, "GET", name, "/results")
    assert reply.status == 200, reply.body
    assert (b"content-type", b"application/x-jsonl") in reply.headers
    found = [MessageBatchIndividualResponse.model_validate_json(each, strict=True) for each in reply.body.splitlines()]
    for each in found:
        assert strangers_in(each) == []
    return found


@pytest.fixture
def desk():
    return AnthropicDesk(batch_rate=2.0)


def test_a_batch_from_beginning_to_end(desk) -> None:
    reply = create(desk, line("a"), line("b", model="claude-none"), line("c", max_tokens=-1), line("d", stream=True))
    begun = MessageBatch.model_validate_json(reply.body, strict=True)
    assert begun.id.startswith("msgbatch_01")
    assert (begun.processing_status, begun.request_counts.processing) == ("in_progress", 4)
    assert error_of(ask(desk, "GET", begun.id, "/results"), 404)[1] == f"Batch {begun.id} has no available results."
    desk.now += 2
    ended = MessageBatch.model_validate_json(ask(desk, "GET", begun.id).body, strict=True)
    assert ended.processing_status == "ended"
    assert (ended.request_counts.succeeded, ended.request_counts.errored) == (1, 3)
    assert ended.results_url == f"http://sim:8080/v1/messages/batches/{begun.id}/results"
    found = results_of(desk, begun.id)
    assert [each.custom_id for each in found] == ["a", "b", "c", "d"]
    assert [each.result.type for each in found] == ["succeeded", "errored", "errored", "errored"]
    assert found[0].result.message.usage.service_tier == "batch"
    errors = [each.result.error for each in found[1:]]
    assert [error.error.type for error in errors] == [
        "not_found_error",
        "invalid_request_error",
        "invalid_request_error",
    ]
    assert len({error.request_id for error in errors}) == 3
    assert results_of(desk, begun.id) == found


def test_the_answers_are_those_of_single_requests(desk) -> None:
    bodies = [{**PARAMS, "system": f"Be {number}."} for number in range(40)]
    name = json_of(create(desk, *[{"custom_id": f"{n}", "params": body} for n, body in enumerate(bodies)]))["id"]
    desk.now += 20
    for body, each in zip(bodies, results_of(desk, name), strict=True):
        single = json_of(desk.ask("POST", "/v1/messages", json.dumps(body).encode()))
        single["usage"]["service_tier"] = "batch"
        assert json.loads(each.result.message.model_dump_json(exclude_unset=True)) == single


def test_a_tool_may_be_called_like_a_tier(desk) -> None:
    schema = {"type": "object", "properties": {"service_tier": {"enum": ["standard"]}}, "required": ["service_tier"]}
    tools = [{"name": "buy", "input_schema": schema}]
    name = json_of(create(desk, line(tools=tools, tool_choice={"type": "any"})))["id"]
    desk.now += 1
    (only,) = results_of(desk, name)
    assert only.result.message.content[0].input == {"service_tier": "standard"}
    assert only.result.message.usage.service_tier == "batch"


def test_cancelling(desk) -> None:
    name = json_of(create(desk, *[line(f"{number}") for number in range(10)]))["id"]
    desk.now += 1.2
    first = json_of(ask(desk, "POST", name, "/cancel"))
    assert (first["processing_status"], first["results_url"]) == ("canceling", None)
    desk.now += 0.1
    assert json_of(ask(desk, "POST", name, "/cancel")) == first
    assert error_of(ask(desk, "DELETE", name), 400)[0] == "invalid_request_error"
    desk.now += 1
    ended = json_of(ask(desk, "GET", name))
    assert ended["request_counts"] == {"processing": 0, "succeeded": 3, "errored": 0, "canceled": 7, "expired": 0}
    assert [each.result.type for each in results_of(desk, name)] == ["succeeded"] * 3 + ["canceled"] * 7
    assert "has ended" in error_of(ask(desk, "POST", name, "/cancel"), 400)[1]


def test_expiring(desk) -> None:
    desk.batch_rate = 3 / 86_400
    name = json_of(create(desk, *[line(f"{number}") for number in range(5)]))["id"]
    desk.now += 86_400
    assert [each.result.type for each in results_of(desk, name)] == ["succeeded"] * 3 + ["expired"] * 2


def test_deleting(desk) -> None:
    name = json_of(create(desk, line()))["id"]
    assert "still processing" in error_of(ask(desk, "DELETE", name), 400)[1]
    desk.now += 1
    deleted = DeletedMessageBatch.model_validate_json(ask(desk, "DELETE", name).body, strict=True)
    assert (deleted.id, deleted.type) == (name, "message_batch_deleted")
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")):
        assert error_of(ask(desk, method, name, tail), 404) == ("not_found_error", f"Message batch not found: {name}")
    assert json_of(desk.ask("GET", BATCHES))["data"] == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_paging_forwards_and_backwards(desk, limit) -> None:
    names = [json_of(create(desk, line()))["id"] for _ in range(7)][::-1]
    seen, query = [], {"limit": [str(limit)]}
    while True:
        listing = json_of(desk.ask("GET", BATCHES, query=query))
        seen += [each["id"] for each in listing["data"]]
        assert (listing["first_id"], listing["last_id"]) == (listing["data"][0]["id"], seen[-1])
        if not listing["has_more"]:
            break
        query["after_id"] = [listing["last_id"]]
    assert seen == names
    seen, query = [], {"limit": [str(limit)], "before_id": [names[-1]]}
    while True:
        listing = json_of(desk.ask("GET", BATCHES, query=query))
        seen = [each["id"] for each in listing["data"]] + seen
        if not listing["has_more"]:
            break
        query["before_id"] = [listing["first_id"]]
    assert seen == names[:-1]
    both = desk.ask("GET", BATCHES, query={"after_id": ["a"], "before_id": ["b"]})
    assert error_of(both, 400)[1].startswith("after_id: Only one of")


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "The request body is not valid JSON"),
        (b"[]", ": Input should be a valid dictionary"),
        (b"{}", "requests: Field required"),
        (b'{"requests":[]}', "requests: "),
        (b'{"requests":{}}', "requests: Input should be a valid list"),
        (b'{"requests":[{}]}', "requests.0.custom_id: Field required"),
        (b'{"requests":[{"custom_id":"a"}]}', "requests.0.params: Field required"),
        (b'{"requests":[{"custom_id":"a","params":5}]}', "requests.0.params: Input should be a valid dictionary"),
        (b'{"requests":[{"custom_id":"","params":{}}]}', "requests.0.custom_id: String should match pattern"),
        (b'{"requests":[{"custom_id":"a b","params":{}}]}', "requests.0.custom_id: String should match pattern"),
        (b'{"requests":[{"custom_id":"a","params":{},"x":1}]}', "requests.0.x: Extra inputs are not permitted"),
        (
            b'{"requests":[{"custom_id":"a","params":{}},{"custom_id":"a","params":{}}]}',
            "requests.1.custom_id: 'a' is not unique",
        ),
        (b'{"requests":[{"custom_id":"a","params":' + b"[" * 500 + b"]" * 500 + b"}]}", "The request body is nested"),
    ],
)
def test_wrong_bodies(desk, body, sentence) -> None:
    kind, message = error_of(desk.ask("POST", BATCHES, body), 400)
    assert kind == "invalid_request_error"
    assert message.startswith(sentence.removeprefix(": "))
    assert json_of(desk.ask("GET", BATCHES))["data"] == []


@pytest.mark.parametrize(
    "params",
    [b"{}", b'{"model":5}', b'{"stream":"x"}', b'{"a":{}}', b'{"max_tokens":-1}', b'{"max_tokens":1e999}'],
)
def test_a_wrong_request_harms_no_other(desk, params) -> None:
    good = json.dumps(PARAMS).encode()
    body = b'{"requests":[{"custom_id":"a","params":%b},{"custom_id":"b","params":%b}]}' % (params, good)
    name = json_of(desk.ask("POST", BATCHES, body))["id"]
    desk.now += 1
    assert [each.result.type for each in results_of(desk, name)] == ["errored", "succeeded"]


@settings(max_examples=100)
@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_params(params) -> None:
    desk = AnthropicDesk()
    reply = desk.ask("POST", BATCHES, b'{"requests":[{"custom_id":"a","params":{"model":%b}}]}' % params)
    assert reply.status in (200, 400)
    if reply.status == 200:
        desk.now += 1
        assert results_of(desk, json_of(reply)["id"])[0].result.type == "errored"


def test_too_many_requests(desk) -> None:
    body = b'{"requests":[%b]}' % b",".join(b'{"custom_id":"%d","params":{}}' % number for number in range(100_001))
    assert error_of(desk.ask("POST", BATCHES, body), 400)[1].startswith("requests: List should have at most 100000")


def test_every_request_names_a_version(desk) -> None:
    name = json_of(create(desk, line()))["id"]
    for method, tail in (("GET", ""), ("DELETE", ""), ("POST", "/cancel"), ("GET", "/results")):
        assert error_of(ask(desk, method, name, tail, headers={}), 400)[1] == "anthropic-version: header is required"
    assert desk.ask("GET", BATCHES, headers={}).status == 400


def test_large_batches_are_stored_in_portions(desk) -> None:
    lines = [line(f"{number}", system="x" * 100_000) for number in range(7)] + [line("last", system="y" * 400_000)]
    name = json_of(create(desk, *lines))["id"]
    desk.now += 5
    assert [each.custom_id for each in results_of(desk, name)] == [each["custom_id"] for each in lines]


@pytest.mark.parametrize(
    ("headers", "origin"),
    [
        ({}, ""),
        ({b"host": b"a.b:1"}, "http://a.b:1"),
        ({b"host": b"[::1]:8080"}, "http://[::1]:8080"),
        ({b"host": b"a.b", b"x-forwarded-proto": b"https, http"}, "https://a.b"),
        ({b"host": b"a b\r\n"}, ""),
    ],
)
def test_where_the_results_are(desk, headers, origin) -> None:
    version = {b"anthropic-version": LATEST[b"anthropic-version"]}
    name = json_of(create(desk, line()))["id"]
    desk.now += 1
    told = json_of(ask(desk, "GET", name, headers=version | headers))
    assert told["results_url"] == f"{origin}/v1/messages/batches/{name}/results"
