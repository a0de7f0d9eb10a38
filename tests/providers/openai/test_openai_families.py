"""What the service's models take and refuse, and that the catalogue's cards think as the dialect says."""

import pytest
from openai_plans import CHAT, chat_body, chat_call, chat_refusal

from simulator.config.catalogue import load_catalogue
from simulator.providers.base import Problem
from simulator.providers.openai.families import ANY, PLAIN, family_of

CARDS = [card for card in load_catalogue().values() if (card.provider, card.kind) == ("openai", "chat")]
NAMES = [(name, card) for card in CARDS for name in (card.id, *card.aliases)]
TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
CUSTOM = {"type": "custom", "custom": {"name": "c"}}
SPOKEN = {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "wav"}}
HEARD = [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}]}]


@pytest.mark.parametrize(("name", "card"), NAMES, ids=[name for name, _ in NAMES])
def test_a_card_thinks_as_much_as_its_family_does_by_itself(name, card):
    family = family_of(name)
    assert family is not ANY
    if family.active(None):
        assert card.reasoning == family.usual > 0
    else:
        assert card.reasoning == 0
    if family.efforts:
        assert family.default in family.efforts


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("gpt-4o", "gpt-4o-2024-08-06"),
        ("ft:gpt-4o-mini-2024-07-18:acme::abc", "gpt-4o"),
        ("ft:o4-mini:acme", "o4-mini"),
        ("gpt-5-mini", "gpt-5"),
        ("gpt-5-chat-latest", "gpt-4o"),
        ("gpt-5.2-pro-2025-12-11", "gpt-5.2-pro"),
        ("gpt-6.1-sol", "gpt-6-sol"),
    ],
)
def test_a_name_belongs_to_the_longest_beginning_that_is_known(name, like):
    assert family_of(name) is family_of(like) is not ANY


@pytest.mark.parametrize("name", ["", "o", "o11", "gpt-4oh", "my-gpt-4o", "claude", "ft:", "o1x"])
def test_other_names_have_no_family(name):
    assert family_of(name) is ANY


def test_plain_models():
    assert family_of("gpt-4o") is family_of("gpt-3.5-turbo") is family_of("gpt-4.1-mini") is PLAIN


def efforts(model):
    """The tokens of thought that each effort asks for, by the model's own list."""
    return [chat_call(model=model, reasoning_effort=effort).request.reasoning for effort in family_of(model).efforts]


@pytest.mark.parametrize(
    "model", ["o1", "o3-mini", "gpt-5", "gpt-5.1", "gpt-5.4", "gpt-5.6-sol", "gpt-6-astra", "mine"]
)
def test_more_effort_is_more_thought(model):
    found = efforts(model)
    assert found == sorted(found)
    assert found[-1] > family_of(model).usual
    assert chat_call(model=model).request.reasoning is None


def test_no_effort_is_no_thought():
    assert chat_call(model="gpt-5.1", reasoning_effort="none").request.reasoning == 0
    assert chat_call(model="gpt-5", reasoning_effort="minimal").request.reasoning == 0
    assert chat_call(model="o3", reasoning_effort="medium").request.reasoning == 86


def unsupported(name, value, allowed):
    return f"Unsupported value: '{name}' does not support '{value}' with this model. Supported values are: {allowed}."


