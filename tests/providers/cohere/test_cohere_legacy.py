"""`POST /v1/chat`: the older shape in, and out as one object or as lines that put together the same."""

import json

import pytest
from cohere_plans import (
    LEGACY,
    PROVIDER,
    answer_of,
    body_of,
    json_of,
    legacy_call,
    legacy_refusal,
    lines_of,
    made_call,
    plan_of,
)
from desk import MemoryDesk
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.plan import Finish, Usage
from simulator.engine.request import Format, Message, Tool, ToolCall
from simulator.providers.base import Problem, Refusal
from simulator.providers.cohere.legacy_schema import LegacyBody

TOOL = {
    "name": "get_weather",
    "description": "Weather",
    "parameter_definitions": {
        "city": {"type": "str", "description": "Which", "required": True},
        "days": {"type": "Optional[int]"},
    },
}
CALL = {"name": "get_weather", "parameters": {"city": "Rome"}}
RESULT = {"call": CALL, "outputs": [{"sky": "clear"}, {"wind": 3}]}
HISTORY = [
    {"role": "System", "message": "Be brief"},
    {"role": "USER", "message": "Weather in Rome?"},
    {"role": "Chatbot", "message": "I will look.", "tool_calls": [CALL]},
]
DOCUMENTS = [{"id": "a", "text": "It is one."}, {"title": "Two"}]


def asked(**fields):
    return legacy_call(**fields).request


def test_the_least_request_has_a_default_model_and_no_thoughts():
    request = asked()
    assert (request.model, request.reasoning) == ("command-a-03-2025", 0)
    assert request.messages == (Message("user", "Hi"),)


def test_a_conversation():
    request = asked(preamble="You are kind", chat_history=HISTORY, message="", tool_results=[RESULT], tools=[TOOL])
    call = ToolCall("call_1", "get_weather", '{"city": "Rome"}')
    assert request.messages == (
        Message("system", "You are kind"),
        Message("system", "Be brief"),
        Message("user", "Weather in Rome?"),
        Message("assistant", "I will look.", calls=(call,)),
        Message("tool", "sky: clear\nwind: 3", answers="call_1"),
    )
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Which"},
            "days": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        },
        "required": ["city"],
    }
    assert request.tools == (Tool("get_weather", "Weather", schema),)


def test_results_bring_their_calls_where_the_history_has_none():
    assert asked(tool_results=[RESULT]).messages == (
        Message("user", "Hi"),
        Message("assistant", calls=(ToolCall("call_1", "get_weather", '{"city": "Rome"}'),)),
        Message("tool", "sky: clear\nwind: 3", answers="call_1"),
    )


def test_results_within_the_history():
    history = [*HISTORY, {"role": "TOOL", "tool_results": [RESULT]}, {"role": "CHATBOT", "message": "Clear."}]
    messages = asked(chat_history=history).messages
    assert [message.role for message in messages] == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert messages[3].answers == "call_1"


def test_documents_stand_before_the_conversation():
    text = "Document a\ntext: It is one.\n\nDocument doc_1\ntitle: Two"
    assert asked(documents=DOCUMENTS).messages[0] == Message("system", text)


def test_formats():
    schema = {"type": "object"}
    assert asked(response_format={"type": "json_object", "schema": schema}).format == Format("json_schema", schema)
    assert asked(response_format={"type": "json_object"}).format == Format("json_object")


def test_null_is_absent_everywhere():
    nothing = dict.fromkeys(name for name in LegacyBody.__struct_fields__ if name != "message")
    assert asked(**nothing) == asked()


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"message": ""}, "invalid request: message must be at least 1 token long or tool results must be specified."),
        ({"chat_history": [{"role": "robot", "message": "x"}]}, "invalid request: Invalid role in chat_history at"),
        ({"chat_history": [{"role": "USER"}]}, "invalid request: all elements in history must have a message."),
        ({"safety_mode": "OFF"}, "unrecognized safety mode 'OFF'."),
        ({"citation_quality": "x"}, "invalid request: citation_quality must be one of the following: ENABLED, DISAB"),
        ({"prompt_truncation": "x"}, "invalid request: prompt_truncation must be one of the following: OFF, AUTO,"),
        ({"documents": [{"id": "a", "text": ""}]}, "invalid request: document at index 0 cannot be empty"),
        ({"tools": [{**TOOL, "name": "a-b"}]}, "invalid request: tool names can only contain certain characters"),
        ({"tools": [TOOL, TOOL]}, "invalid request: duplicate tool name 'get_weather'"),
        (
            {"documents": DOCUMENTS, "response_format": {"type": "json_object"}},
            "invalid request: response_format is not supported with RAG.",
        ),
        ({"conversation_id": "é"}, "invalid request: conversation_id must be at most 150 ASCII characters."),
        ({"model": "command-a-plus-05-2026"}, "invalid request: this model is not supported with '/v1/chat', please"),
        ({"temperature": 3}, "invalid request: temperature must be between 0 and 1.0 inclusive."),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_wrong_value_is_refused_in_the_service_s_words(fields, sentence):
    refusal = legacy_refusal(**fields)
    assert (refusal.problem, refusal.code) == (Problem.INVALID, None)
    assert refusal.message.startswith(sentence)


