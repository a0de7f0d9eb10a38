import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai.types import Completion
from openai_plans import COMPLETIONS, answer_of, decoded, events_of, no_extras, plan_of, refusal_of

from simulator.engine.plan import Choice, Finish
from simulator.engine.request import Operation

MODEL = "gpt-3.5-turbo-instruct"


def call_of(prompt="Once", **fields):
    return decoded(COMPLETIONS, model=MODEL, prompt=prompt, **fields)


def completion(plan, *args, **fields):
    return Completion.model_validate_json(COMPLETIONS.reply(call_of(*args, **fields), plan).body, strict=True)


def chunks(plan, *args, **fields):
    *events, done = events_of(COMPLETIONS.stream(call_of(*args, stream=True, **fields), plan))
    assert done == "[DONE]"
    return [json.loads(event) for event in events]


def test_an_answer_is_what_the_official_client_expects():
    plan = plan_of(answer_of([" upon", " a time"], Choice((), Finish.LENGTH)), model=MODEL)
    answer = completion(plan, n=2)
    assert no_extras(answer)
    assert answer.id == "cmpl-0123456789ABCDEFGHIJKLMNOPQRS"
    assert (answer.object, answer.created, answer.model) == ("text_completion", 1_700_000_000, MODEL)
    assert [(choice.index, choice.text, choice.finish_reason) for choice in answer.choices] == [
        (0, " upon a time", "stop"),
        (1, "", "length"),
    ]
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (11, 2, 13)


def test_every_chunk_is_valid_but_for_the_reason_that_is_not_yet_known():
    plan = plan_of(answer_of(["a", "b"]), model=MODEL)
    found = chunks(plan, stream_options={"include_usage": True})
    assert [chunk["choices"][0]["finish_reason"] for chunk in found[:-1]] == [None, None, "stop"]
    for chunk in found:
        for choice in chunk["choices"]:
            # The SDK's type has no null here, the service sends it all the same.
            choice["finish_reason"] = choice["finish_reason"] or "stop"
        assert no_extras(Completion.model_validate_json(json.dumps(chunk), strict=True))
    assert [chunk["usage"] for chunk in found[:-1]] == [None, None, None]
    assert found[-1]["usage"] == {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13}
    assert found[-1]["choices"] == []


