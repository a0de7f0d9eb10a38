"""generateContent: what is asked of the engine, and the answer in the service's layout."""

import json

import pytest
from gemini_plans import (
    GENERATE,
    NEW,
    OLD,
    WEATHER,
    answer_of,
    body_of,
    called,
    decoded,
    parts_of,
    plan_of,
    replied,
    request_of,
    target_of,
    turn,
)

from simulator.engine.plan import Choice, Finish, Usage
from simulator.engine.request import Message, Operation, ToolCall


def test_a_plain_request():
    request = request_of()
    assert (request.operation, request.provider, request.model) == (Operation.CHAT, "gemini", NEW)
    assert request.messages == (Message("user", "Hi"),)
    assert request.reasoning is None


def test_the_whole_layout_of_an_answer():
    reply = GENERATE.reply(decoded(model=OLD), plan_of(answer_of(["Hel", "lo"]), model=OLD, offsets=(0.1, 0.25)))
    assert reply.body.decode() == (
        "{\n"
        '  "candidates": [\n'
        "    {\n"
        '      "content": {\n'
        '        "parts": [\n'
        "          {\n"
        '            "text": "Hello"\n'
        "          }\n"
        "        ],\n"
        '        "role": "model"\n'
        "      },\n"
        '      "finishReason": "STOP",\n'
        '      "index": 0\n'
        "    }\n"
        "  ],\n"
        '  "usageMetadata": {\n'
        '    "promptTokenCount": 11,\n'
        '    "candidatesTokenCount": 2,\n'
        '    "totalTokenCount": 13,\n'
        '    "promptTokensDetails": [\n'
        "      {\n"
        '        "modality": "TEXT",\n'
        '        "tokenCount": 11\n'
        "      }\n"
        "    ]\n"
        "  },\n"
        f'  "modelVersion": "{OLD}",\n'
        '  "responseId": "AAECAwQFBgcICQoLDA0ODxA"\n'
        "}\n"
    )
    assert (b"content-type", b"application/json; charset=UTF-8") in reply.headers
    assert (b"server-timing", b"gfet4t7; dur=250") in reply.headers


@pytest.mark.parametrize(
    ("finish", "word"),
    [
        (Finish.STOP, "STOP"),
        (Finish.LENGTH, "MAX_TOKENS"),
        (Finish.STOP_SEQUENCE, "STOP"),
        (Finish.CONTENT_FILTER, "SAFETY"),
        (Finish.REFUSAL, "STOP"),
    ],
)
def test_finish_reasons(finish, word):
    found = replied(answer_of(Choice(("a",), finish)))
    assert found["candidates"][0]["finishReason"] == word


def test_an_answer_of_nothing_has_no_parts_and_no_count():
    found = replied(answer_of(Choice((), Finish.LENGTH, reasoning=("th", "ink"))))
    assert found["candidates"][0]["content"] == {"role": "model"}
    assert "candidatesTokenCount" not in found["usageMetadata"]
    assert found["usageMetadata"]["thoughtsTokenCount"] == 2
    assert found["usageMetadata"]["totalTokenCount"] == 13


def test_thoughts_are_shown_only_when_asked_for():
    answer = answer_of(Choice(("yes",), Finish.STOP, reasoning=("let", " me see")))
    assert [part["text"] for part in parts_of(replied(answer))] == ["yes"]
    shown = parts_of(replied(answer, generationConfig={"thinkingConfig": {"includeThoughts": True}}))
    assert shown[0] == {"text": "let me see", "thought": True}
    assert shown[1]["text"] == "yes"
    assert replied(answer)["usageMetadata"]["candidatesTokenCount"] == 1


def test_newer_models_sign_their_answers():
    assert "thoughtSignature" in parts_of(replied(answer_of(["a"])))[0]
    assert "thoughtSignature" not in parts_of(replied(answer_of(["a"]), model=OLD))[0]


def test_calls_have_ids_and_one_signature_from_gemini_3_on():
    choice = Choice((), Finish.TOOL_CALLS, calls=(called("f", '{"a":', "1}"), called("g", "{}", bits=b"j" * 16)))
    first, second = parts_of(replied(answer_of(choice)))
    assert first["functionCall"]["args"] == {"a": 1}
    assert len(first["functionCall"]["id"]) == 8
    assert first["functionCall"]["id"] != second["functionCall"]["id"]
    assert "thoughtSignature" in first
    assert "thoughtSignature" not in second
    old = parts_of(replied(answer_of(choice), model=OLD))
    assert old == [{"functionCall": {"name": "f", "args": {"a": 1}}}, {"functionCall": {"name": "g", "args": {}}}]


def test_a_call_that_the_limit_cut_is_not_shown():
    choice = Choice((), Finish.LENGTH, calls=(called("f", "{}"), called("g", '{"a"')))
    assert [part["functionCall"]["name"] for part in parts_of(replied(answer_of(choice)))] == ["f"]


def test_several_candidates():
    found = replied(answer_of(["a"], ["b"]), generationConfig={"candidateCount": 2})
    assert [candidate["content"]["parts"][0]["text"] for candidate in found["candidates"]] == ["a", "b"]
    assert request_of(generationConfig={"candidateCount": 2}).choices == 2


