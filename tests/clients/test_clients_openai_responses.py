"""Responses through the official OpenAI client: answered, parsed, streamed, stored, gone on with."""

import asyncio
import json
import re

import openai
import pydantic
import pytest
from client_checks import TINY_PNG, WEATHER, strangers

ASK = {"model": "gpt-4o", "instructions": "You are terse.", "input": "Tell me of tides and the moon."}
WEATHER_TOOL = {"type": "function", "name": "get_weather", "description": "d", "parameters": WEATHER, "strict": False}
HEX = "[0-9a-f]{50}"


class Answer(pydantic.BaseModel):
    """What a structured answer is parsed into."""

    title: str
    pages: int
    tags: list[str]


def heard(stream):
    """All events of a stream, each checked; the numbers run from 0 without a gap."""
    events = list(stream)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert [strangers(event) for event in events] == [[]] * len(events)
    assert all(type(event).__name__.startswith("Response") for event in events)
    return events


def stable(response):
    """What of two responses to the same request is the same, though both are stored."""
    told = response.model_dump()
    for name in ("id", "created_at", "completed_at"):
        told.pop(name)
    return told


def test_a_plain_answer(client):
    response = client.responses.create(**ASK)
    assert strangers(response) == []
    assert re.fullmatch(f"resp_{HEX}", response.id)
    assert (response.object, response.status, response.model) == ("response", "completed", "gpt-4o-2024-08-06")
    (message,) = response.output
    assert re.fullmatch(f"msg_{HEX}", message.id)
    assert (message.role, message.status) == ("assistant", "completed")
    assert response.output_text == message.content[0].text != ""
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert response.instructions == "You are terse."
    assert response.error is response.incomplete_details is None


def test_the_request_is_told_back(client):
    given = {
        "metadata": {"run": "7"},
        "max_output_tokens": 200,
        "max_tool_calls": 3,
        "parallel_tool_calls": False,
        "prompt_cache_key": "key",
        "safety_identifier": "someone",
        "temperature": 0.5,
        "top_p": 0.9,
        "truncation": "auto",
        "user": "u",
        "prompt_cache_retention": "24h",
    }
    tools = [
        {"type": "web_search", "search_context_size": "low"},
        {"type": "custom", "name": "run", "format": {"type": "grammar", "syntax": "regex", "definition": "[a-z]+"}},
        {"type": "mcp", "server_label": "wiki", "server_url": "https://w.example", "headers": {"a": "secret"}},
        {"type": "namespace", "name": "crm", "description": "Customers", "tools": [WEATHER_TOOL]},
    ]
    response = client.responses.create(**ASK, **given, tools=tools, tool_choice="none", service_tier="priority")
    assert strangers(response) == []
    assert {name: getattr(response, name) for name in given} == given
    assert (response.service_tier, response.tool_choice, response.text.format.type) == ("priority", "none", "text")
    assert [tool.type for tool in response.tools] == [tool["type"] for tool in tools]
    assert response.tools[2].headers is None
    assert response.tools[3].tools[0].name == "get_weather"


def test_the_answer_depends_on_the_request_alone(client, make_openai):
    """Stored responses are two objects that say the same; those that are not stored are the same in every byte."""
    one, two = [client.responses.create(**ASK, metadata={"n": "1"}) for _ in range(2)]
    assert one.id != two.id
    assert stable(one) == stable(two)
    found = [each.responses.with_raw_response.create(**ASK, store=False) for each in [make_openai() for _ in range(8)]]
    assert len({raw.headers["x-llm-sim-shard"] for raw in found}) >= 2
    assert len({raw.text for raw in found}) == 1
    assert found[0].parse().output == one.output
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(found[0].parse().id)


def test_a_structured_answer_is_parsed(client):
    response = client.responses.parse(model="gpt-4o", input="Describe a book of 300 pages.", text_format=Answer)
    assert isinstance(response.output_parsed, Answer)
    assert response.text.format.strict is True
    assert strangers(client.responses.retrieve(response.id)) == []
    loose = client.responses.create(
        model="gpt-4o", input="Some json, please.", text={"format": {"type": "json_object"}, "verbosity": "medium"}
    )
    assert loose.output_text.startswith("{")