@given(st.lists(st.lists(st.text(max_size=5), max_size=5), min_size=2, max_size=2), st.booleans(), st.data())
def test_a_stream_concatenates_to_the_plain_answer(choices, echo, data):
    plan = plan_of(answer_of(*choices, *choices))
    args = {"prompt": ['one "1"', "two"], "n": 2, "echo": echo}
    texts = [""] * 4
    for chunk in chunks(plan, **args):
        texts[chunk["choices"][0]["index"]] += chunk["choices"][0]["text"]
    prompts = [args["prompt"][index // 2] if echo else "" for index in range(4)]
    assert texts == [choice.text for choice in completion(plan, **args).choices]
    assert texts == [prompt + "".join(pieces) for prompt, pieces in zip(prompts, [*choices, *choices], strict=True)]
    stream = COMPLETIONS.stream(call_of(stream=True, **args), plan)
    cut = data.draw(st.integers(0, stream.steps))
    assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == stream.frames(0, stream.steps)


def test_requests():
    request = call_of(suffix="end", best_of=3, temperature=0.5, stop="x").request
    assert (request.operation, request.inputs, request.token_inputs) == (Operation.COMPLETION, ("Once",), ())
    assert (request.max_tokens, request.choices, request.stop) == (16, 1, ("x",))
    assert request.extra == ("suffix=end", "best_of=3")
    assert request.sampling.temperature == 0.5
    assert call_of(max_tokens=0).request.max_tokens == 0
    assert call_of(None).request.inputs == ("<|endoftext|>",)
    assert call_of("").request.inputs == ("",)
    assert call_of(["a", "b"]).request.inputs == ("a", "b")
    ids = call_of([1, 2, 3]).request
    assert (ids.inputs, ids.token_inputs) == (("1 2 3",), ((1, 2, 3),))
    lists = call_of([[1], [2, 3]]).request
    assert (lists.inputs, lists.token_inputs) == (("1", "2 3"), ((1,), (2, 3)))
    assert call_of(stream=True).request == call_of(user="u", echo=True).request


@pytest.mark.parametrize(
    ("fields", "param", "code"),
    [
        ({"prompt": [1, "a"]}, "prompt", "invalid_type"),
        ({"prompt": []}, "prompt", "empty_array"),
        ({"prompt": ["a"] * 2049}, "prompt", "array_above_max_length"),
        ({"prompt": ["a"] * 17, "n": 128}, "n", None),
        ({"prompt": [-1]}, "prompt[0]", "integer_below_min_value"),
        ({"prompt": {}}, "prompt", "invalid_type"),
        ({"max_tokens": -1}, "max_tokens", "integer_below_min_value"),
        ({"logprobs": 6}, "logprobs", "integer_above_max_value"),
        ({"prompt": [1], "echo": True}, "echo", "unsupported_value"),
        ({"prompt": [[1]], "echo": True}, "echo", "unsupported_value"),
        ({"n": 3, "best_of": 2}, "best_of", None),
        ({"best_of": 2, "stream": True}, "best_of", None),
        ({"messages": []}, "messages", "unknown_parameter"),
        ({"stream_options": {}}, "stream_options", None),
        ({"model": ""}, None, None),
    ],
)
def test_refusals(fields, param, code):
    refusal = refusal_of(COMPLETIONS, {"model": MODEL, "prompt": "x", **fields})
    assert (refusal.param, refusal.code) == (param, code)


def test_a_prompt_is_required():
    assert refusal_of(COMPLETIONS, {"model": MODEL}).message == "Missing required parameter: 'prompt'."


def columns(found):
    """The columns of log-probabilities as rows of token, figure, offset and alternatives."""
    tops = found["top_logprobs"] or [None] * len(found["tokens"])
    return list(zip(found["tokens"], found["token_logprobs"], found["text_offset"], tops, strict=True))


@settings(max_examples=40)
@given(
    st.lists(st.lists(st.text(max_size=5), max_size=5), min_size=2, max_size=2),
    st.booleans(),
    st.integers(0, 5),
    st.data(),
)
def test_streamed_log_probabilities_are_the_plain_ones(choices, echo, most, data):
    plan = plan_of(answer_of(*choices, *choices), model=MODEL)
    args = {"prompt": ['one "1"', "two"], "n": 2, "echo": echo, "logprobs": most}
    texts, rows = [""] * 4, [[] for _ in range(4)]
    for chunk in chunks(plan, **args):
        (choice,) = chunk["choices"]
        texts[choice["index"]] += choice["text"]
        if choice["logprobs"] is not None:
            rows[choice["index"]] += columns(choice["logprobs"])
    plain = json.loads(COMPLETIONS.reply(call_of(**args), plan).body)["choices"]
    assert texts == [choice["text"] for choice in plain]
    assert rows == [columns(choice["logprobs"]) for choice in plain]
    stream = COMPLETIONS.stream(call_of(stream=True, **args), plan)
    cut = data.draw(st.integers(0, stream.steps))
    assert stream.steps == plan.outcome.steps
    assert stream.frames(0, cut) + stream.frames(cut, stream.steps) == stream.frames(0, stream.steps)


def test_log_probabilities():
    plan = plan_of(answer_of([" upon", " a", " time"]), model=MODEL)
    (choice,) = completion(plan, logprobs=2).choices
    assert choice.logprobs.tokens == [" upon", " a", " time"]
    assert choice.logprobs.text_offset == [0, 5, 7]
    for token, figure, top in zip(
        choice.logprobs.tokens, choice.logprobs.token_logprobs, choice.logprobs.top_logprobs, strict=True
    ):
        assert top[token] == figure < 0
        assert len(top) == 2
    (bare,) = completion(plan, logprobs=0).choices
    assert bare.logprobs.top_logprobs is None
    assert bare.logprobs.token_logprobs == choice.logprobs.token_logprobs


def test_an_echo_is_told_token_by_token():
    """Scoring a text (`echo` with no tokens of its own) is what evaluation harnesses do with this endpoint."""
    plan = plan_of(answer_of([]), model=MODEL)
    call = call_of("The sea is calm.", echo=True, logprobs=1, max_tokens=0)
    (choice,) = json.loads(COMPLETIONS.reply(call, plan).body)["choices"]
    told = choice["logprobs"]
    assert "".join(told["tokens"]) == choice["text"] == "The sea is calm."
    assert (told["token_logprobs"][0], told["top_logprobs"][0]) == (None, None)
    assert all(figure < 0 for figure in told["token_logprobs"][1:])
    for token, offset in zip(told["tokens"], told["text_offset"], strict=True):
        assert choice["text"][offset:].startswith(token)


def test_an_echo_leaves_the_answers_own_figures_as_they_are():
    plan = plan_of(answer_of([" upon", " a"]), model=MODEL)
    (alone,) = completion(plan, logprobs=1).choices
    call = call_of("Once", echo=True, logprobs=1)
    (echoed,) = json.loads(COMPLETIONS.reply(call, plan).body)["choices"]
    assert echoed["logprobs"]["token_logprobs"][1:] == alone.logprobs.token_logprobs


def test_obfuscation_only_when_it_is_asked_for():
    plan = plan_of(answer_of([" upon", " a"]), model=MODEL)
    assert all("obfuscation" not in chunk for chunk in chunks(plan))
    padded = chunks(plan, stream_options={"include_obfuscation": True})
    assert all(1 <= len(chunk.pop("obfuscation")) <= 16 for chunk in padded)
    assert padded == chunks(plan)
