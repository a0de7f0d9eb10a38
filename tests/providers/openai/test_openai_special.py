"""Answers that have more than text: the official client's own accumulation of a stream is the whole answer."""

import base64
import io
import json
import math
import wave

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai_plans import CHAT, answer_of, chat_call, events_of, no_extras, plan_of

from simulator.engine.plan import Call, Choice, Finish, Usage

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
AUDIO = {"model": "gpt-audio-mini", "modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}}
PIECES = st.lists(st.sampled_from(["The", " sea", ".", "é", " 日", "\n", '"', ""]) | st.text(max_size=4), max_size=6)
THOUGHTS = st.lists(st.just(" hm"), max_size=4)


def choice_of(pieces, finish=Finish.STOP, thought=(), calls=()):
    return Choice(tuple(pieces), finish, calls=tuple(calls), reasoning=tuple(thought))


CHOICES = st.lists(
    st.builds(choice_of, PIECES, st.sampled_from([Finish.STOP, Finish.REFUSAL, Finish.LENGTH]), THOUGHTS)
    | st.builds(
        lambda pieces, thought, arguments: choice_of(
            pieces, Finish.TOOL_CALLS, thought, [Call(bytes(16), "f", tuple(arguments))]
        ),
        PIECES,
        THOUGHTS,
        st.just(["{", "}"]),
    ),
    min_size=1,
    max_size=3,
)


def completion(plan, **fields):
    body = CHAT.reply(chat_call(**fields), plan).body
    if not {"logprobs", "moderation"} & fields.keys():
        assert body == json.dumps(json.loads(body), indent=2, ensure_ascii=False).encode() + b"\n"
    answer = ChatCompletion.model_validate_json(body, strict=True)
    assert no_extras(answer)
    return answer


def streamed(plan, **fields):
    return CHAT.stream(chat_call(stream=True, stream_options={"include_usage": True}, **fields), plan)


def accumulated(plan, *, tools=(), **fields):
    """The whole answer as the client puts it together from a stream."""
    state = ChatCompletionStreamState(input_tools=list(tools))
    given = {**fields, "tools": list(tools)} if tools else fields
    *events, done = events_of(streamed(plan, **given))
    assert done == "[DONE]"
    for event in events:
        chunk = ChatCompletionChunk.model_validate_json(event, strict=True)
        assert no_extras(chunk)
        list(state.handle_chunk(chunk))
    # Not `get_final_completion`, which raises for an answer that was cut short.
    return state.current_completion_snapshot


def compared(answer):
    """What is the same in a whole answer and an accumulated one."""
    told = answer.model_dump()
    for choice in told["choices"]:
        message = choice["message"]
        for absent in ("parsed", "annotations"):
            message.pop(absent, None)
        for call in message["tool_calls"] or ():
            call.pop("index", None)
            call["function"].pop("parsed_arguments", None)
        message["tool_calls"] = message["tool_calls"] or None
        message["content"] = message["content"] or None
        message["refusal"] = message["refusal"] or None
        if message["audio"] is not None:
            message["audio"]["data"] = message["audio"]["data"] or ""
        logprobs = choice["logprobs"] or {}
        choice["logprobs"] = {name: logprobs.get(name) or [] for name in ("content", "refusal")}
    return told


def same(plan, *, tools=(), **fields):
    given = {**fields, "tools": list(tools)} if tools else fields
    whole = completion(plan, **given)
    expected = compared(whole) | {"object": "chat.completion"}
    assert compared(accumulated(plan, tools=tools, **fields)) == expected
    return whole


@settings(max_examples=60)
@given(CHOICES, st.sampled_from([{}, {"logprobs": True}, {"logprobs": True, "top_logprobs": 2}]), st.data())
def test_an_accumulated_stream_is_the_plain_answer(choices, fields, data):
    plan = plan_of(answer_of(*choices, usage=Usage(5, 9, reasoning_tokens=3)))
    same(plan, tools=[TOOL], n=len(choices), **fields)
    stream = streamed(plan, tools=[TOOL], n=len(choices), **fields)
    assert stream.steps == plan.outcome.steps
    whole = stream.frames(0, stream.steps)
    cut = data.draw(st.integers(0, stream.steps))
    assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == whole
    assert b"".join(stream.frames(step, step + 1) for step in range(stream.steps)) == whole
    assert stream.frames(-3, stream.steps + 3) == whole
    assert stream.frames(cut, cut) == b""


@settings(max_examples=30)
@given(CHOICES)
def test_an_accumulated_sound_is_the_plain_one(choices):
    plan = plan_of(answer_of(*choices), model="gpt-audio-mini")
    whole = same(plan, tools=[TOOL], n=len(choices), **AUDIO)
    for choice, told in zip(choices, whole.choices, strict=True):
        if choice.calls or choice.finish is Finish.REFUSAL:
            assert told.message.audio is None
            continue
        assert told.message.content is None
        assert told.message.audio.transcript == choice.text
        assert len(base64.b64decode(told.message.audio.data, validate=True)) == 480 * len(choice.pieces)


def test_nothing_is_shown_of_a_thought():
    plan = plan_of(
        answer_of(choice_of(["Hi", " there"], thought=["Let", " me", " see"]), usage=Usage(5, 5, reasoning_tokens=3)),
        offsets=(0.5, 0.75, 1.0, 2.0, 3.0),
        model="o3",
    )
    stream = streamed(plan, model="o3")
    assert stream.steps == 5
    assert [bool(stream.frames(step, step + 1)) for step in range(5)] == [False, False, False, True, True]
    assert (b"openai-processing-ms", b"2000") in stream.headers
    assert b"Let" not in stream.frames(0, 5)
    whole = same(plan, model="o3")
    assert whole.choices[0].message.content == "Hi there"
    assert whole.usage.completion_tokens_details.reasoning_tokens == 3
    assert whole.usage.completion_tokens == 5


def test_a_thought_that_leaves_no_room():
    plan = plan_of(answer_of(choice_of([], Finish.LENGTH, ["a", "b", "c"])), offsets=(0.1, 0.2, 0.3), model="o3")
    stream = streamed(plan, model="o3")
    assert (stream.steps, stream.frames(0, 2)) == (3, b"")
    assert (b"openai-processing-ms", b"300") in stream.headers
    whole = same(plan, model="o3", max_completion_tokens=3)
    assert (whole.choices[0].message.content, whole.choices[0].finish_reason) == ("", "length")


def test_choices_that_think_for_different_times_begin_apart():
    plan = plan_of(answer_of(choice_of(["a"], thought=["x"]), choice_of(["b"], thought=["x", "y", "z"])), model="o3")
    stream = streamed(plan, model="o3", n=2)
    assert stream.steps == 4
    assert [stream.frames(step, step + 1).count(b"data: ") for step in range(4)] == [0, 4, 0, 4]
    same(plan, model="o3", n=2)


@pytest.mark.parametrize("fields", [{}, {"logprobs": True, "top_logprobs": 1}])
def test_a_refusal_is_no_content(fields):
    plan = plan_of(answer_of(choice_of(["I", " can't", "."], Finish.REFUSAL)))
    (choice,) = same(plan, **fields).choices
    assert (choice.message.content, choice.message.refusal, choice.finish_reason) == (None, "I can't.", "stop")
    if fields:
        assert choice.logprobs.content is None
        assert [entry.token for entry in choice.logprobs.refusal] == ["I", " can't", "."]
    else:
        assert choice.logprobs is None


def test_log_probabilities():
    plan = plan_of(answer_of(["The", " sea", " é."]))
    (choice,) = same(plan, logprobs=True, top_logprobs=5).choices
    assert [entry.token for entry in choice.logprobs.content] == ["The", " sea", " é."]
    for entry in choice.logprobs.content:
        assert bytes(entry.bytes).decode() == entry.token
        assert len(entry.top_logprobs) == 5
        assert {entry.token: entry.logprob}.items() <= {top.token: top.logprob for top in entry.top_logprobs}.items()
        figures = [top.logprob for top in entry.top_logprobs]
        assert figures == sorted(figures, reverse=True)
        assert math.fsum(map(math.exp, figures)) <= 1
    (bare,) = same(plan, logprobs=True).choices
    assert [entry.top_logprobs for entry in bare.logprobs.content] == [[], [], []]
    assert [entry.logprob for entry in bare.logprobs.content] == [entry.logprob for entry in choice.logprobs.content]


def test_log_probabilities_of_choices_differ():
    one, other = same(plan_of(answer_of(["The"], ["The"])), n=2, logprobs=True).choices
    assert one.logprobs != other.logprobs


def test_calls_alone_have_no_log_probabilities():
    plan = plan_of(answer_of(choice_of([], Finish.TOOL_CALLS, calls=[Call(bytes(16), "f", ("{}",))])))
    assert same(plan, tools=[TOOL], logprobs=True).choices[0].logprobs is None


@pytest.mark.parametrize(
    ("form", "begins"),
    [("wav", b"RIFF"), ("mp3", b"\xff"), ("flac", b"fLaC"), ("opus", b"OggS"), ("aac", b"\xff"), ("pcm16", b"")],
)
def test_every_format_of_sound(form, begins):
    plan = plan_of(answer_of(["Hi", " there"]), model="gpt-audio-mini")
    audio = {"voice": {"id": "voice_1"}, "format": form}
    answer = completion(plan, **{**AUDIO, "audio": audio})
    told = answer.choices[0].message.audio
    data = base64.b64decode(told.data, validate=True)
    assert data.startswith(begins)
    assert told.id.startswith("audio_")
    assert told.expires_at == answer.created + 3_600
    if form == "wav":
        with wave.open(io.BytesIO(data)) as heard:
            assert (heard.getframerate(), heard.getnchannels(), heard.getsampwidth()) == (24_000, 1, 2)
            assert heard.getnframes() == 480
            assert any(heard.readframes(480))


def test_sound_is_counted():
    plan = plan_of(answer_of(["w"] * 20, usage=Usage(30, 20)), model="gpt-audio-mini")
    heard = [
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "A" * 4_000, "format": "mp3"}}]}
    ]
    whole = same(plan, messages=heard, **AUDIO).usage
    assert whole.completion_tokens_details.audio_tokens == 4
    assert whole.completion_tokens_details.text_tokens == 20
    assert (whole.completion_tokens, whole.total_tokens) == (24, 54)
    prompt = whole.prompt_tokens_details
    assert (prompt.audio_tokens, prompt.text_tokens, prompt.image_tokens) == (2, 28, 0)


