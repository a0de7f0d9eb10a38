"""Chat through the official Cohere client: both versions, plain and streamed, tools to the end, JSON, citations."""

import asyncio
import json

import cohere
import pytest
from client_checks import TINY_PNG, WEATHER, turn
from cohere_clients import FINISHED, MODEL, THINKER, client_of, known, message_of, parts_of
from jsonschema import Draft202012Validator

ASK = {"model": MODEL, "messages": [turn("Tell me of tides and the moon.")]}
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Get the weather of a city", "parameters": WEATHER},
}
CALL = {**ASK, "messages": [turn("What's the weather in Paris?")], "tools": [TOOL]}
DOCUMENTS = [
    {"id": "tall", "data": {"title": "Tall penguins", "snippet": "Emperor penguins are the tallest."}},
    {"data": {"title": "Habitats", "snippet": "They only live in Antarctica."}},
]
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
}
LEGACY_TOOL = {
    "name": "get_weather",
    "description": "Get the weather of a city",
    "parameter_definitions": {"city": {"type": "str", "description": "The city", "required": True}},
}


@pytest.fixture(scope="module")
def co(fleet):
    with client_of(fleet) as client:
        yield client


@pytest.fixture(scope="module")
def old(fleet):
    with client_of(fleet, cohere.Client, log_warning_experimental_features=False) as client:
        yield client


@pytest.mark.parametrize(
    "ask",
    [
        ASK,
        {**ASK, "max_tokens": 3},
        {**ASK, "stop_sequences": ["."], "temperature": 0.2, "p": 0.9, "k": 10, "seed": 4, "safety_mode": "STRICT"},
        {**ASK, "model": THINKER},
        {**ASK, "model": THINKER, "thinking": {"type": "disabled"}},
        {**ASK, "model": THINKER, "thinking": {"type": "enabled", "token_budget": 20}},
        CALL,
        {**CALL, "model": THINKER},
        {**ASK, "documents": DOCUMENTS},
        {**ASK, "documents": DOCUMENTS, "citation_options": {"mode": "FAST"}},
        {**ASK, "documents": ["The sky is green."], "citation_options": {"mode": "OFF"}},
        {**ASK, "logprobs": True},
        {**ASK, "response_format": {"type": "json_object"}},
    ],
    ids=lambda ask: ", ".join(name for name in ask if name != "messages"),
)
def test_a_stream_gives_the_plain_answer(co, ask):
    plain = parts_of(co.chat(**ask))
    assert message_of(co.chat_stream(**ask)) == plain
    assert parts_of(co.chat(**ask)) == plain
    assert plain["usage"].tokens.input_tokens > 0
    assert plain["usage"].billed_units.output_tokens > 0


def test_finish_reasons(co):
    assert co.chat(**ASK).finish_reason == "COMPLETE"
    cut = co.chat(**ASK, max_tokens=3)
    assert (cut.finish_reason, cut.usage.tokens.output_tokens) == ("MAX_TOKENS", 3)
    stopped = co.chat(**ASK, stop_sequences=["."])
    assert stopped.finish_reason == "STOP_SEQUENCE"
    assert "." not in stopped.message.content[0].text
    assert co.chat(**CALL).finish_reason == "TOOL_CALL"


def test_thoughts(co):
    ask = {**ASK, "model": THINKER}
    thinking, text = co.chat(**ask).message.content
    assert (thinking.type, text.type) == ("thinking", "text")
    (only,) = co.chat(**ask, thinking={"type": "disabled"}).message.content
    assert only.type == "text"
    answer = co.chat(**ask, thinking={"type": "enabled", "token_budget": 20})
    assert 0 < len(answer.message.content[0].thinking.split()) <= 20


def test_a_loop_of_tools_ends(co):
    messages = list(CALL["messages"])
    for _ in range(5):
        answer = known(co.chat(**{**CALL, "messages": messages}))
        if not answer.message.tool_calls:
            break
        assert answer.message.tool_plan
        messages.append(answer.message)
        for call in answer.message.tool_calls:
            arguments = json.loads(call.function.arguments)
            Draft202012Validator(WEATHER).validate(arguments)
            assert arguments["city"] == "Paris"
            document = {"type": "document", "document": {"data": json.dumps({"sky": "clear"})}}
            messages.append({"role": "tool", "tool_call_id": call.id, "content": [document]})
    assert len(messages) == 3
    assert answer.finish_reason == "COMPLETE"
    assert {citation.sources[0].type for citation in answer.message.citations} == {"tool"}
    assert answer.message.citations[0].sources[0].id == f"{messages[1].tool_calls[0].id}:0"


def test_choices_of_tools(co):
    assert (
        co.chat(**{**ASK, "tools": [TOOL]}, tool_choice="REQUIRED").message.tool_calls[0].function.name == "get_weather"
    )
    assert co.chat(**CALL, tool_choice="NONE").message.tool_calls is None
    both = {**CALL, "messages": [turn("What's the weather in Paris and in Rome?")], "strict_tools": True}
    calls = co.chat(**both).message.tool_calls
    assert [json.loads(call.function.arguments)["city"] for call in calls] == ["Paris", "Rome"]
    assert len({call.id for call in calls}) == 2


