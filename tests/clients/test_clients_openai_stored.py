"""Stored chat completions through the official OpenAI client, on several workers."""

import openai
import pytest
from client_checks import strangers, turn

ASK = {"model": "gpt-4o", "messages": [turn("Be brief.", "system"), turn("Tell me of tides.")], "store": True}


@pytest.fixture
def mine(make_openai, request):
    """A client with a key of its test's own: what is stored belongs to its key."""
    return make_openai(api_key=f"sk-stored-{request.node.name.replace('[', '-').replace(']', '')}")


def test_a_stored_completion_is_found_changed_and_deleted(mine, make_openai):
    created = mine.chat.completions.create(**ASK, metadata={"kind": "tide"})
    found = mine.chat.completions.retrieve(created.id)
    assert strangers(found) == []
    assert found.metadata == {"kind": "tide"}
    assert found.model_copy(update={"metadata": None}) == created
    changed = mine.chat.completions.update(created.id, metadata={"kind": "moon", "n": "1"})
    assert strangers(changed) == []
    for other in [make_openai(api_key=mine.api_key) for _ in range(8)]:
        assert other.chat.completions.retrieve(created.id) == changed
    deleted = mine.chat.completions.delete(created.id)
    assert strangers(deleted) == []
    assert (deleted.id, deleted.deleted) == (created.id, True)
    with pytest.raises(openai.NotFoundError) as caught:
        mine.chat.completions.retrieve(created.id)
    assert caught.value.param == "completion_id"


def test_a_streamed_completion_is_stored_whole(mine):
    with mine.chat.completions.stream(**ASK, logprobs=True) as stream:
        final = stream.get_final_completion()
    found = mine.chat.completions.retrieve(final.id)
    assert found.choices[0].message.content == final.choices[0].message.content
    assert found.choices[0].logprobs.content == final.choices[0].logprobs.content


def test_listings(mine, make_openai):
    names = [mine.chat.completions.create(**ASK, metadata={"parity": str(n % 2)}).id for n in range(5)]
    assert len(set(names)) == 5
    page = mine.chat.completions.list(limit=2)
    assert [strangers(each) for each in page.data] == [[], []]
    assert [each.id for each in page] == names
    assert [each.id for each in mine.chat.completions.list(order="desc", limit=3)] == names[::-1]
    assert [each.id for each in mine.chat.completions.list(metadata={"parity": "1"})] == names[1::2]
    assert [each.id for each in mine.chat.completions.list(model="gpt-4o-2024-08-06", after=names[2])] == names[3:]
    assert list(mine.chat.completions.list(model="gpt-4o-mini")) == []
    assert list(make_openai(api_key="sk-stored-somebody-else").chat.completions.list()) == []


def test_messages(mine, make_openai):
    """The strict client takes a user's message from nobody: its type has the assistant's role alone."""
    created = mine.chat.completions.create(**ASK)
    lenient = make_openai(strict=False, api_key=mine.api_key)
    messages = list(lenient.chat.completions.messages.list(created.id, limit=1))
    assert [strangers(message) for message in messages] == [[], []]
    assert [(message.id, message.role, message.content) for message in messages] == [
        (f"{created.id}-0", "system", "Be brief."),
        (f"{created.id}-1", "user", "Tell me of tides."),
    ]
    first = next(iter(lenient.chat.completions.messages.list(created.id, order="desc")))
    assert first.id == f"{created.id}-1"


def test_what_is_not_stored_is_not_there(mine):
    created = mine.chat.completions.create(model="gpt-4o", messages=ASK["messages"])
    with pytest.raises(openai.NotFoundError):
        mine.chat.completions.retrieve(created.id)
    assert list(mine.chat.completions.list()) == []


def test_metadata_has_its_limits(mine):
    created = mine.chat.completions.create(**ASK)
    for metadata in ({"k" * 65: "v"}, {"k": "v" * 513}, {str(n): "" for n in range(17)}):
        with pytest.raises(openai.BadRequestError) as caught:
            mine.chat.completions.update(created.id, metadata=metadata)
        assert caught.value.param == "metadata"
