import pytest
from openai_plans import CHAT, chat_call, chat_refusal, refusal_of

from simulator.engine.request import NO_SAMPLING, Format, Message, Operation, Sampling
from simulator.providers.base import Problem


def test_the_simplest_request():
    call = chat_call()
    request = call.request
    assert (request.operation, request.provider, request.model) == (Operation.CHAT, "openai", "gpt-4o")
    assert request.messages == (Message("user", "Hi"),)
    assert (request.max_tokens, request.stop, request.choices) == (None, (), 1)
    assert request.sampling is NO_SAMPLING
    assert (request.tools, request.tool_choice, request.format, request.extra) == ((), "", Format(), ())
    assert request.parallel is True
    assert call.stream is False


def test_what_only_changes_the_transport_leaves_the_request_as_it_is():
    plain = chat_call().request
    assert chat_call(stream=True, stream_options={"include_usage": True, "include_obfuscation": False}).stream
    for fields in (
        {"stream": True},
        {"stream": False},
        {"user": "u"},
        {"metadata": {"a": "b"}},
        {"store": True},
        {"service_tier": "fast"},
        {"logprobs": True, "top_logprobs": 3},
        {"moderation": {"model": "omni-moderation-latest"}},
        {"safety_identifier": "s"},
        {"prompt_cache_key": "k", "prompt_cache_retention": "24h", "prompt_cache_options": {"mode": "implicit"}},
        {"prediction": {"type": "content", "content": "Hi"}},
        {"temperature": None, "n": None, "stop": None, "seed": None, "response_format": {"type": "text"}},
        {"modalities": ["text"]},
    ):
        assert chat_call(**fields).request == plain, fields


def test_what_changes_an_answer_reaches_the_request():
    request = chat_call(
        temperature=0,
        top_p=0.5,
        frequency_penalty=-2,
        presence_penalty=2,
        seed=-5,
        logit_bias={"50256": -100},
        max_completion_tokens=7,
        n=128,
        stop=["a", "", "b"],
        reasoning_effort="high",
        verbosity="low",
        web_search_options={},
        model="my-own",
    ).request
    assert request.sampling == Sampling(0, 0.5, None, -2, 2, -5, {"50256": -100})
    assert (request.max_tokens, request.choices, request.stop) == (7, 128, ("a", "b"))
    assert request.extra == ("reasoning_effort=high", "verbosity=low", "web_search")
    assert request.reasoning == 3 * chat_call(model="my-own", reasoning_effort="medium").request.reasoning
    assert chat_call(max_tokens=9).request.max_tokens == 9
    assert chat_call(stop="x").request.stop == ("x",)


