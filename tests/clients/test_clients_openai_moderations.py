"""Moderations through the official OpenAI client."""

import openai
import pytest
from client_checks import TINY_PNG, strangers

THREAT = "I will kill you and your dog"
KIND = "What a lovely day for a walk"


def test_one_text(client):
    answer = client.moderations.create(input=THREAT)
    assert strangers(answer) == []
    assert answer.id.startswith("modr-")
    assert answer.model == "omni-moderation-latest"
    (result,) = answer.results
    assert result.flagged
    assert result.categories.violence
    assert not result.categories.sexual
    assert result.category_scores.violence > 0.5 > result.category_scores.sexual
    assert result.category_applied_input_types.hate == ["text"]


def test_several_texts_have_a_result_each(client):
    answer = client.moderations.create(input=[KIND, THREAT, KIND], model="omni-moderation-2024-09-26")
    assert [result.flagged for result in answer.results] == [False, True, False]
    assert client.moderations.create(input=[KIND, THREAT, KIND], model="omni-moderation-2024-09-26") == answer


def test_pictures_are_one_input_with_their_text(client):
    picture = {"type": "image_url", "image_url": {"url": TINY_PNG}}
    (result,) = client.moderations.create(input=[{"type": "text", "text": THREAT}, picture]).results
    assert result.flagged
    assert result.category_applied_input_types.violence == ["text", "image"]
    assert result.category_applied_input_types.hate == ["text"]
    (result,) = client.moderations.create(input=[picture]).results
    assert not result.flagged
    assert result.category_applied_input_types.hate == []
    assert result.category_applied_input_types.sexual == ["image"]


def test_the_older_model(client):
    answer = client.moderations.create(input=THREAT, model="text-moderation-latest")
    assert answer.model == "text-moderation-007"


def test_refusals(client):
    with pytest.raises(openai.BadRequestError) as caught:
        client.moderations.create(input=[])
    assert caught.value.param == "input"
    with pytest.raises(openai.NotFoundError):
        client.moderations.create(input=KIND, model="gpt-4o")