def test_json_by_schema(co):
    ask = {**ASK, "messages": [turn("Make JSON: Ada is 36 years old.")]}
    answer = co.chat(**ask, response_format={"type": "json_object", "json_schema": PERSON})
    told = json.loads(answer.message.content[0].text)
    Draft202012Validator(PERSON).validate(told)
    assert told["age"] == 36
    free = co.chat(**ask, response_format={"type": "json_object"})
    assert isinstance(json.loads(free.message.content[0].text), dict)


def test_citations(co):
    message = co.chat(**ASK, documents=DOCUMENTS).message
    text = message.content[0].text
    assert message.citations
    for citation in message.citations:
        assert text[citation.start : citation.end] == citation.text
        assert citation.type == "TEXT_CONTENT"
    assert [citation.sources[0].id for citation in message.citations][:2] == ["tall", "doc:1"]
    assert message.citations[0].sources[0].document == {"id": "tall", **DOCUMENTS[0]["data"]}


def test_pictures_are_taken_and_counted(co):
    words = {"type": "text", "text": "What is this?"}
    plain = co.chat(model=THINKER, messages=[turn([words])])
    picture = {"type": "image_url", "image_url": {"url": TINY_PNG, "detail": "low"}}
    seen = co.chat(model=THINKER, messages=[turn([words, picture])])
    assert seen.usage.tokens.input_tokens == plain.usage.tokens.input_tokens + 256


def test_log_probabilities(co):
    answer = co.chat(**ASK, logprobs=True)
    assert "".join(item.text for item in answer.logprobs) == answer.message.content[0].text
    events = [event for event in co.chat_stream(**ASK, logprobs=True) if event.type == "content-delta"]
    assert [event.logprobs for event in events] == answer.logprobs


def lines_of(stream):
    return [known(event, FINISHED, "event") for event in list(stream)]


@pytest.mark.parametrize(
    "ask",
    [
        {"message": "Tell me of tides."},
        {"message": "Tell me of tides.", "preamble": "Be brief.", "model": "command-r-08-2024", "max_tokens": 5},
        {"message": "What's the weather in Paris?", "tools": [LEGACY_TOOL]},
        {"message": "Tell me of penguins.", "documents": [document["data"] for document in DOCUMENTS]},
        {"message": "Make JSON.", "response_format": {"type": "json_object", "schema": PERSON}},
    ],
    ids=", ".join,
)
def test_version_1_streams_the_plain_answer(old, ask):
    plain = known(old.chat(**ask), {"answer.response.is_finished"})
    events = lines_of(old.chat_stream(**ask))
    assert events[0].event_type == "stream-start"
    assert events[0].generation_id == plain.generation_id
    assert events[-1].event_type == "stream-end"
    assert events[-1].response == plain
    said = "".join(event.text for event in events if event.event_type == "text-generation")
    assert said == ("" if plain.tool_calls else plain.text)
    cited = [each for event in events if event.event_type == "citation-generation" for each in event.citations]
    assert cited == (plain.citations or [])


def test_version_1_tools_and_results(old):
    tools = [LEGACY_TOOL]
    first = old.chat(message="What's the weather in Paris?", tools=tools)
    (call,) = first.tool_calls
    assert (call.name, call.parameters) == ("get_weather", {"city": "Paris"})
    results = [{"call": call, "outputs": [{"sky": "clear"}]}]
    last = old.chat(message="", chat_history=first.chat_history, tools=tools, tool_results=results)
    assert last.tool_calls is None
    assert last.documents[0]["sky"] == "clear"
    assert [entry.role for entry in last.chat_history] == ["USER", "CHATBOT", "TOOL", "CHATBOT"]


def test_version_1_remembers_a_conversation_on_every_worker(old):
    name = "a conversation of this test"
    told = [old.chat(message=f"Turn {number}", conversation_id=name) for number in range(4)]
    assert [len(answer.chat_history) for answer in told] == [2, 4, 6, 8]


def test_asynchronous_clients(fleet, co, old):
    async def ask():
        settings = {"api_key": "key", "base_url": fleet.url, "max_retries": 0}
        async with cohere.AsyncClientV2(**settings) as new, cohere.AsyncClient(**settings) as older:
            plain, legacy = await asyncio.gather(new.chat(**ASK), older.chat(message="Tell me of tides."))
            events = [event async for event in new.chat_stream(**ASK)]
            lines = [event async for event in older.chat_stream(message="Tell me of tides.")]
        return plain, events, legacy, lines

    plain, events, legacy, lines = asyncio.run(ask())
    assert plain == co.chat(**ASK)
    assert message_of(events) == parts_of(plain)
    assert legacy == old.chat(message="Tell me of tides.")
    assert lines[-1].response == legacy