@pytest.mark.parametrize(
    ("fields", "message", "param", "code"),
    [
        (
            {"model": "gpt-4o", "reasoning_effort": "low"},
            "Unrecognized request argument supplied: reasoning_effort",
            None,
            None,
        ),
        (
            {"model": "gpt-5-chat-latest", "reasoning_effort": "none"},
            "Unrecognized request argument supplied: reasoning_effort",
            None,
            None,
        ),
        (
            {"model": "o1-mini", "reasoning_effort": "low"},
            "Unsupported parameter: 'reasoning_effort' is not supported with this model.",
            "reasoning_effort",
            "unsupported_parameter",
        ),
        (
            {"model": "o3", "reasoning_effort": "minimal"},
            unsupported("reasoning_effort", "minimal", "'low', 'medium', and 'high'"),
            "reasoning_effort",
            "unsupported_value",
        ),
        (
            {"model": "gpt-5.1", "reasoning_effort": "minimal"},
            unsupported("reasoning_effort", "minimal", "'none', 'low', 'medium', and 'high'"),
            "reasoning_effort",
            "unsupported_value",
        ),
        (
            {"model": "gpt-6-astra", "reasoning_effort": "none"},
            unsupported("reasoning_effort", "none", "'low', 'medium', 'high', and 'xhigh'"),
            "reasoning_effort",
            "unsupported_value",
        ),
        (
            {"model": "gpt-5.2-chat-latest", "reasoning_effort": "low"},
            unsupported("reasoning_effort", "low", "'medium'"),
            "reasoning_effort",
            "unsupported_value",
        ),
        (
            {"model": "o4-mini", "max_tokens": 5},
            (
                "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' "
                "instead."
            ),
            "max_tokens",
            "unsupported_parameter",
        ),
        (
            {"model": "gpt-5", "temperature": 0},
            (
                "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is "
                "supported."
            ),
            "temperature",
            "unsupported_value",
        ),
        (
            {"model": "o1", "presence_penalty": 0.5},
            (
                "Unsupported value: 'presence_penalty' does not support 0.5 with this model. Only the default (0) "
                "value is supported."
            ),
            "presence_penalty",
            "unsupported_value",
        ),
        (
            {"model": "gpt-5-mini", "top_p": 0.5},
            "Unsupported parameter: 'top_p' is not supported with this model.",
            "top_p",
            "unsupported_parameter",
        ),
        (
            {"model": "gpt-5.4", "reasoning_effort": "low", "logprobs": True},
            "Unsupported parameter: 'logprobs' is not supported with this model.",
            "logprobs",
            "unsupported_parameter",
        ),
        (
            {"model": "o3", "stop": "x"},
            "Unsupported parameter: 'stop' is not supported with this model.",
            "stop",
            "unsupported_parameter",
        ),
        (
            {"model": "gpt-5.6-terra", "tools": [TOOL]},
            (
                "Function tools with reasoning_effort are not supported for gpt-5.6-terra in /v1/chat/completions. To "
                "use function tools, use /v1/responses or set reasoning_effort to 'none'."
            ),
            "reasoning_effort",
            None,
        ),
        (
            {"model": "gpt-6-astra", "functions": [TOOL["function"]], "reasoning_effort": "low"},
            (
                "Function tools with reasoning_effort are not supported for gpt-6-astra in /v1/chat/completions. "
                "Please use /v1/responses instead."
            ),
            "reasoning_effort",
            None,
        ),
        (
            {"model": "gpt-4o", "verbosity": "low"},
            unsupported("verbosity", "low", "'medium'"),
            "verbosity",
            "unsupported_value",
        ),
        (
            {"model": "gpt-4o", "web_search_options": {}},
            "Unknown parameter: 'web_search_options'.",
            "web_search_options",
            "unknown_parameter",
        ),
        (
            {"model": "gpt-4o", **SPOKEN},
            unsupported("modalities", "audio", "'text'"),
            "modalities",
            "unsupported_value",
        ),
        (
            {"model": "gpt-audio-mini"},
            "This model requires that either input content or output modality contain audio.",
            "model",
            "invalid_value",
        ),
        (
            {"model": "gpt-audio-mini", "modalities": ["audio"]},
            "Missing required parameter: 'audio'.",
            "audio",
            "missing_required_parameter",
        ),
        (
            {"model": "gpt-audio-mini", **SPOKEN, "stream": True},
            (
                "Unsupported value: 'audio.format' does not support 'wav' when stream=true. Supported values are: "
                "'pcm16'."
            ),
            "audio.format",
            "unsupported_value",
        ),
        (
            {"prediction": {"type": "content", "content": "x"}, "tools": [TOOL]},
            "Invalid value for 'tools': 'tools' is not supported with 'prediction'.",
            "tools",
            None,
        ),
        (
            {"prediction": {"type": "content", "content": "x"}, "n": 2},
            "Invalid value for 'n': 'n' is not supported with 'prediction'.",
            "n",
            None,
        ),
        (
            {"audio": {"voice": "alloy", "format": "ogg"}},
            "Invalid value: 'ogg'. Supported values are: 'wav', 'aac', 'mp3', 'flac', 'opus', and 'pcm16'.",
            "audio.format",
            "invalid_value",
        ),
        (
            {"metadata": {"k" * 65: "v"}},
            "Invalid 'metadata': string too long. Expected a string with maximum length 64.",
            "metadata",
            "string_above_max_length",
        ),
        (
            {"metadata": {str(number): "" for number in range(17)}},
            (
                "Invalid 'metadata': too many properties. Expected an object with at most 16 properties, but got an "
                "object with 17 properties instead."
            ),
            "metadata",
            "object_above_max_properties",
        ),
        (
            {"safety_identifier": "s" * 129},
            (
                "Invalid 'safety_identifier': string too long. Expected a string with maximum length 128, but got a "
                "string with length 129 instead."
            ),
            "safety_identifier",
            "string_above_max_length",
        ),
    ],
)
def test_refusals_have_the_words_of_the_real_service(fields, message, param, code):
    refusal = chat_refusal(**fields)
    assert refusal.problem is Problem.INVALID
    assert (refusal.message, refusal.param, refusal.code) == (message, param, code)


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "gpt-5.1", "temperature": 0, "top_p": 0.5, "logprobs": True, "stop": "x"},
        {"model": "gpt-5.6-sol", "reasoning_effort": "none", "temperature": 0, "tools": [TOOL]},
        {"model": "gpt-5.6-sol", "tools": [CUSTOM]},
        {"model": "gpt-5.4", "tools": [TOOL]},
        {"model": "gpt-5", "tools": [TOOL], "temperature": 1, "top_p": 1, "presence_penalty": 0, "verbosity": "low"},
        {"model": "o1", "stop": ["x"], "max_completion_tokens": 9},
        {"model": "o4-mini", "logprobs": False},
        {"model": "gpt-4o", "verbosity": "medium"},
        {"model": "gpt-4o", "reasoning_effort": None, "verbosity": None, "web_search_options": None},
        {"model": "gpt-4o-search-preview", "web_search_options": {"search_context_size": "low"}},
        {"model": "gpt-audio-mini", **SPOKEN},
        {"model": "gpt-audio-mini", "messages": HEARD},
        {"model": "gpt-audio-mini", "messages": HEARD, "modalities": ["text"]},
        {"model": "mine", "temperature": 0, "reasoning_effort": "max", "tools": [TOOL], "max_tokens": 3, "stop": "x"},
        {"model": "mine", **SPOKEN},
    ],
)
def test_what_a_model_takes(fields):
    assert CHAT.decode(chat_body(**fields), {}).request.model == fields["model"]