def test_a_stream_is_the_plain_answer_in_pieces(client):
    plain = client.responses.create(**ASK)
    events = heard(client.responses.create(**ASK, stream=True))
    kinds = [event.type for event in events]
    deltas = kinds.count("response.output_text.delta")
    assert deltas == plain.usage.output_tokens
    assert kinds == [
        *("response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"),
        *["response.output_text.delta"] * deltas,
        *("response.output_text.done", "response.content_part.done", "response.output_item.done"),
        "response.completed",
    ]
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == plain.output_text
    assert stable(events[-1].response) == stable(plain)
    assert client.responses.retrieve(events[-1].response.id) == events[-1].response


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"model": "o3", "reasoning": {"effort": "low", "summary": "auto"}},
        {"tools": [WEATHER_TOOL], "input": "Weather in Paris and in Rome?"},
        {"tools": [{"type": "custom", "name": "python", "description": "Run python"}], "tool_choice": "required"},
        {"tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}},
        {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}], "tool_choice": "required"},
        {"tools": [{"type": "file_search", "vector_store_ids": ["vs_1"]}], "tool_choice": {"type": "file_search"}},
        {"tools": [{"type": "image_generation", "partial_images": 2}], "tool_choice": {"type": "image_generation"}},
        {"tools": [{"type": "mcp", "server_label": "w", "server_url": "https://w"}], "tool_choice": "required"},
        {"tools": [{"type": "shell"}], "tool_choice": {"type": "shell"}},
        {"tools": [{"type": "local_shell"}], "tool_choice": "required"},
        {"tools": [{"type": "apply_patch"}], "tool_choice": {"type": "apply_patch"}},
        {"tools": [{"type": "computer"}], "tool_choice": {"type": "computer"}},
        {"max_output_tokens": 16},
        {"context_management": [{"type": "compaction", "compact_threshold": 1000}], "input": "word " * 1_100},
    ],
    ids=lambda more: str(more.get("tools", more))[:40],
)
def test_any_stream_helper_comes_to_the_plain_answer(client, more):
    asked = {**ASK, **more}
    plain = client.responses.create(**asked)
    assert strangers(plain) == []
    events = heard(client.responses.create(**asked, stream=True))
    assert stable(events[-1].response) == stable(plain)
    with client.responses.stream(**asked) as stream:
        last = list(stream)[-1]
    if last.type == "response.completed":
        assert last.response.output_text == plain.output_text
        assert [item.id for item in last.response.output] == [item.id for item in plain.output]
    else:
        assert last.type == "response.incomplete"
        assert plain.incomplete_details.reason == "max_output_tokens"
        assert plain.usage.output_tokens == 16


def test_log_probabilities(client):
    asked = {**ASK, "include": ["message.output_text.logprobs"], "top_logprobs": 3}
    plain = client.responses.create(**asked)
    logprobs = plain.output[0].content[0].logprobs
    assert "".join(each.token for each in logprobs) == plain.output_text
    assert all(len(each.top_logprobs) == 3 and bytes(each.bytes).decode() == each.token for each in logprobs)
    events = heard(client.responses.create(**asked, stream=True))
    told = [event.logprobs[0] for event in events if event.type == "response.output_text.delta"]
    assert [each.logprob for each in told] == [each.logprob for each in logprobs]


def test_thoughts_are_summed_up_and_sealed(client):
    asked = {"model": "o3", "input": "Why is the sky blue?", "reasoning": {"effort": "high", "summary": "detailed"}}
    response = client.responses.create(**asked, include=["reasoning.encrypted_content"])
    thought, message = response.output
    assert (thought.type, message.type) == ("reasoning", "message")
    assert all(part.text for part in thought.summary)
    assert thought.encrypted_content.startswith("gAAAA")
    assert response.usage.output_tokens_details.reasoning_tokens > 0
    again = client.responses.retrieve(response.id)
    assert again.output[0].encrypted_content is None
    sealed = client.responses.retrieve(response.id, include=["reasoning.encrypted_content"])
    assert sealed.output[0].encrypted_content.startswith("gAAAA")
    more = [{"role": "user", "content": "Why?"}, *response.output, {"role": "user", "content": "And at dusk?"}]
    given = client.responses.create(model="o3", input=more, store=False)
    without = client.responses.create(model="o3", input=[more[0], message, more[-1]], store=False)
    spent = response.usage.output_tokens_details.reasoning_tokens
    assert given.usage.input_tokens == without.usage.input_tokens + spent


def test_thoughts_alone_use_up_the_limit(client):
    response = client.responses.create(
        model="o3", input="Think.", reasoning={"effort": "high"}, max_output_tokens=16, store=False
    )
    assert [item.type for item in response.output] == ["reasoning"]
    assert (response.status, response.output_text) == ("incomplete", "")
    assert response.usage.output_tokens_details.reasoning_tokens == 16


