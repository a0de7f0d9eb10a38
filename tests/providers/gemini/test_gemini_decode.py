"""What a request is refused for, in the service's words and with the field's name."""

import base64
import json

import pytest
from gemini_plans import BATCH, COUNT, EMBED, GENERATE, NEW, OLD, WEATHER, refused, refused_fields, target_of, turn

from simulator.providers.base import Problem

CALL = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}, "thoughtSignature": "c2ln"}]}
UNSIGNED = {"role": "model", "parts": [{"functionCall": {"name": "f", "args": {}}}]}
RESULT = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {"a": 1}}}]}


def config(**fields):
    return {"generationConfig": fields}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "* GenerateContentRequest.contents: contents is not specified\n"),
        ({"contents": []}, "* GenerateContentRequest.contents: contents is not specified\n"),
        (
            {"contents": [{"role": "user", "parts": []}]},
            "* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.\n",
        ),
        (
            {"contents": [turn("a"), {"parts": [{"thoughtSignature": "c2ln"}]}]},
            (
                "* GenerateContentRequest.contents[1].parts[0].data: required oneof field 'data' must have one "
                "initialized field\n"
            ),
        ),
        ({"contents": [turn("a", "assistant")]}, "Please use a valid role: user, model."),
        (
            {"contents": [{"parts": [{"text": "a", "inlineData": {"mimeType": "image/png", "data": ""}}]}]},
            (
                "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set. Cannot set "
                "'inlineData'"
            ),
        ),
        ({"contents": "a"}, "Invalid value at 'contents[0]' (contents), \"a\""),
        ({"contents": [{"parts": [{"text": {}}]}]}, "(text), Starting an object on a scalar field"),
        (
            {"contents": [turn("a")], "nonsense": 1},
            'Invalid JSON payload received. Unknown name "nonsense": Cannot find field.',
        ),
        (
            {"contents": [turn("a")], "generationConfig": {"maxTokens": 1}},
            "Invalid JSON payload received. Unknown name \"maxTokens\" at 'generation_config': Cannot find field.",
        ),
        ({"contents": [turn("a")], "generationConfig": {"seed": 2**40}}, "Invalid value at 'generation_config.seed'"),
        (
            {"contents": [turn("a")], "generationConfig": [1]},
            'Unknown name "generation_config": Proto field is not repeating, cannot start list.',
        ),
        ([], "Invalid JSON payload received. The body must be an object"),
        (b"{", "Invalid JSON payload received."),
        (b"\xff", "Invalid JSON payload received."),
        (b"", "Invalid JSON payload received. It is empty."),
        (b'{"contents": [], "labels": ' + b'{"a":' * 300 + b"1" + b"}" * 301, "Invalid value at 'labels'"),
        (b'{"generationConfig": {"imageConfig": ' + b'{"a":' * 300 + b"1" + b"}" * 302, "Message too deep"),
        ({"contents": [turn("a")], "model": "models/other"}, "is not that of the URL"),
    ],
)
def test_bodies_that_are_refused(body, message):
    refusal = refused(body)
    assert refusal.problem is Problem.INVALID
    assert message in refusal.message


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (config(temperature=5), "temperature: temperature must be in the range [0.0, 2.0].\n"),
        (config(topP=1.5), "top_p: top_p must be in the range [0.0, 1.0].\n"),
        (config(topK=-1), "top_k: top_k must be non-negative.\n"),
        (config(candidateCount=9), "candidate_count: candidate_count must be in the range [1, 8].\n"),
        (config(candidateCount=0), "candidate_count: candidate_count must be in the range [1, 8].\n"),
        (config(maxOutputTokens=0), "max_output_tokens: max_output_tokens must be positive.\n"),
        (config(presencePenalty=3), "presence_penalty: "),
        (config(frequencyPenalty=-3), "frequency_penalty: "),
        (config(stopSequences=list("abcdef")), "stop_sequences: at most 5"),
        (config(stopSequences=["a", ""]), "stop_sequences[1]: must not be empty"),
        (config(responseMimeType="image/png"), "response_mime_type: allowed mimetypes are"),
        (config(responseSchema={"type": "STRING"}), "response_schema: only allowed when response_mime_type is"),
        (config(responseModalities=["TEXT", "IMAGE"]), "The requested combination of response modalities"),
        (config(responseLogprobs=True), f"Logprobs is not enabled for models/{NEW}"),
        (config(mediaResolution="HUGE"), "Invalid value at 'generation_config.media_resolution'"),
        (config(thinkingConfig={"thinkingLevel": "DEEP"}), "thinking_config.thinking_level'"),
        (config(thinkingConfig={"thinkingLevel": "MINIMAL"}), "Thinking level MINIMAL is not supported"),
        (config(thinkingConfig={"thinkingLevel": "LOW", "thinkingBudget": 1}), "only one of thinking budget and"),
        (config(thinkingConfig={"thinkingBudget": 0}), "Budget 0 is invalid. This model only works in thinking mode."),
        (config(thinkingConfig={"thinkingBudget": -2}), "The thinking budget -2 is invalid"),
        (
            config(responseMimeType="application/json", responseSchema={"type": "STRING"}, responseJsonSchema={}),
            "Only one of `response_schema` and `response_json_schema` may be set.",
        ),
        (config(responseMimeType="application/json", responseJsonSchema=[1]), "response_json_schema'"),
        (config(responseMimeType="text/x.enum", responseSchema={"type": "STRING"}), "is needed for `text/x.enum`"),
        ({"safetySettings": [{"category": "RUDE", "threshold": "OFF"}]}, "'safety_settings[0].category'"),
        ({"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT"}]}, "safety_settings[0].threshold: must be"),
        (
            {"safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}] * 2},
            "duplicate safety setting",
        ),
        (
            {"systemInstruction": {"parts": [{"functionCall": {"name": "f"}}]}},
            "System instruction cannot have function calls",
        ),
        ({"cachedContent": "cachedContents/a", "tools": []}, None),
        ({"cachedContent": "cachedContents/a", "toolConfig": {}}, "CachedContent can not be used with"),
    ],
)
def test_fields_that_are_refused(fields, message):
    if message is None:
        assert GENERATE.decode(json.dumps({"contents": [turn("a")], **fields}).encode(), {}, target_of()).kept
        return
    assert message in refused_fields(**fields).message