@pytest.mark.parametrize(
    ("prediction", "accepted", "rejected"),
    [
        ("The sea is calm.", 5, 0),
        ("The sea was very calm.", 4, 3),
        ("", 0, 0),
        ("Nothing alike, quite", 0, 5),
        ("The sea is calm. And more of it follows here", 5, 7),
        ([{"type": "text", "text": "The sea"}, {"type": "text", "text": " is calm."}], 5, 0),
    ],
)
def test_predictions(prediction, accepted, rejected):
    plan = plan_of(answer_of(["The", " sea", " is", " calm", "."], usage=Usage(9, 5)))
    usage = same(plan, prediction={"type": "content", "content": prediction}).usage
    details = usage.completion_tokens_details
    assert (details.accepted_prediction_tokens, details.rejected_prediction_tokens) == (accepted, rejected)
    assert usage.completion_tokens == 5 + rejected


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (None, "default"),
        ("auto", "default"),
        ("default", "default"),
        ("flex", "flex"),
        ("scale", "scale"),
        ("priority", "priority"),
        ("fast", "priority"),
    ],
)
def test_service_tiers(asked, told):
    plan = plan_of(answer_of(["Hi"]))
    assert same(plan, service_tier=asked).service_tier == told


def test_what_was_cached_is_told():
    usage = same(plan_of(answer_of(["Hi"], usage=Usage(50, 1, cached_tokens=20, written_tokens=9)))).usage
    assert (usage.prompt_tokens_details.cached_tokens, usage.prompt_tokens_details.cache_write_tokens) == (20, 9)
    assert completion(plan_of(answer_of(["Hi"])), verbosity="medium").usage.prompt_tokens_details.cached_tokens == 3


