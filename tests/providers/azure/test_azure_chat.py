"""Chat in Azure's envelope: deployments, content filter results, and streams that say what plain answers say."""

import json
from itertools import pairwise

import pytest
from azure_plans import (
    CHAT,
    COMPLETION,
    OPENAI,
    PROMPT,
    TEXT,
    V1_CHAT,
    at,
    chat_body,
    chat_call,
    endpoint,
    frames_of,
    plan_of,
    planned,
    said,
)
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from simulator.engine.plan import Call as ToolCall
from simulator.engine.plan import Choice, Finish
from simulator.providers.azure.filters import Filtered
from simulator.providers.base import Target

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "parameters": WEATHER}}]


def shown(call, plan):
    return json.loads(CHAT.reply(call, plan).body)


@pytest.mark.parametrize("model", ["absent", "gpt-4.1", ""])
def test_the_deployment_of_the_path_counts(model):
    body = chat_body() if model == "absent" else chat_body(model=model)
    call = CHAT.decode(body, {}, at("gpt-4o"))
    assert (call.request.model, call.request.provider) == ("gpt-4o", "openai")
    alone = OPENAI.endpoints[0].decode(chat_body(model="gpt-4o"), {})
    assert call.request == alone.request


@pytest.mark.parametrize("name", ['my "own" \\ name', "größe", "a/b", "x" * 500])
def test_a_deployment_may_have_any_name(name):
    assert chat_call(deployment=name).request.model == name


def test_a_plain_answer_tells_what_the_filter_found():
    told = shown(chat_call(), plan_of(["Good", " day"]))
    (choice,) = told["choices"]
    assert choice["content_filter_results"] == COMPLETION
    assert choice["message"] == {"role": "assistant", "content": "Good day", "refusal": None, "annotations": []}
    assert told["prompt_filter_results"] == [{"prompt_index": 0, "content_filter_results": PROMPT}]
    assert list(told) == sorted(told)
    assert told["usage"]["total_tokens"] == 13


@pytest.mark.parametrize("more", [{}, {"logprobs": True}, {"n": 2}, {"tools": TOOLS}, {"service_tier": "flex"}])
def test_beside_the_filter_an_answer_is_openais(more):
    """The fast path and the slow one both say what OpenAI's own endpoint says."""
    call = chat_call("What is the weather in Lima?", **more)
    plan = planned(call)
    told = shown(call, plan)
    own = OPENAI.endpoints[0]
    body = chat_body("What is the weather in Lima?", model="gpt-4o", **more)
    want = json.loads(own.reply(own.decode(body, {}), plan).body)
    del told["prompt_filter_results"]
    for choice in told["choices"]:
        del choice["content_filter_results"]
    if want["service_tier"] == "default":
        del want["service_tier"]
    assert told == want


def test_a_call_is_not_judged():
    call = chat_call("Weather in Lima?", tools=TOOLS)
    (choice,) = shown(call, planned(call))["choices"]
    assert choice["finish_reason"] == "tool_calls"
    assert choice["content_filter_results"] == {}


def test_a_stream_begins_with_what_was_found_in_the_prompt():
    call = chat_call(stream=True, stream_options={"include_usage": True})
    first, role, *others = frames_of(CHAT.stream(call, plan_of(["Good", " day"])))
    assert first == {
        "choices": [],
        "created": 0,
        "id": "",
        "model": "",
        "object": "",
        "prompt_filter_results": [{"prompt_index": 0, "content_filter_results": PROMPT}],
    }
    (choice,) = role["choices"]
    assert choice["content_filter_results"] == {}
    assert choice["delta"] == {"role": "assistant", "content": "", "refusal": None}
    assert others[-1]["choices"] == []
    assert others[-1]["usage"]["total_tokens"] == 13
    assert "service_tier" not in role


def test_thoughts_are_hidden_but_the_prompts_results_come_at_once():
    plan = plan_of(Choice(("Yes",), Finish.STOP, reasoning=("hm", "hm")))
    stream = CHAT.stream(chat_call(stream=True), plan)
    assert stream.steps == 3
    first = stream.frames(0, 1)
    assert first.count(b"data: ") == 1
    assert b"prompt_filter_results" in first
    assert stream.frames(1, 2) == b""