def test_there_are_no_connectors():
    refusal = legacy_refusal(connectors=[{"id": "web-search"}])
    assert (refusal.problem, refusal.message) == (Problem.NOT_FOUND, "connector 'web-search' not found.")


@pytest.mark.parametrize(
    "field",
    [
        b'"documents":[{"n":%d}]',
        b'"tool_results":[{"call":{"name":"f","parameters":{"n":%d}},"outputs":[]}]',
        b'"tool_results":[{"call":{"name":"f"},"outputs":[{"n":%d}]}]',
        b'"chat_history":[{"role":"CHATBOT","tool_calls":[{"name":"f","parameters":{"n":%d}}]}]',
        b'"chat_history":[{"role":"TOOL","tool_results":[{"call":{"name":"f"},"outputs":[{"n":%d}]}]}]',
    ],
)
def test_a_number_that_no_json_can_send_on_is_refused(field):
    with pytest.raises(Refusal, match="out of range"):
        LEGACY.decode(b'{"message":"x",%b}' % (field % 10**30), {})


def test_a_whole_answer():
    body = json_of(LEGACY, legacy_call(chat_history=HISTORY[:2]), answer_of(["Cle", "ar."], usage=Usage(7, 2)))
    assert body == {
        "response_id": "00010203-0405-4607-8809-0a0b0c0d0e0f",
        "text": "Clear.",
        "generation_id": "10111213-1415-4617-9819-1a1b1c1d1e1f",
        "chat_history": [
            {"role": "SYSTEM", "message": "Be brief"},
            {"role": "USER", "message": "Weather in Rome?"},
            {"role": "USER", "message": "Hi"},
            {"role": "CHATBOT", "message": "Clear."},
        ],
        "finish_reason": "COMPLETE",
        "meta": {
            "api_version": {"version": "1"},
            "billed_units": {"input_tokens": 7, "output_tokens": 2},
            "tokens": {"input_tokens": 7, "output_tokens": 2},
            "cached_tokens": 0,
        },
    }


def test_a_stream_in_the_recorded_layout():
    lines = lines_of(legacy_call(stream=True), answer_of(["Cle", "ar."], Finish.LENGTH))
    assert lines[0] == {
        "is_finished": False,
        "event_type": "stream-start",
        "generation_id": "10111213-1415-4617-9819-1a1b1c1d1e1f",
    }
    assert lines[1:3] == [
        {"is_finished": False, "event_type": "text-generation", "text": text} for text in ("Cle", "ar.")
    ]
    assert (lines[3]["is_finished"], lines[3]["event_type"], lines[3]["finish_reason"]) == (
        True,
        "stream-end",
        "MAX_TOKENS",
    )
    assert lines[3]["response"] == json_of(LEGACY, legacy_call(), answer_of(["Cle", "ar."], Finish.LENGTH))


def test_calls_whole_and_streamed():
    answer = answer_of((), Finish.TOOL_CALLS, calls=[made_call("get_weather", '{"city":', '"Rome"}')])
    body = json_of(LEGACY, legacy_call(tools=[TOOL]), answer)
    assert body["tool_calls"] == [CALL]
    assert body["finish_reason"] == "COMPLETE"
    plan = "I will use the get_weather tool to answer the request."
    assert body["text"] == plan
    assert body["chat_history"][-1] == {"role": "CHATBOT", "message": plan, "tool_calls": [CALL]}
    lines = lines_of(legacy_call(tools=[TOOL], stream=True), answer)
    chunks = [line for line in lines if line["event_type"] == "tool-calls-chunk"]
    assert "".join(line["text"] for line in chunks if "text" in line) == plan
    deltas = [line["tool_call_delta"] for line in chunks if "tool_call_delta" in line]
    assert deltas[0] == {"index": 0, "name": "get_weather"}
    assert json.loads("".join(delta["parameters"] for delta in deltas[1:])) == {"city": "Rome"}
    assert lines[-2] == {
        "is_finished": False,
        "event_type": "tool-calls-generation",
        "text": plan,
        "tool_calls": [CALL],
    }
    assert lines[-1]["response"] == body


def test_arguments_that_were_cut_off_are_empty():
    answer = answer_of((), Finish.LENGTH, calls=[made_call("get_weather", '{"city":')])
    assert json_of(LEGACY, legacy_call(), answer)["tool_calls"] == [{"name": "get_weather", "parameters": {}}]