def test_a_word_of_an_enumeration_has_no_quotes():
    config = {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING", "enum": ["red", "blue"]}}
    assert parts_of(replied(answer_of(['"re', 'd"']), generationConfig=config))[0]["text"] == "red"


def test_safety_settings_are_answered_by_ratings():
    category = "HARM_CATEGORY_HARASSMENT"
    found = replied(answer_of(["a"]), safetySettings=[{"category": category, "threshold": "BLOCK_NONE"}])
    assert found["candidates"][0]["safetyRatings"] == [{"category": category, "probability": "NEGLIGIBLE"}]
    assert "safetyRatings" not in replied(answer_of(["a"]))["candidates"][0]


def test_cached_tokens_are_told():
    found = replied(answer_of(["a"], usage=Usage(30, 1, cached_tokens=20)))
    assert found["usageMetadata"]["cachedContentTokenCount"] == 20
    assert found["usageMetadata"]["cacheTokensDetails"] == [{"modality": "TEXT", "tokenCount": 20}]


def test_the_configured_prefix_of_ids():
    reply = GENERATE.reply(decoded(), plan_of(answer_of(["a"]), id_prefix="sim-"))
    assert json.loads(reply.body)["responseId"].startswith("sim-AAEC")


def test_the_generation_config():
    request = request_of(
        generationConfig={
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40.0,
            "maxOutputTokens": 99,
            "stopSequences": ["END"],
            "seed": 7,
            "presencePenalty": 0.1,
            "frequencyPenalty": 0.2,
        }
    )
    sampling = request.sampling
    assert (sampling.temperature, sampling.top_p, sampling.top_k, sampling.seed) == (0.5, 0.9, 40, 7)
    assert (sampling.presence_penalty, sampling.frequency_penalty) == (0.1, 0.2)
    assert (request.max_tokens, request.stop) == (99, ("END",))


@pytest.mark.parametrize(
    ("model", "thinking", "tokens"),
    [
        (OLD, {"thinkingBudget": 0}, 0),
        (OLD, {"thinkingBudget": -1}, None),
        (OLD, {"thinkingBudget": 32}, 32),
        (OLD, {"thinkingBudget": 24_576}, 1_024),
        (NEW, {"thinkingBudget": 1_024}, 128),
        (NEW, {"thinkingLevel": "LOW"}, 64),
        (NEW, {"thinkingLevel": "high"}, 512),
        (NEW, {"includeThoughts": True}, None),
        ("gemini-3.5-flash", {"thinkingLevel": "MINIMAL"}, 0),
    ],
)
def test_how_long_the_model_thinks(model, thinking, tokens):
    assert request_of(model=model, generationConfig={"thinkingConfig": thinking}).reasoning == tokens


def test_the_system_instruction_comes_first():
    request = request_of(systemInstruction={"parts": [{"text": "Be terse."}, {"text": "Be kind."}]})
    assert request.messages == (Message("system", "Be terse.\nBe kind."), Message("user", "Hi"))


def test_turns_with_calls_and_results():
    contents = [
        turn("Weather in Rome and Oslo?"),
        {
            "role": "model",
            "parts": [
                {"text": "Let me look.", "thought": True},
                {"functionCall": {"name": "w", "args": {"c": "Rome"}, "id": "a1"}, "thoughtSignature": "c2ln"},
                {"functionCall": {"name": "w", "args": {"c": "Oslo"}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "w", "response": {"result": "9 degrees"}}},
                {"functionResponse": {"name": "w", "response": {"result": "21 degrees"}, "id": "a1"}},
            ],
        },
    ]
    _, asked, *results = request_of(contents=contents).messages
    assert asked == Message(
        "assistant", "", calls=(ToolCall("a1", "w", '{"c":"Rome"}'), ToolCall("call_1_1", "w", '{"c":"Oslo"}'))
    )
    assert [result.role for result in results] == ["tool", "tool"]
    assert [result.answers for result in results] == ["a1", "call_1_1"]
    assert results[1].text == '{"result":"21 degrees"}'


def test_the_other_spellings_of_protocol_buffers():
    """The service's documentation itself uses snake case, and one object for a list of them."""
    body = {
        "contents": {"parts": {"text": "Hi"}},
        "system_instruction": {"parts": {"text": "You are Neko."}},
        "generation_config": {"max_output_tokens": "99", "stop_sequences": "END", "top_k": 3.0},
        "tools": {"function_declarations": WEATHER},
        "tool_config": {"function_calling_config": {"mode": "any", "allowed_function_names": "get_weather"}},
        "safety_settings": {"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"},
    }
    request = GENERATE.decode(json.dumps(body).encode(), {}, target_of()).request
    assert [message.text for message in request.messages] == ["You are Neko.", "Hi"]
    assert (request.max_tokens, request.stop, request.sampling.top_k) == (99, ("END",), 3)
    assert request.tool_choice == "required:get_weather"


def test_what_a_client_defines_itself_is_not_respelled():
    args = {"some_key": {"function_call": [1, "2"]}}
    contents = [turn("a"), {"role": "model", "parts": {"function_call": {"name": "f", "args": args}}}]
    body = {"contents": contents}
    request = GENERATE.decode(json.dumps(body).encode(), {}, target_of(OLD)).request
    assert json.loads(request.messages[1].calls[0].arguments) == args


def test_the_model_may_be_repeated_in_the_body():
    assert request_of(model=NEW).model == NEW
    body = json.dumps({**body_of(), "model": f"models/{NEW}"}).encode()
    assert GENERATE.decode(body, {}, target_of()).request.model == NEW


def test_streaming_is_not_a_part_of_the_request():
    plain = decoded()
    streamed = decoded(query={"alt": "sse"})
    assert plain.request == streamed.request
    assert not plain.stream
