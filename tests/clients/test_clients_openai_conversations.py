"""Conversations through the official OpenAI client: made, changed, listed, spoken in, forgotten."""

import asyncio
import re

import openai
import pytest
from client_checks import TINY_PNG, strangers, turn

PICTURE = {"type": "input_image", "image_url": TINY_PNG, "detail": "low"}
ITEMS = [
    turn("Hello"),
    turn("Good day.", "assistant"),
    {"role": "user", "content": [{"type": "input_text", "text": "Look"}, PICTURE]},
    {"type": "function_call", "call_id": "call_1", "name": "look", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "call_1", "output": "A dot."},
]


def texts(items):
    return [part.text for item in items for part in getattr(item, "content", ()) if hasattr(part, "text")]


def test_the_life_of_a_conversation(client):
    made = client.conversations.create(metadata={"topic": "tides"}, items=ITEMS[:1])
    assert strangers(made) == []
    assert re.fullmatch("conv_[0-9a-f]{50}", made.id)
    assert client.conversations.retrieve(made.id) == made
    changed = client.conversations.update(made.id, metadata={"topic": "moons"})
    assert (changed.metadata, changed.created_at) == ({"topic": "moons"}, made.created_at)
    assert client.conversations.retrieve(made.id) == changed
    gone = client.conversations.delete(made.id)
    assert strangers(gone) == []
    assert (gone.id, gone.deleted, gone.object) == (made.id, True, "conversation.deleted")
    for ask in (
        lambda: client.conversations.retrieve(made.id),
        lambda: client.conversations.delete(made.id),
        lambda: client.conversations.items.list(made.id),
        lambda: client.responses.create(model="gpt-4o", input="Hi", conversation=made.id),
    ):
        with pytest.raises(openai.NotFoundError, match=f"Conversation with id '{made.id}' not found"):
            ask()


def test_an_empty_conversation(client, make_openai):
    made = client.conversations.create()
    assert made.metadata == {}
    assert list(client.conversations.items.list(made.id)) == []
    with pytest.raises(openai.NotFoundError):
        make_openai(api_key="sk-another").conversations.retrieve(made.id)


def test_items_come_and_go(client):
    home = client.conversations.create().id
    added = client.conversations.items.create(home, items=ITEMS)
    assert strangers(added) == []
    assert [item.type for item in added.data] == ["message"] * 3 + ["function_call", "function_call_output"]
    assert (added.first_id, added.last_id, added.has_more) == (added.data[0].id, added.data[-1].id, False)
    page = client.conversations.items.list(home, order="asc", limit=2)
    assert page.has_more
    items = list(page)
    assert [item.id for item in items] == [item.id for item in added.data]
    assert [strangers(item) for item in items] == [[]] * 5
    newest = client.conversations.items.list(home, limit=1)
    assert next(iter(newest)).id == added.last_id
    one = client.conversations.items.retrieve(items[1].id, conversation_id=home)
    assert (one.role, one.content[0].type, one.content[0].text) == ("assistant", "output_text", "Good day.")
    seen = client.conversations.items.retrieve(
        items[2].id, conversation_id=home, include=["message.input_image.image_url"]
    )
    assert seen.content[1].image_url == TINY_PNG
    assert client.conversations.items.delete(items[1].id, conversation_id=home).id == home
    with pytest.raises(openai.NotFoundError, match="not found in conversation"):
        client.conversations.items.retrieve(items[1].id, conversation_id=home)
    with pytest.raises(openai.NotFoundError):
        client.conversations.items.delete(items[1].id, conversation_id=home)
    assert [item.id for item in client.conversations.items.list(home, order="asc")] == [
        item.id for place, item in enumerate(items) if place != 1
    ]


def test_a_response_reads_and_continues_its_conversation(client):
    home = client.conversations.create(items=[turn("My name is Ann.")]).id
    alone = client.responses.create(model="gpt-4o", input="Who am I?")
    first = client.responses.create(model="gpt-4o", input="Who am I?", conversation=home)
    assert strangers(first) == []
    assert first.conversation.id == home
    assert first.usage.input_tokens > alone.usage.input_tokens
    with client.responses.stream(model="gpt-4o", input="And now?", conversation={"id": home}) as stream:
        second = stream.get_final_response()
    items = list(client.conversations.items.list(home, order="asc"))
    assert texts(items) == ["My name is Ann.", "Who am I?", first.output_text, "And now?", second.output_text]
    assert items[2].id == first.output[0].id
    counted = client.responses.input_tokens.count(model="gpt-4o", input="x", conversation=home)
    assert counted.input_tokens > second.usage.input_tokens


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"items": [{"role": "robot", "content": "x"}]}, "items[0].role"),
        ({"items": [turn("x")] * 21}, "items"),
        ({"items": [{"type": "item_reference", "id": "msg_1"}]}, "input"),
        ({"items": [{**turn("x"), "id": "msg_1"}] * 2}, "items"),
        ({"metadata": {"k" * 65: "v"}}, None),
        ({"metadata": {"k": "v" * 513}}, "metadata"),
        ({"extra_body": {"nonsense": 1}}, "nonsense"),
    ],
)
def test_what_is_wrong_is_named(client, body, param):
    with pytest.raises(openai.APIStatusError) as caught:
        client.conversations.create(**body)
    assert caught.value.status_code in {400, 404}
    if param is not None:
        assert caught.value.param == param


def test_ids_that_can_be_none(client):
    with pytest.raises(openai.BadRequestError, match="Expected an ID that begins with 'conv'"):
        client.conversations.retrieve("resp_1")
    home = client.conversations.create(items=[{**turn("x"), "id": "msg_1"}]).id
    with pytest.raises(openai.BadRequestError, match="Duplicate item found with id msg_1"):
        client.conversations.items.create(home, items=[{**turn("x"), "id": "msg_1"}])
    with pytest.raises(openai.BadRequestError, match="Duplicate item found with id msg_1"):
        client.responses.create(model="gpt-4o", input=[{**turn("x"), "id": "msg_1"}], conversation=home)


def test_many_workers_hold_one_conversation(make_openai):
    """What one worker stored, every other one finds at once, and in the order in which it was said."""
    clients = [make_openai() for _ in range(8)]
    home = clients[0].conversations.create().id
    shards = set()
    for number, each in enumerate(clients):
        raw = each.conversations.items.with_raw_response.create(home, items=[turn(f"Line {number}")])
        shards.add(raw.headers["x-llm-sim-shard"])
    assert len(shards) >= 2
    assert texts(clients[0].conversations.items.list(home, order="asc")) == [f"Line {number}" for number in range(8)]


def test_the_async_client(fleet):
    async def talk():
        given = {"base_url": f"{fleet.url}/v1", "api_key": "sk-test", "max_retries": 0}
        async with openai.AsyncOpenAI(**given, _strict_response_validation=True) as there:
            home = (await there.conversations.create(items=ITEMS)).id
            items = [item async for item in there.conversations.items.list(home)]
            await there.conversations.delete(home)
            return items

    assert len(asyncio.run(talk())) == len(ITEMS)