def test_an_answer_that_the_filter_ends():
    plan = plan_of(Choice(("Bad",), Finish.CONTENT_FILTER), ["Good"])
    call = chat_call(n=2, stream=True)
    told = shown(call, plan)["choices"]
    assert [choice["finish_reason"] for choice in told] == ["content_filter", "stop"]
    assert told[0]["content_filter_results"]["violence"] == {"filtered": True, "severity": "medium"}
    assert told[1]["content_filter_results"] == COMPLETION
    streamed = said(frames_of(CHAT.stream(call, plan)))
    assert streamed[0]["finish"] == "content_filter"
    assert streamed[0]["last"]["violence"]["filtered"]
    assert streamed[1]["last"] == {}


def test_the_asynchronous_filter_lags_behind():
    call = chat_call("12345", {b"x-llm-sim-content-filter": b"asynchronous"}, stream=True)
    frames = frames_of(CHAT.stream(call, plan_of(["Good", " day"])))
    assert "prompt_filter_results" in frames[0]
    assert all("content_filter_results" not in choice for frame in frames[1:-1] for choice in frame["choices"])
    (late,) = frames[-1]["choices"]
    assert "delta" not in late
    assert late["content_filter_results"] == COMPLETION
    assert late["content_filter_offsets"] == {"check_offset": 5, "start_offset": 5, "end_offset": 13}
    cut = frames_of(CHAT.stream(call, plan_of(Choice(("Bad",), Finish.CONTENT_FILTER))))[-1]["choices"][0]
    assert cut["finish_reason"] == "content_filter"


def test_text_completions():
    body = json.dumps({"prompt": ["One", "Two"], "max_tokens": 5, "stream": True}).encode()
    call = TEXT.decode(body, {}, at("gpt-3.5-turbo-instruct"))
    plan = planned(call)
    told = json.loads(TEXT.reply(call, plan).body)
    assert [each["prompt_index"] for each in told["prompt_filter_results"]] == [0, 1]
    assert all(choice["content_filter_results"] == COMPLETION for choice in told["choices"])
    first, *frames = frames_of(TEXT.stream(call, plan))
    assert first["prompt_filter_results"] == told["prompt_filter_results"]
    streamed = said(frames)
    assert {index: found["text"] for index, found in streamed.items()} == {
        choice["index"]: choice["text"] for choice in told["choices"]
    }
    cut = said(frames_of(TEXT.stream(call, plan_of(Choice(("Bad",), Finish.CONTENT_FILTER), ["Good"]))))
    assert cut[0]["last"]["violence"]["filtered"]
    assert cut[1]["last"] == COMPLETION


def test_headers():
    call = chat_call(headers={b"x-ms-client-request-id": b"mine-1"}, deployment="gpt-4o")
    headers = dict(CHAT.reply(call, plan_of(["x"])).headers)
    assert headers[b"apim-request-id"] == b"00010203-0405-0607-0809-0a0b0c0d0e0f"
    assert headers[b"x-request-id"] != headers[b"apim-request-id"]
    assert headers[b"x-ms-client-request-id"] == b"mine-1"
    assert headers[b"x-ms-deployment-name"] == b"gpt-4o"
    assert headers[b"x-ms-region"] == b"East US"
    assert headers[b"content-type"] == b"application/json"
    assert b"openai-organization" not in headers
    streamed = dict(CHAT.stream(chat_call(stream=True), plan_of(["x"])).headers)
    assert streamed[b"content-type"].startswith(b"text/event-stream")
    assert streamed[b"x-ms-client-request-id"] == b"Not-Set"


@pytest.mark.parametrize("name", [b"", b"a b", b"a\xff", b"x" * 300])
def test_an_id_that_is_no_header_value_is_not_repeated(name):
    headers = dict(CHAT.reply(chat_call(headers={b"x-ms-client-request-id": name}), plan_of(["x"])).headers)
    assert headers[b"x-ms-client-request-id"] == b"Not-Set"


