"""The content filter: the marks that make it find something, and how a blocked prompt is told."""

import json

import pytest
from azure_plans import (
    CHAT,
    COMPLETION,
    DEPLOYED,
    PROMPT,
    PROVIDER,
    REQUEST_BITS,
    RESPONSES,
    SAFE,
    at,
    chat_body,
    chat_call,
    endpoint,
    plan_of,
    planned,
    refusal_of,
)

from simulator.providers.azure.filters import verdict_of
from simulator.providers.base import Problem, Refusal, Target

MARK = "AZURE_CONTENT_FILTER:"


def blocked(point, body, target):
    reply = PROVIDER.refuse(refusal_of(point.decode, body, {}, target), REQUEST_BITS)
    assert reply.status == 400
    return json.loads(reply.body)["error"]


@pytest.mark.parametrize(
    ("mark", "category", "result"),
    [
        ("violence", "violence", {"filtered": True, "severity": "high"}),
        ("hate=medium", "hate", {"filtered": True, "severity": "medium"}),
        ("jailbreak", "jailbreak", {"filtered": True, "detected": True}),
        ("indirect_attack=filtered", "indirect_attack", {"filtered": True, "detected": True}),
        ("profanity", "profanity", {"filtered": True, "detected": True}),
    ],
)
def test_a_prompt_that_is_blocked(mark, category, result):
    error = blocked(CHAT, chat_body(f"Please {MARK}prompt:{mark} now"), at())
    assert (error["code"], error["param"], error["type"], error["status"]) == ("content_filter", "prompt", None, 400)
    assert error["innererror"] == {
        "code": "ResponsibleAIPolicyViolation",
        "content_filter_result": {**PROMPT, category: result},
    }
    assert "content management policy" in error["message"]


@pytest.mark.parametrize(
    ("mark", "category", "result"),
    [
        ("violence=low", "violence", {"filtered": False, "severity": "low"}),
        ("sexual=safe", "sexual", SAFE),
        ("jailbreak=annotated", "jailbreak", {"filtered": False, "detected": True}),
    ],
)
def test_a_prompt_of_which_something_is_only_told(mark, category, result):
    call = chat_call(f"{MARK}prompt:{mark}")
    told = json.loads(CHAT.reply(call, plan_of(["x"])).body)
    assert told["prompt_filter_results"][0]["content_filter_results"] == {**PROMPT, category: result}
    assert told["choices"][0]["content_filter_results"] == COMPLETION
    assert told["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize(
    ("mark", "category", "result", "finish"),
    [
        ("protected_material_text", "protected_material_text", {"filtered": True, "detected": True}, "content_filter"),
        ("protected_material_code=annotated", "protected_material_code", {"filtered": False, "detected": True}, "stop"),
        ("self_harm=low", "self_harm", {"filtered": False, "severity": "low"}, "stop"),
        ("hate", "hate", {"filtered": True, "severity": "high"}, "content_filter"),
    ],
)
def test_what_is_found_in_the_answer(mark, category, result, finish):
    call = chat_call(f"{MARK}completion:{mark}", stream=True)
    (choice,) = json.loads(CHAT.reply(call, plan_of(["x"])).body)["choices"]
    assert choice["content_filter_results"] == {**COMPLETION, category: result}
    assert choice["finish_reason"] == finish
    told = CHAT.stream(call, plan_of(["x"])).frames(0, 9)
    assert b'"finish_reason":"%b"' % finish.encode() in told
    assert (b'"filtered":true' in told) is (finish != "stop")


@pytest.mark.parametrize(
    "text", ["violence", f"{MARK}prompt:kindness", f"{MARK}prompt:hate=furious", f"{MARK}completion:jailbreak", MARK]
)
def test_anything_else_is_safe(text):
    verdict = verdict_of(json.dumps(text).encode())
    assert (verdict.prompt, verdict.completion) == (PROMPT, COMPLETION)
    assert not verdict.blocks
    assert not verdict.cuts


def test_responses_tell_of_it_in_their_own_way():
    body = json.dumps({"model": "gpt-4o", "input": f"{MARK}prompt:sexual"}).encode()
    error = blocked(RESPONSES, body, Target())
    (found,) = error["content_filters"]
    assert (found["blocked"], found["source_type"]) == (True, "prompt")
    assert found["content_filter_results"]["sexual"] == {"filtered": True, "severity": "high"}
    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", "content_filter", "prompt")
    assert found["content_filter_offsets"]["end_offset"] > len(MARK)


def test_pictures_tell_of_it_in_their_own_way():
    point = endpoint(f"{DEPLOYED}/images/generations")
    error = blocked(point, json.dumps({"prompt": f"{MARK}prompt:violence"}).encode(), at("dall-e-3"))
    assert error["code"] == "content_policy_violation"
    assert error["inner_error"]["code"] == "ResponsibleAIPolicyViolation"
    assert error["inner_error"]["content_filter_results"]["violence"]["filtered"]


def test_embeddings_are_not_filtered():
    point = endpoint(f"{DEPLOYED}/embeddings")
    call = point.decode(json.dumps({"input": f"{MARK}prompt:violence"}).encode(), {}, at("text-embedding-3-small"))
    assert json.loads(point.reply(call, planned(call)).body)["data"]


def test_a_refusal_by_the_bare_code_is_a_blocked_prompt_too():
    reply = PROVIDER.refuse(Refusal(Problem.INVALID, code="content_filter"), REQUEST_BITS)
    error = json.loads(reply.body)["error"]
    assert error["innererror"]["content_filter_result"]["violence"]["filtered"]