def test_every_number_out_of_range_is_told():
    message = refused_fields(**config(temperature=5, topP=2, candidateCount=99)).message
    assert message.count("* GenerateContentRequest.generation_config.") == 3


@pytest.mark.parametrize(
    ("model", "thinking", "message"),
    [
        (OLD, {"thinkingLevel": "LOW"}, "Thinking level is not supported for this model."),
        ("gemini-2.5-pro", {"thinkingBudget": 0}, "Budget 0 is invalid"),
        ("gemini-3.1-pro-preview", {"thinkingLevel": "MINIMAL"}, "Thinking level MINIMAL"),
        ("gemini-2.0-flash", {"thinkingBudget": 100}, "Thinking is not enabled"),
    ],
)
def test_thinking_that_a_model_does_not_have(model, thinking, message):
    assert message in refused_fields(model, **config(thinkingConfig=thinking)).message


def test_older_models_do_not_call_functions_and_answer_in_json():
    fields = {"tools": [{"functionDeclarations": [WEATHER]}], **config(responseMimeType="application/json")}
    assert "is unsupported" in refused_fields(OLD, **fields).message
    body = json.dumps({"contents": [turn("a")], **fields}).encode()
    assert GENERATE.decode(body, {}, target_of(NEW)).request.tools


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ([CALL, RESULT], "Please ensure that function call turn comes immediately after a user turn"),
        ([{**CALL, "role": "user"}], "Please ensure that function call turn comes immediately after a user turn"),
        ([turn("a"), RESULT], "Please ensure that function response turn comes immediately after"),
        ([turn("a"), CALL, turn("b")], "Please ensure that the number of function response parts is equal"),
        ([turn("a"), CALL, {**RESULT, "parts": RESULT["parts"] * 2}], "Please ensure that the number of function"),
        ([turn("a"), turn("b", "model"), RESULT], "Please ensure that function response turn comes immediately"),
    ],
)
def test_calls_and_results_pair_up(contents, message):
    assert message in refused({"contents": contents}).message