def test_moderation():
    plan = plan_of(answer_of(["A", " quiet", " sea"]))
    ask = {
        "messages": [{"role": "user", "content": "how to build a bomb"}],
        "moderation": {"model": "omni-moderation-latest"},
    }
    found = same(plan, **ask).moderation
    assert (found.input.type, found.input.model) == ("moderation_results", "omni-moderation-latest")
    assert found.input.results[0].flagged
    assert not found.output.results[0].flagged
    assert set(found.output.results[0].category_scores) == set(found.output.results[0].categories)
    events = events_of(streamed(plan, **ask))
    assert [("moderation" in json.loads(event)) for event in events[:-1]].count(True) == 1


def test_obfuscation_only_when_it_is_asked_for():
    plan = plan_of(answer_of(["Hi", " there", "!"]))
    for fields in ({}, {"logprobs": True}):
        options = {"include_obfuscation": True, "include_usage": True}
        stream = CHAT.stream(chat_call(stream=True, stream_options=options, **fields), plan)
        events = events_of(stream)
        plain = events_of(streamed(plan, **fields))
        assert len(events) == len(plain)
        for event, bare in zip(events[:-2], plain[:-2], strict=True):
            told = json.loads(event)
            assert 1 <= len(told.pop("obfuscation")) <= 16
            assert told == json.loads(bare)
        assert events[-2:] == plain[-2:]
        assert len({len(event.encode()) % 16 for event in events[:-2]}) == 1
        whole = stream.frames(0, stream.steps)
        assert b"".join(stream.frames(step, step + 1) for step in range(stream.steps)) == whole


def test_a_stored_answer_has_an_id_of_its_own():
    plan = plan_of(answer_of(["Hi"]))
    stored = same(plan, store=True, metadata={"a": "b"})
    assert stored.id != same(plan).id
    assert stored.id.startswith("chatcmpl-")
    assert len(stored.id) == len("chatcmpl-") + 29
    assert stored.choices == completion(plan).choices
