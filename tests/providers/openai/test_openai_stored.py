"""Stored completions on a shelf in memory: what is kept, found, changed and forgotten."""

import json

import pytest
from desk import MemoryDesk
from openai.pagination import SyncCursorPage
from openai.types.chat import ChatCompletion, ChatCompletionDeleted
from openai_plans import PROVIDER, chat_body, no_extras

PATH = "/v1/chat/completions"
ONE = PATH + "/{completion_id}"


@pytest.fixture
def desk():
    return MemoryDesk(PROVIDER)


def create(desk, **fields):
    reply = desk.ask("POST", PATH, chat_body(**{"store": True, **fields}))
    assert reply.status == 200
    return ChatCompletion.model_validate_json(reply.body, strict=True)


def ask(desk, method, path, status=200, *, name=None, body=b"", **query):
    parameters = {} if name is None else {"completion_id": name}
    given = {key: [str(value)] for key, value in query.items()}
    reply = desk.ask(method, path, body, parameters=parameters, query=given)
    assert reply.status == status, reply.body
    return json.loads(reply.body)


def listed(desk, **query):
    page = ask(desk, "GET", PATH, **query)
    typed = SyncCursorPage[ChatCompletion].model_validate(page, strict=True)
    assert all(map(no_extras, typed.data))
    names = [each.id for each in typed.data]
    assert (page["object"], page["first_id"], page["last_id"]) == (
        "list",
        names[0] if names else None,
        names[-1] if names else None,
    )
    return names, page["has_more"]


def test_what_is_not_stored_is_not_found(desk):
    reply = desk.ask("POST", PATH, chat_body())
    name = json.loads(reply.body)["id"]
    error = ask(desk, "GET", ONE, 404, name=name)["error"]
    assert error == {
        "message": f"Chat completion with id '{name}' not found.",
        "type": "invalid_request_error",
        "param": "completion_id",
        "code": None,
    }
    assert listed(desk) == ([], False)


@pytest.mark.parametrize("stream", [False, True])
def test_a_completion_is_found_as_it_was_answered(desk, stream):
    answer = desk.ask("POST", PATH, chat_body(store=True, metadata={"a": "b"}, logprobs=True, top_logprobs=1))
    told = json.loads(answer.body)
    if stream:
        desk.requests -= 1
        assert desk.ask("POST", PATH, chat_body(store=True, metadata={"a": "b"}, logprobs=True, top_logprobs=1,
                                                stream=True)).status == 200  # fmt: skip
        assert listed(desk) == ([told["id"]], False)
    found = ask(desk, "GET", ONE, name=told["id"])
    assert found == {**told, "metadata": {"a": "b"}}
    assert no_extras(ChatCompletion.model_validate(found, strict=True))


def test_the_same_request_twice_is_two_objects(desk):
    one, other = create(desk), create(desk)
    assert one.id != other.id
    assert one.choices == other.choices
    assert listed(desk) == ([one.id, other.id], False)


def test_pages(desk):
    names = [create(desk).id for _ in range(5)]
    assert listed(desk, limit=2) == (names[:2], True)
    assert listed(desk, limit=2, after=names[1]) == (names[2:4], True)
    assert listed(desk, limit=2, after=names[3]) == (names[4:], False)
    assert listed(desk, limit=5) == (names, False)
    assert listed(desk, order="desc", limit=3) == (names[:1:-1], True)
    assert listed(desk, order="desc", after=names[2]) == (names[1::-1], False)
    assert listed(desk, after="chatcmpl-gone") == ([], False)
    assert listed(desk, after="é" * 200) == ([], False)


def test_filters(desk):
    red = create(desk, metadata={"colour": "red", "n": "1"}).id
    blue = create(desk, metadata={"colour": "blue"}, model="gpt-4o-mini").id
    bare = create(desk).id
    assert listed(desk, **{"metadata[colour]": "red"}) == ([red], False)
    assert listed(desk, **{"metadata[colour]": "red", "metadata[n]": "2"}) == ([], False)
    assert listed(desk, model="gpt-4o-mini") == ([blue], False)
    assert listed(desk, model="gpt-4o-mini-2024-07-18") == ([blue], False)
    assert listed(desk, model="gpt-4o-2024-08-06") == ([red, bare], False)
    assert listed(desk, model="gpt-4o", **{"metadata[colour]": "blue"}) == ([], False)