@pytest.mark.parametrize("way", ["previous", "items", "references", "conversation"])
def test_a_loop_of_tools_comes_to_an_end(client, way):
    asked = {"model": "gpt-4o", "tools": [WEATHER_TOOL]}
    context = {}
    if way == "conversation":
        context = {"conversation": client.conversations.create().id}
    items = [{"role": "user", "content": "What is the weather in Paris?"}]
    response = client.responses.create(**asked, **context, input=items)
    (call,) = response.output
    assert (call.type, call.name) == ("function_call", "get_weather")
    assert json.loads(call.arguments)["city"] == "Paris"
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "Sunny, 21 degrees."}
    if way == "items":
        items += [*response.output, result]
    elif way == "references":
        items += [{"type": "item_reference", "id": call.id}, result]
    else:
        items = [result]
        if way == "previous":
            context = {"previous_response_id": response.id}
    final = client.responses.create(**asked, **context, input=items)
    assert strangers(final) == []
    assert final.output_text
    assert final.usage.input_tokens > response.usage.input_tokens
    if way == "previous":
        assert final.previous_response_id == response.id
    if way == "conversation":
        assert final.conversation.id == context["conversation"]
        kinds = [item.type for item in client.conversations.items.list(context["conversation"], order="asc")]
        assert kinds == ["message", "function_call", "function_call_output", "message"]


def test_the_same_words_by_any_way_get_the_same_answer(client):
    """Whether a context is stored or sent again, the model sees the same, and so it says the same."""
    first = client.responses.create(model="gpt-4o", input="Hello there.")
    by_id = client.responses.create(model="gpt-4o", input="And then?", previous_response_id=first.id)
    items = [{"role": "user", "content": "Hello there."}, *first.output, {"role": "user", "content": "And then?"}]
    sent = client.responses.create(model="gpt-4o", input=items, store=False)
    assert by_id.output == sent.output
    assert by_id.usage == sent.usage


def test_pictures_and_files_are_counted(client):
    text = client.responses.input_tokens.count(model="gpt-4o", input="What is this?").input_tokens
    for part in (
        {"type": "input_image", "image_url": TINY_PNG, "detail": "auto"},
        {"type": "input_image", "file_id": "file-1", "detail": "low"},
        {"type": "input_file", "filename": "a.txt", "file_data": "data:text/plain;base64," + "QUJD" * 200},
        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
    ):
        content = [{"type": "input_text", "text": "What is this?"}, part]
        response = client.responses.create(model="gpt-4o", input=[{"role": "user", "content": content}])
        assert response.usage.input_tokens >= text + 85
        (listed,) = client.responses.input_items.list(response.id, include=["message.input_image.image_url"])
        assert strangers(listed) == []
        assert [each.type for each in listed.content] == ["input_text", part["type"]]
        if "image_url" in part:
            assert listed.content[1].image_url == TINY_PNG
            (short,) = client.responses.input_items.list(response.id)
            assert short.content[1].image_url is None


def test_input_items_come_in_pages(client):
    items = [{"role": "user", "content": f"Line {index}"} for index in range(5)]
    first = client.responses.create(model="gpt-4o", input=items)
    response = client.responses.create(model="gpt-4o", input="Line 5", previous_response_id=first.id)
    page = client.responses.input_items.list(response.id, limit=2, order="asc")
    assert strangers(page.data[0]) == []
    assert page.has_more
    texts = [item.content[0].text for item in page]
    assert texts == [*[f"Line {index}" for index in range(5)], first.output_text, "Line 5"]
    assert len({item.id for item in page}) == 7
    assert next(iter(client.responses.input_items.list(response.id))).content[0].text == "Line 5"


def test_a_response_is_kept_until_it_is_deleted(client, make_openai):
    response = client.responses.create(**ASK)
    assert client.responses.retrieve(response.id) == response
    with pytest.raises(openai.NotFoundError):
        make_openai(api_key="sk-another").responses.retrieve(response.id)
    client.responses.delete(response.id)
    for gone in (
        lambda: client.responses.retrieve(response.id),
        lambda: client.responses.delete(response.id),
        lambda: client.responses.cancel(response.id),
        lambda: client.responses.input_items.list(response.id),
    ):
        with pytest.raises(openai.NotFoundError) as caught:
            gone()
        assert caught.value.body["message"] == f"Response with id '{response.id}' not found."
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**ASK, previous_response_id=response.id)
    assert (caught.value.code, caught.value.param) == ("previous_response_not_found", "previous_response_id")


def test_a_context_is_compacted_to_go_on_with(client):
    talk = [{"role": "user", "content": "Hello. " * 400}, {"role": "assistant", "content": "word " * 2_000}]
    compacted = client.responses.compact(model="gpt-4o", input=talk)
    assert strangers(compacted) == []
    assert [item.type for item in compacted.output] == ["compaction"]
    more = [*[item.to_dict() for item in compacted.output], {"role": "user", "content": "Go on."}]
    short = client.responses.create(model="gpt-4o", input=more)
    whole = client.responses.input_tokens.count(model="gpt-4o", input=[*talk, more[-1]])
    assert short.usage.input_tokens < whole.input_tokens
    first = client.responses.create(model="gpt-4o", input="Remember this.")
    assert client.responses.compact(model="gpt-4o", previous_response_id=first.id).usage.input_tokens > 10