@pytest.mark.parametrize(
    ("fields", "message", "param", "code"),
    [
        (
            {"temperature": 3},
            "Invalid 'temperature': decimal above maximum value. Expected a value <= 2, but got 3 instead.",
            "temperature",
            "decimal_above_max_value",
        ),
        (
            {"temperature": "warm"},
            "Invalid type for 'temperature': expected a decimal, but got a string instead.",
            "temperature",
            "invalid_type",
        ),
        (
            {"presence_penalty": -2.5},
            "Invalid 'presence_penalty': decimal below minimum value. Expected a value >= -2, but got -2.5 instead.",
            "presence_penalty",
            "decimal_below_min_value",
        ),
        (
            {"max_tokens": 0},
            "Invalid 'max_tokens': integer below minimum value. Expected a value >= 1, but got 0 instead.",
            "max_tokens",
            "integer_below_min_value",
        ),
        (
            {"n": 129},
            "Invalid 'n': integer above maximum value. Expected a value <= 128, but got 129 instead.",
            "n",
            "integer_above_max_value",
        ),
        (
            {"seed": 2**64},
            (
                "Invalid 'seed': integer above maximum value. Expected a value <= 9223372036854775807, "
                "but got 18446744073709551616 instead."
            ),
            "seed",
            "integer_above_max_value",
        ),
        (
            {"logit_bias": {"1": 101}},
            "Invalid 'logit_bias': decimal above maximum value. Expected a value <= 100.",
            "logit_bias",
            "decimal_above_max_value",
        ),
        (
            {"messages": []},
            "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
            "messages",
            "empty_array",
        ),
        (
            {"stop": list("abcde")},
            (
                "Invalid 'stop': array too long. Expected an array with maximum length 4, "
                "but got an array with length 5 instead."
            ),
            "stop",
            "array_above_max_length",
        ),
        ({"foo": 1}, "Unknown parameter: 'foo'.", "foo", "unknown_parameter"),
        (
            {"messages": [{"role": "user", "content": "x", "foo": 1}]},
            "Unknown parameter: 'messages[0].foo'.",
            "messages[0].foo",
            "unknown_parameter",
        ),
        ({"model": ""}, "you must provide a model parameter", None, None),
        (
            {"model": 5},
            "Invalid type for 'model': expected a string, but got an integer instead.",
            "model",
            "invalid_type",
        ),
        (
            {"stream": "yes"},
            "Invalid type for 'stream': expected a boolean, but got a string instead.",
            "stream",
            "invalid_type",
        ),
        (
            {"stop": 5},
            "Invalid type for 'stop': expected one of a string or array of strings, but got an integer instead.",
            "stop",
            "invalid_type",
        ),
        (
            {"reasoning_effort": "huge"},
            (
                "Invalid value: 'huge'. Supported values are: 'none', 'minimal', 'low', 'medium', 'high', 'xhigh', "
                "and 'max'."
            ),
            "reasoning_effort",
            "invalid_value",
        ),
        (
            {"stream_options": {"include_usage": True}},
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            "stream_options",
            None,
        ),
        (
            {"max_tokens": 5, "max_completion_tokens": 5},
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            "max_completion_tokens",
            "invalid_parameter_combination",
        ),
        (
            {"top_logprobs": 2},
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "top_logprobs",
            None,
        ),
    ],
)
def test_refusals_have_the_words_of_the_real_service(fields, message, param, code):
    refusal = chat_refusal(**fields)
    assert refusal.problem is Problem.INVALID
    assert (refusal.message, refusal.param, refusal.code) == (message, param, code)


def test_only_what_is_stored_is_kept():
    assert chat_call(store=True).kept
    assert not chat_call(store=False).kept
    assert not chat_call().kept


def test_no_model_and_no_messages():
    assert refusal_of(CHAT, {"messages": [{"role": "user", "content": "x"}]}).message == (
        "you must provide a model parameter"
    )
    missing = refusal_of(CHAT, {"model": "gpt-4o"})
    assert (missing.message, missing.code) == (
        "Missing required parameter: 'messages'.",
        "missing_required_parameter",
    )


@pytest.mark.parametrize("body", [b"", b"{", b"not json", b'{"model": NaN}', b'\xef\xbb\xbf{"model":"x"}', b"\xff"])
def test_what_is_not_json_gets_the_hint(body):
    refusal = refusal_of(CHAT, body)
    assert refusal.message.startswith("We could not parse the JSON body of your request. (HINT: ")
    assert (refusal.param, refusal.code) == (None, None)


def test_a_body_that_is_no_object():
    assert refusal_of(CHAT, []).message == "Invalid body: expected an object, but got an array instead."


def test_a_body_nested_too_deep():
    deep = b'{"model":"m","metadata":' + b'{"a":' * 200 + b"1" + b"}" * 200 + b"}"
    assert refusal_of(CHAT, deep).problem is Problem.INVALID
    schema = {"type": "object"}
    for _ in range(200):
        schema = {"type": "object", "properties": schema}
    message = chat_refusal(tools=[{"type": "function", "function": {"name": "f", "parameters": schema}}]).message
    assert message == "The JSON body of your request is nested deeper than the 128 levels allowed."