def test_a_listing_reads_more_than_one_page_of_the_shelf(desk):
    names = [create(desk, metadata={"nth": str(number)}).id for number in range(205)]
    assert listed(desk, **{"metadata[nth]": "203"}) == ([names[203]], False)
    assert listed(desk, limit=100, after=names[99]) == (names[100:200], True)


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ({"limit": "0"}, "limit", "integer_below_min_value"),
        ({"limit": "101"}, "limit", "integer_above_max_value"),
        ({"limit": "many"}, "limit", "invalid_type"),
        ({"limit": "9" * 50}, "limit", "invalid_type"),
        ({"limit": "²"}, "limit", "invalid_type"),
        ({"order": "up"}, "order", "invalid_value"),
    ],
)
def test_queries_that_are_refused(desk, query, param, code):
    name = create(desk).id
    for path, parameters in ((PATH, None), (PATH + "/{completion_id}/messages", name)):
        error = ask(desk, "GET", path, 400, name=parameters, **query)["error"]
        assert (error["param"], error["code"]) == (param, code)


def test_metadata_is_replaced(desk):
    name = create(desk, metadata={"a": "1", "b": "2"}).id
    found = ask(desk, "POST", ONE, name=name, body=b'{"metadata":{"c":"3"}}')
    assert found["metadata"] == {"c": "3"}
    assert ask(desk, "GET", ONE, name=name) == found
    assert ask(desk, "POST", ONE, name=name, body=b'{"metadata":null}')["metadata"] == {}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{}", "Missing required parameter: 'metadata'."),
        (b'{"metadata":{"a":1}}', "Invalid type for 'metadata': expected a string, but got an integer instead."),
        (b'{"metadata":{},"model":"x"}', "Unknown parameter: 'model'."),
        (b"[", "We could not parse the JSON body of your request."),
        (b'{"metadata":' + b'{"a":' * 300 + b"1" + b"}" * 301, "Invalid type for 'metadata'"),
    ],
)
def test_updates_that_are_refused(desk, body, message):
    name = create(desk).id
    assert ask(desk, "POST", ONE, 400, name=name, body=body)["error"]["message"].startswith(message)


def test_a_completion_that_is_always_being_changed_is_a_conflict(desk, monkeypatch):
    name = create(desk).id

    async def lost(*_):
        return False

    monkeypatch.setattr(desk.shelf, "swap", lost)
    error = ask(desk, "POST", ONE, 409, name=name, body=b'{"metadata":{}}')["error"]
    assert name in error["message"]


def test_a_completion_is_deleted_with_its_messages(desk):
    name = create(desk).id
    told = ask(desk, "DELETE", ONE, name=name)
    assert no_extras(ChatCompletionDeleted.model_validate(told, strict=True))
    assert (told["id"], told["deleted"]) == (name, True)
    for method, path, body in (
        ("GET", ONE, b""),
        ("DELETE", ONE, b""),
        ("POST", ONE, b'{"metadata":{}}'),
        ("GET", ONE + "/messages", b""),
    ):
        assert ask(desk, method, path, 404, name=name, body=body)["error"]["param"] == "completion_id"
    assert listed(desk) == ([], False)


@pytest.mark.parametrize("name", ["x" * 10_000, "é", "\x00", "a/b", "%s"])
def test_names_that_nothing_has(desk, name):
    assert ask(desk, "GET", ONE, 404, name=name)["error"]["type"] == "invalid_request_error"


def test_messages(desk):
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    picture = {"type": "image_url", "image_url": {"url": "https://example.com/a.png", "detail": "low"}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is it?"}, picture], "name": "ann"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "a cat"},
    ]
    name = create(desk, messages=messages).id
    page = ask(desk, "GET", ONE + "/messages", name=name)
    data = page["data"]
    assert [message["id"] for message in data] == [f"{name}-{index}" for index in range(4)]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (f"{name}-0", f"{name}-3", False)
    assert data[0] == {"id": f"{name}-0", "role": "system", "content": "Be brief.", "content_parts": None}
    assert (data[1]["content"], data[1]["content_parts"], data[1]["name"]) == (None, messages[1]["content"], "ann")
    assert data[2]["tool_calls"] == [call]
    query = {"limit": 2, "order": "desc"}
    page = ask(desk, "GET", ONE + "/messages", name=name, **query)
    assert ([message["id"] for message in page["data"]], page["has_more"]) == ([f"{name}-3", f"{name}-2"], True)
    page = ask(desk, "GET", ONE + "/messages", name=name, after=page["last_id"], **query)
    assert ([message["id"] for message in page["data"]], page["has_more"]) == ([f"{name}-1", f"{name}-0"], False)
    assert ask(desk, "GET", ONE + "/messages", name=name, after="nobody")["data"] == []


def test_only_text_and_pictures_of_a_bearable_size_are_kept(desk):
    huge = {"type": "image_url", "image_url": {"url": "https://e.com/" + "x" * 8_000_000}}
    sound = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    content = [{"type": "text", "text": "hm"}, huge, sound]
    name = create(desk, messages=[{"role": "user", "content": content}], model="gpt-4o").id
    (message,) = ask(desk, "GET", ONE + "/messages", name=name)["data"]
    assert message["content_parts"] == [{"type": "text", "text": "hm"}]