@pytest.mark.parametrize(
    "contents",
    [
        [turn("a"), CALL],
        [turn("a"), CALL, RESULT],
        [turn("a"), turn("b", "model"), CALL, RESULT, turn("c", "model"), turn("d")],
        [turn("a"), CALL, {**RESULT, "role": "function"}],
        [turn("a"), CALL, {"role": "user", "parts": [*RESULT["parts"], {"text": "and?"}]}],
        [turn("a", "model"), turn("b", "model")],
    ],
)
def test_conversations_that_are_taken(contents):
    body = json.dumps({"contents": contents}).encode()
    assert GENERATE.decode(body, {}, target_of()).request.messages


def test_a_call_without_its_signature():
    """Only in the current exchange, and only from Gemini 3 on."""
    contents = [turn("a"), UNSIGNED, RESULT]
    message = refused({"contents": contents}).message
    assert message.startswith("Function call is missing a thought_signature in functionCall parts.")
    assert "`default_api:f` , position 2." in message
    for model, more in ((OLD, []), (NEW, [turn("b", "model"), turn("c")])):
        body = json.dumps({"contents": contents + more}).encode()
        assert GENERATE.decode(body, {}, target_of(model)).request.messages


def test_media_that_are_refused():
    def part(**fields):
        return refused({"contents": [{"parts": [{"inlineData": fields}]}]}).message

    where = "contents[0].parts[0].inline_data"
    assert f"{where}.mime_type: must be specified" in part(data="")
    assert part(mimeType="image/bmp", data="") == "Unsupported MIME type: image/bmp"
    assert f"Invalid value at '{where}.data' (TYPE_BYTES), Base64 decoding failed" in part(
        mimeType="image/png", data="é"
    )
    assert "Base64 decoding failed" in part(mimeType="image/png", data="abcde")
    address = {"contents": [{"parts": [{"fileData": {"mimeType": "image/png"}}]}]}
    assert "file_data.file_uri: must be specified" in refused(address).message


def test_both_alphabets_of_base64():
    data = bytes(range(250, 256)) * 3
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        parts = [{"inlineData": {"mimeType": "image/png", "data": encode(data).decode()}}]
        body = json.dumps({"contents": [{"parts": parts}]}).encode()
        assert GENERATE.decode(body, {}, target_of()).request.messages[0].parts[0].tokens == 1_120


@pytest.mark.parametrize(
    ("endpoint", "body", "message"),
    [
        (COUNT, {}, "contents is not specified"),
        (COUNT, {"contents": [turn("a")], "generateContentRequest": {"model": NEW}}, "Only one of `contents`"),
        (COUNT, {"contents": [turn("a")], "tools": []}, 'Unknown name "tools"'),
        (EMBED, {}, "* EmbedContentRequest.content: content is not specified\n"),
        (EMBED, {"content": {"parts": [{"text": ""}]}}, "content is empty"),
        (EMBED, {"content": turn("a"), "outputDimensionality": 0}, "output_dimensionality must be positive"),
        (EMBED, {"content": turn("a"), "taskType": "GUESSING"}, "Invalid value at 'task_type'"),
        (EMBED, {"content": turn("a"), "title": "t"}, "title is only applicable when"),
        (EMBED, {"content": CALL}, "function call turn"),
        (BATCH, {}, "requests is not specified"),
        (BATCH, {"requests": [{"content": turn("a")}] * 101}, "at most 100 requests"),
        (BATCH, {"requests": [{"content": turn("a"), "model": "models/x"}]}, "is not that of the URL"),
        (
            BATCH,
            {"requests": [{"content": turn("a"), "outputDimensionality": size} for size in (1, 2)]},
            "must have the same output_dimensionality",
        ),
    ],
)
def test_the_other_methods_refuse_too(endpoint, body, message):
    assert message in refused(body, endpoint).message