def test_tokens_are_counted_as_they_are_billed(client):
    asked = {**ASK, "tools": [WEATHER_TOOL], "previous_response_id": client.responses.create(**ASK).id}
    counted = client.responses.input_tokens.count(**asked)
    assert strangers(counted) == []
    assert counted.input_tokens == client.responses.create(**asked).usage.input_tokens
    del asked["model"]
    assert client.responses.input_tokens.count(**asked) == counted


@pytest.mark.parametrize(
    ("more", "param", "code"),
    [
        ({"temperature": 3}, "temperature", "decimal_above_max_value"),
        ({"max_output_tokens": 1}, "max_output_tokens", "integer_below_min_value"),
        ({"input": []}, "input", "missing_required_parameter"),
        ({"extra_body": {"nonsense": 1}}, "nonsense", "unknown_parameter"),
        ({"input": [{"role": "robot", "content": "x"}]}, "input[0].role", "invalid_value"),
        ({"input": [{"type": "robot"}]}, "input[0]", "invalid_value"),
        ({"tools": [{"type": "robot"}]}, "tools[0].type", "invalid_value"),
        ({"tools": [{"type": "function", "name": "a b"}]}, "tools[0].name", "invalid_value"),
        ({"tool_choice": {"type": "function", "name": "f"}}, "tool_choice", None),
        ({"previous_response_id": "abc"}, "previous_response_id", "invalid_value"),
        ({"conversation": "conv_1", "previous_response_id": "resp_1"}, "previous_response_id", None),
        ({"reasoning": {"effort": "low"}}, "reasoning.effort", "unsupported_parameter"),
        ({"background": True, "store": False}, "background", None),
        ({"text": {"format": {"type": "json_object"}}}, "input", None),
        ({"text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}}}, None, None),
        ({"input": [{"type": "function_call_output", "call_id": "call_1", "output": "x"}]}, "input", None),
        (
            {"input": [{"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}]},
            "input",
            None,
        ),
        ({"input": [{"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "x"}]}, "input", None),
    ],
)
def test_what_is_wrong_is_named(client, more, param, code):
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**{**ASK, **more})
    error = caught.value.body
    assert error["type"] == "invalid_request_error"
    assert error["message"]
    if param is not None:
        assert error["param"] == param
    if code is not None:
        assert error["code"] == code


@pytest.mark.parametrize("name", ["rs_" + "a" * 50, "rs_unknown"])
def test_a_thought_that_nobody_stored(client, name):
    """What clients meet that send thoughts back which were not stored."""
    items = [{"type": "reasoning", "id": name, "summary": []}, {"role": "assistant", "content": "x"}]
    with pytest.raises(openai.NotFoundError, match="Items are not persisted when `store` is set to false"):
        client.responses.create(model="o3", input=items)


def test_faults_are_the_services_own(client):
    with pytest.raises(openai.AuthenticationError):
        client.responses.create(model="gpt-4-0613", input="x")
    with pytest.raises(openai.RateLimitError) as caught:
        client.responses.create(model="gpt-4-0314", input="x", stream=True)
    assert caught.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.NotFoundError) as caught:
        client.responses.create(model="no-such-model", input="x")
    assert caught.value.code == "model_not_found"


def test_the_async_client_hears_the_same(client, fleet):
    plain = client.responses.create(**ASK)

    async def ask():
        given = {"base_url": f"{fleet.url}/v1", "api_key": "sk-test", "max_retries": 0}
        async with openai.AsyncOpenAI(**given, _strict_response_validation=True) as there:
            answer = await there.responses.create(**ASK)
            events = [event async for event in await there.responses.create(**ASK, stream=True)]
            async with there.responses.stream(**ASK) as stream:
                final = await stream.get_final_response()
            items = [item async for item in there.responses.input_items.list(answer.id)]
            many = await asyncio.gather(*[there.responses.create(**ASK) for _ in range(20)])
        return answer, events, final, items, many

    answer, events, final, items, many = asyncio.run(ask())
    assert stable(answer) == stable(plain) == stable(events[-1].response)
    assert final.output_text == plain.output_text
    assert [item.content[0].text for item in items] == [ASK["input"]]
    assert len({each.id for each in many}) == 20
    assert all(stable(each) == stable(plain) for each in many)