def test_every_path_below_v1_takes_its_model_from_the_body():
    call = V1_CHAT.decode(chat_body(model="gpt-4.1"), {}, Target())
    assert call.request.model == "gpt-4.1"
    assert dict(V1_CHAT.reply(call, plan_of(["x"])).headers)[b"x-ms-deployment-name"] == b"gpt-4.1"


def test_a_form_names_its_deployment_too():
    speech = endpoint("/openai/deployments/{deployment}/audio/speech")
    ask = json.dumps({"model": "other", "input": "Hello there", "voice": "alloy", "response_format": "wav"}).encode()
    spoken = speech.decode(ask, {}, at("tts-1"))
    sound = speech.reply(spoken, planned(spoken))
    assert dict(sound.headers)[b"content-type"] == b"audio/wav"
    form = (
        b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nother\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n%b\r\n--b--\r\n'
    ) % sound.body
    heard = endpoint("/openai/deployments/{deployment}/audio/transcriptions")
    call = heard.decode(form, {b"content-type": b"multipart/form-data; boundary=b"}, at("whisper-1"))
    assert call.request.model == "whisper-1"
    assert json.loads(heard.reply(call, planned(call)).body)["text"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=6)
CALLS = st.builds(
    ToolCall,
    st.binary(min_size=16, max_size=16),
    st.just("get_weather"),
    st.just(("{", '"city":"', "Lima", '"}')),
)
CHOICES = st.builds(
    Choice,
    st.lists(
        TEXTS | st.sampled_from(['"delta":{"content":', '{"text":', ',"delta":{}', "data: [DONE]\n\n"]), max_size=6
    ),
    st.sampled_from([Finish.STOP, Finish.LENGTH, Finish.CONTENT_FILTER]),
    reasoning=st.lists(st.just("hm"), max_size=2),
) | st.builds(lambda call: Choice((), Finish.TOOL_CALLS, calls=(call,)), CALLS)


@settings(max_examples=60, deadline=None)
@given(
    choices=st.lists(CHOICES, min_size=1, max_size=3),
    more=st.fixed_dictionaries(
        {}, optional={"logprobs": st.just(True), "stream_options": st.just({"include_usage": True})}
    ),
    header=st.sampled_from([{}, {b"x-llm-sim-content-filter": b"asynchronous"}]),
    cuts=st.lists(st.integers(0, 12), max_size=3),
)
def test_a_stream_says_what_the_plain_answer_says(choices, more, header, cuts):
    call = chat_call(headers=header, n=len(choices), stream=True, tools=TOOLS, **more)
    plan = plan_of(*choices)
    assume(not plan.outcome.blocked)
    told = shown(call, plan)
    stream = CHAT.stream(call, plan)
    frames = frames_of(stream)
    streamed = said(frames)
    for choice in told["choices"]:
        found = streamed[choice["index"]]
        assert found["text"] == (choice["message"]["content"] or "")
        calls = [one["function"] for one in choice["message"].get("tool_calls", ())]
        assert [found["calls"][place] for place in sorted(found["calls"])] == calls
        assert found["finish"] == choice["finish_reason"]
        if not header:
            assert all(results == COMPLETION for results in found["results"])
            cut = choice["finish_reason"] == "content_filter"
            assert found["last"] == (choice["content_filter_results"] if cut else {})
    whole = stream.frames(0, stream.steps)
    places = sorted({0, stream.steps, *[min(cut, stream.steps) for cut in cuts]})
    assert b"".join(stream.frames(*pair) for pair in pairwise(places)) == whole


@pytest.mark.parametrize("encode", [CHAT.reply, CHAT.stream])
def test_an_answer_of_which_the_filter_leaves_nothing_is_a_prompt_that_is_blocked(encode):
    with pytest.raises(Filtered) as blocked:
        encode(chat_call(stream=True), plan_of(Choice((), Finish.CONTENT_FILTER)))
    assert blocked.value.code == "content_filter"
    assert blocked.value.results["violence"]["filtered"]