@pytest.mark.parametrize("quality", [None, "fast", "accurate"])
def test_citations_whole_and_streamed(quality):
    call = legacy_call(documents=DOCUMENTS, citation_quality=quality, stream=True)
    answer = answer_of(["It is", " so.", " And", " so."])
    body = json_of(LEGACY, call, answer)
    assert [(each["text"], each["document_ids"]) for each in body["citations"]] == [
        ("It is so.", ["a"]),
        ("And so.", ["doc_1"]),
    ]
    assert body["documents"] == [{"id": "a", "text": "It is one."}, {"id": "doc_1", "title": "Two"}]
    lines = lines_of(call, answer)
    assert lines[1] == {"is_finished": False, "event_type": "search-results", "documents": body["documents"]}
    kinds = [line["event_type"] for line in lines[2:-1]]
    told = [each for line in lines if line["event_type"] == "citation-generation" for each in line["citations"]]
    assert told == body["citations"]
    assert kinds.index("citation-generation") == (2 if quality == "fast" else 4)
    assert lines[-1]["response"] == body


def test_only_cited_documents_are_repeated_and_none_where_that_is_off():
    body = json_of(LEGACY, legacy_call(documents=DOCUMENTS), answer_of(["So."]))
    assert [document["id"] for document in body["documents"]] == ["a"]
    body = json_of(LEGACY, legacy_call(documents=DOCUMENTS, citation_quality="OFF"), answer_of(["So."]))
    assert "documents" not in body
    assert "citations" not in body


def test_results_of_tools_are_documents():
    body = json_of(LEGACY, legacy_call(tool_results=[RESULT]), answer_of(["So. And. And."]))
    assert body["documents"] == [
        {"id": "get_weather:0:Rome:0", "sky": "clear", "tool_name": "get_weather"},
        {"id": "get_weather:0:Rome:1", "wind": 3, "tool_name": "get_weather"},
    ]


def test_search_queries_alone():
    call = legacy_call(search_queries_only=True, tools=[TOOL], stream=True)
    assert (call.request.max_tokens, call.request.tools) == (1, ())
    body = json_of(LEGACY, call, answer_of(["x"]))
    assert (body["text"], body["is_search_required"]) == ("", True)
    assert [query["text"] for query in body["search_queries"]] == ["Hi"]
    lines = lines_of(call, answer_of(["x"]))
    assert [line["event_type"] for line in lines] == ["stream-start", "search-queries-generation", "stream-end"]


@pytest.mark.parametrize("documents", [None, DOCUMENTS], ids=["text", "steps"])
def test_the_line_that_ends_a_stream_in_band(documents):
    stream = LEGACY.stream(legacy_call(stream=True, documents=documents), plan_of(answer_of(["So."])))
    line = stream.fail(Refusal(Problem.OVERLOADED), 0)
    end = json.loads(line)
    assert (end["is_finished"], end["event_type"], end["finish_reason"]) == (True, "stream-end", "ERROR")
    assert line.endswith(b"}\n")


def test_a_conversation_goes_on_by_its_id():
    desk = MemoryDesk(PROVIDER)
    first = desk.ask("POST", "/v1/chat", body_of({"message": "I am Ada", "conversation_id": "c 1"}))
    again = desk.ask("POST", "/v1/chat", body_of({"message": "Who am I?", "conversation_id": "c 1"}))
    told = json.loads(again.body)["chat_history"]
    assert told[:2] == json.loads(first.body)["chat_history"]
    assert [entry["message"] for entry in told[::2]] == ["I am Ada", "Who am I?"]
    other = desk.ask("POST", "/v1/chat", body_of({"message": "Who am I?", "conversation_id": "c 2"}))
    assert len(json.loads(other.body)["chat_history"]) == 2


@settings(max_examples=40)
@given(
    st.lists(st.text(min_size=1, max_size=6), max_size=8),
    st.lists(st.tuples(st.sampled_from("ab"), st.lists(st.text(max_size=5), min_size=1, max_size=5)), max_size=3),
    st.sampled_from([None, "FAST", "OFF"]),
    st.data(),
)
def test_a_stream_puts_together_the_plain_answer(pieces, calls, quality, data):
    answer = answer_of(pieces, calls=[made_call(name, *own) for name, own in calls])
    call = legacy_call(stream=True, documents=DOCUMENTS if quality else None, citation_quality=quality)
    lines = lines_of(call, answer)
    body = json_of(LEGACY, call, answer)
    assert lines[-1]["response"] == body
    assert "".join(line["text"] for line in lines if line["event_type"] == "text-generation") == (
        "" if calls else body["text"]
    )
    for index, (_, own) in enumerate(calls):
        deltas = [line["tool_call_delta"] for line in lines if "tool_call_delta" in line]
        told = "".join(delta.get("parameters", "") for delta in deltas if delta["index"] == index)
        assert told == "".join(own)
    stream = LEGACY.stream(call, plan_of(answer))
    assert stream.steps == max(1, answer.choices[0].steps)
    cut = data.draw(st.integers(0, stream.steps))
    assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == stream.frames(0, stream.steps)
