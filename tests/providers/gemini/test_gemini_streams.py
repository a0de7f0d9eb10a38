"""Streams: whole, in parts and in both forms they say what the plain answer says."""

import itertools
import json

import pytest
from gemini_plans import NEW, OLD, answer_of, called, chunks_of, joined, parts_of, replied, streamed
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.engine.plan import Choice, Finish
from simulator.providers.base import Problem, Refusal

SHOWN = {"generationConfig": {"thinkingConfig": {"includeThoughts": True}}}
PIECE = st.text(st.characters(codec="utf-8"), min_size=0, max_size=6)


@st.composite
def choices(draw):
    """A choice as the engine makes them: thoughts, text or calls, each possibly none, complete or cut."""
    reasoning = tuple(draw(st.lists(PIECE, max_size=4)))
    pieces = tuple(draw(st.lists(PIECE, max_size=5)))
    calls = ()
    if draw(st.booleans()):
        calls = tuple(
            called(name, '{"a":', f"{number}", "}") for number, name in enumerate(draw(st.permutations(["f", "g"])))
        )[: draw(st.integers(1, 2))]
    finish = draw(st.sampled_from([Finish.STOP, Finish.LENGTH, Finish.STOP_SEQUENCE]))
    return Choice(pieces, Finish.TOOL_CALLS if calls and finish is Finish.STOP else finish, None, calls, reasoning)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(choices(), min_size=1, max_size=3),
    st.booleans(),
    st.booleans(),
    st.sampled_from([NEW, OLD]),
    st.data(),
)
def test_the_parts_of_a_stream_are_the_plain_answer(made, sse, shown, model, data):
    answer = answer_of(*made)
    fields = SHOWN if shown else {}
    stream = streamed(answer, sse=sse, model=model, **fields)
    assert stream.steps == answer.steps
    whole = stream.frames(0, stream.steps)
    cuts = sorted(data.draw(st.lists(st.integers(0, stream.steps), max_size=4)))
    bounds = [0, *cuts, stream.steps]
    assert b"".join(stream.frames(a, b) for a, b in itertools.pairwise(bounds)) == whole
    assert b"".join(stream.frames(step, step + 1) for step in range(stream.steps)) == whole
    chunks = chunks_of(stream, sse=sse)
    plain = replied(answer, model=model, **fields)
    assert chunks[-1]["usageMetadata"] == plain["usageMetadata"]
    assert all("usageMetadata" not in chunk for chunk in chunks[:-1])
    assert {(chunk["modelVersion"], chunk["responseId"]) for chunk in chunks} == {
        (plain["modelVersion"], plain["responseId"])
    }
    for index in range(len(made)):
        thoughts, text, calls, finish = joined(chunks, index)
        said, thought, called_ = "", "", []
        for part in parts_of(plain, index):
            if "functionCall" in part:
                called_.append(part["functionCall"])
            elif part.get("thought"):
                thought += part["text"]
            else:
                said += part["text"]
        assert (thoughts, text, calls) == (thought, said, called_)
        assert finish == plain["candidates"][index]["finishReason"]


def test_the_layout_of_events():
    stream = streamed(answer_of(["Hel", "lo"]), model=OLD)
    assert stream.frames(0, 2) == (
        b'data: {"candidates": [{"content": {"parts": [{"text": "Hel"}],"role": "model"},"index": 0}],'
        b'"modelVersion": "gemini-2.5-flash","responseId": "AAECAwQFBgcICQoLDA0ODxA"}\r\n\r\n'
        b'data: {"candidates": [{"content": {"parts": [{"text": "lo"}],"role": "model"},"finishReason": "STOP",'
        b'"index": 0}],"usageMetadata": {"promptTokenCount": 11,"candidatesTokenCount": 2,"totalTokenCount": 13,'
        b'"promptTokensDetails": [{"modality": "TEXT","tokenCount": 11}]},"modelVersion": "gemini-2.5-flash",'
        b'"responseId": "AAECAwQFBgcICQoLDA0ODxA"}\r\n\r\n'
    )
    assert (b"content-type", b"text/event-stream") in stream.headers


def test_without_alt_it_is_one_array():
    stream = streamed(answer_of(["a", "b", "c"]), sse=False)
    assert stream.frames(0, 1).startswith(b"[{")
    assert stream.frames(1, 2).startswith(b",\r\n{")
    assert stream.frames(2, 3).endswith(b"}]")
    assert len(json.loads(stream.frames(0, 3))) == 3
    assert (b"content-type", b"application/json; charset=UTF-8") in stream.headers


@pytest.mark.parametrize("sse", [True, False])
def test_hidden_thoughts_are_steps_without_bytes(sse):
    stream = streamed(answer_of(Choice(("a", "b"), Finish.STOP, reasoning=("x", "y", "z"))), sse=sse)
    assert [bool(stream.frames(step, step + 1)) for step in range(5)] == [False, False, False, True, True]


def test_a_call_comes_whole_with_its_last_token():
    choice = Choice(("I", " see"), Finish.TOOL_CALLS, calls=(called("f", '{"a"', ":1}"), called("g", "{}")))
    stream = streamed(answer_of(choice))
    made = [stream.frames(step, step + 1) for step in range(stream.steps)]
    assert made[2] == b""
    assert b'"functionCall": {"name": "f","args": {"a":1}' in made[3]
    assert b'"name": "g"' in made[4]
    assert b'"finishReason": "STOP"' in made[4]


def test_a_stream_that_has_begun_ends_in_its_own_form():
    refusal = Refusal(Problem.OVERLOADED)
    events = streamed(answer_of(["a", "b"]))
    assert events.fail(refusal, 1).startswith(b'data: {"error":')
    array = streamed(answer_of(["a", "b"]), sse=False)
    found = json.loads(array.frames(0, 1) + array.fail(refusal, 1))
    assert found[1]["error"]["status"] == "UNAVAILABLE"


@pytest.mark.parametrize("sse", [True, False])
def test_an_answer_of_which_the_filter_leaves_nothing_is_a_prompt_that_is_blocked(sse):
    answer = answer_of(Choice((), Finish.CONTENT_FILTER), Choice((), Finish.CONTENT_FILTER))
    plain = replied(answer)
    assert plain["promptFeedback"] == {"blockReason": "PROHIBITED_CONTENT"}
    assert "candidates" not in plain
    stream = streamed(answer, sse=sse)
    assert chunks_of(stream, sse=sse) == [plain]
    assert stream.frames(1, 5) == b""
