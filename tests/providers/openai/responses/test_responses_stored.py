"""Stored responses: gone on with, asked for early, cancelled, listed, streamed again; with a clock set by hand."""

import re

import pytest
from responses_plans import FUNCTION, Desk, accumulated, events_of

KINDS = {"response", "response_answer", "conversation"}


@pytest.fixture
def desk():
    return Desk()


def test_an_arrival_is_an_object_of_its_own(desk):
    one, two = desk.create(), desk.create()
    assert one["id"] != two["id"]
    assert one["output"] == two["output"]
    assert one["created_at"] == 1_800_000_000
    unstored = [desk.create(store=False) for _ in range(2)]
    assert unstored[0] == unstored[1]
    assert unstored[0]["output"] == one["output"]
    assert desk.response(one["id"]) == one
    assert desk.response(unstored[0]["id"], 404)["error"]["code"] is None


def test_ids_look_like_the_services(desk):
    told = desk.create(model="o3", tools=[FUNCTION], input="Weather in Rome?")
    ids = [told["id"], *[item["id"] for item in told["output"]]]
    assert [re.fullmatch("([a-z]+)_[0-9a-f]{50}", name)[1] for name in ids] == ["resp", "rs", "fc"]


def test_a_chain_of_responses(desk):
    first = desk.create(input="One", instructions="Speak like a pirate.")
    second = desk.create(input="Two", previous_response_id=first["id"])
    third = desk.create(input="Three", previous_response_id=second["id"])
    items = desk.tell(
        "GET", "/v1/responses/{response_id}/input_items", response_id=third["id"], query={"order": ["asc"]}
    )["data"]
    texts = [part["text"] for item in items for part in item["content"]]
    answers = [each["output"][0]["content"][0]["text"] for each in (first, second)]
    assert texts == ["One", answers[0], "Two", answers[1], "Three"]
    desk.tell("DELETE", "/v1/responses/{response_id}", response_id=first["id"])
    refused = desk.create(400, previous_response_id=third["id"])["error"]
    assert (refused["code"], refused["message"]) == (
        "previous_response_not_found",
        f"Previous response with id '{first['id']}' not found.",
    )


def test_a_response_that_is_not_stored_may_go_on_with_one_that_is(desk):
    first = desk.create(input="One")
    second = desk.create(input="Two", previous_response_id=first["id"], store=False)
    assert second["previous_response_id"] == first["id"]
    assert second["usage"]["input_tokens"] > desk.create(input="Two")["usage"]["input_tokens"]


def test_items_that_are_only_named(desk):
    first = desk.create(input=[{"role": "user", "content": "Weather in Rome?"}], tools=[FUNCTION], model="o3")
    (said,) = desk.tell("GET", "/v1/responses/{response_id}/input_items", response_id=first["id"])["data"]
    named = [{"type": "item_reference", "id": item["id"]} for item in (said, *first["output"])]
    named[1].pop("type")
    result = {"type": "function_call_output", "call_id": first["output"][1]["call_id"], "output": "Sunny"}
    by_name = desk.create(input=[*named, result], model="o3", store=False)
    in_full = desk.create(input=[said, *first["output"], result], model="o3", store=False)
    assert by_name["output"] == in_full["output"]
    assert desk.create(404, input=[{"type": "item_reference", "id": "msg_" + "0" * 50}])["error"]["param"] == "input"
    desk.tell("DELETE", "/v1/responses/{response_id}", response_id=first["id"])
    assert "not found" in desk.create(404, input=[*named, result], model="o3")["error"]["message"]


def test_a_background_response_takes_its_time(desk):
    desk.offsets = (4.0, 0.5)
    told = desk.create(background=True, max_output_tokens=16)
    assert (told["status"], told["output"], told["usage"], told["background"]) == ("queued", [], None, True)
    seen = []
    for passed in (0, 3.9, 4, 11.4, 11.6, 100):
        desk.now = 1_800_000_000 + passed
        seen.append(desk.response(told["id"])["status"])
    assert seen == ["queued", "queued", "in_progress", "in_progress", "incomplete", "incomplete"]
    final = desk.response(told["id"])
    assert final["incomplete_details"] == {"reason": "max_output_tokens"}
    assert final["usage"]["output_tokens"] == 16


def test_when_a_background_response_was_done(desk):
    desk.offsets = (2.0, 0.0)
    told = desk.create(background=True)
    assert desk.create(400, previous_response_id=told["id"])["error"]["param"] == "previous_response_id"
    desk.now += 60
    done = desk.response(told["id"])
    assert (done["status"], done["completed_at"]) == ("completed", 1_800_000_002)
    assert desk.create(previous_response_id=told["id"])["status"] == "completed"


def test_cancelling(desk):
    desk.offsets = (5.0, 1.0)
    told = desk.create(background=True)
    desk.now += 6
    path = "/v1/responses/{response_id}/cancel"
    cancelled = desk.tell("POST", path, response_id=told["id"])
    assert (cancelled["status"], cancelled["output"], cancelled["usage"]) == ("cancelled", [], None)
    desk.now += 1_000
    assert desk.tell("POST", path, response_id=told["id"]) == cancelled == desk.response(told["id"])
    done = desk.create(background=True)
    desk.now += 1_000
    assert desk.tell("POST", path, response_id=done["id"])["status"] == "completed"
    plain = desk.create()
    refused = desk.tell("POST", path, status=400, response_id=plain["id"])["error"]
    assert refused["message"] == "Cannot cancel a synchronous response."
    assert desk.tell("POST", path, status=404, response_id="resp_1")
    assert desk.tell("POST", path, status=400, response_id="x")["error"]["param"] == "response_id"


def test_a_background_stream_is_told_again_as_far_as_it_is(desk):
    desk.offsets = (1.0, 1.0)
    told = desk.create(background=True, stream=True, max_output_tokens=16)
    assert told["status"] == "queued"
    assert desk.stream(response_id=told["id"]) == b""
    desk.now += 2.5
    some = desk.stream(response_id=told["id"])
    kinds = [event["type"].removeprefix("response.") for event in events_of(some)]
    assert kinds[:3] == ["created", "queued", "in_progress"]
    assert kinds.count("output_text.delta") == 2
    desk.now += 100
    whole = desk.stream(response_id=told["id"])
    assert whole == some + desk.stream(response_id=told["id"], starting_after=len(kinds) - 1)
    assert accumulated(events_of(whole)) == desk.response(told["id"])
    assert desk.stream(response_id=told["id"], starting_after=10_000) == b""
    plain = desk.create()
    assert desk.response(plain["id"], 400, query={"stream": ["true"]})["error"]["param"] == "stream"
    assert desk.response(plain["id"], 400, query={"starting_after": ["1"]})["error"]["param"] == "starting_after"
    assert desk.response(plain["id"], 400, query={"stream": ["maybe"]})["error"]["param"] == "stream"


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({"limit": ["0"]}, "limit"),
        ({"limit": ["101"]}, "limit"),
        ({"limit": ["x"]}, "limit"),
        ({"order": ["up"]}, "order"),
    ],
)
def test_pages_that_there_are_not(desk, query, param):
    told = desk.create()
    path = "/v1/responses/{response_id}/input_items"
    assert desk.tell("GET", path, status=400, query=query, response_id=told["id"])["error"]["param"] == param


def test_an_empty_page(desk):
    told = desk.create()
    path = "/v1/responses/{response_id}/input_items"
    page = desk.tell("GET", path, query={"after": ["msg_gone"]}, response_id=told["id"])
    assert page == {"object": "list", "data": [], "first_id": "", "has_more": False, "last_id": ""}


def test_a_conversation_holds_what_was_said(desk):
    made = desk.tell("POST", "/v1/conversations", {"items": [{"role": "user", "content": "I am Ann."}]})
    first = desk.create(conversation=made["id"], input="Hello")
    second = desk.create(conversation={"id": made["id"]}, input="Again", store=False)
    path = "/v1/conversations/{conversation_id}/items"
    items = desk.tell("GET", path, query={"order": ["asc"]}, conversation_id=made["id"])["data"]
    assert [item["content"][0]["text"] for item in items] == [
        "I am Ann.", "Hello", first["output"][0]["content"][0]["text"], "Again",
        second["output"][0]["content"][0]["text"],
    ]  # fmt: skip
    assert len({item["id"] for item in items}) == 5
    assert second["usage"]["input_tokens"] > first["usage"]["input_tokens"]
    assert desk.create(404, conversation="conv_gone")["error"]["message"] == (
        "Conversation with id 'conv_gone' not found."
    )


def test_a_context_that_is_too_long_loses_its_oldest_turns(desk):
    window = next(entry.context_window for entry in desk.models if entry.id == "gpt-4-0613")
    turns = [{"role": "user", "content": f"{index} " + "word " * 3_000} for index in range(4)]
    asked = {"model": "gpt-4-0613", "input": turns, "store": False}
    assert desk.create(400, **asked)["error"]["code"] == "context_length_exceeded"
    told = desk.create(**asked, truncation="auto")
    assert window / 2 < told["usage"]["input_tokens"] <= window
    short = desk.create(**{**asked, "input": turns[-2:]})
    assert told["output"] == short["output"]
    fits = desk.create(**{**asked, "input": turns[-2:]}, truncation="auto")
    assert fits["output"] == short["output"]
    alone = [{"role": "user", "content": "word " * 20_000}]
    assert (
        desk.create(400, **{**asked, "input": alone}, truncation="auto")["error"]["code"] == "context_length_exceeded"
    )
