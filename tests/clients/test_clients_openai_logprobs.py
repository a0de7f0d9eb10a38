"""Log-probabilities through the official OpenAI client, plain and streamed."""

import math

import openai
import pytest
from client_checks import strangers, turn

ASK = {"model": "gpt-4o", "messages": [turn("Tell me of tides and the moon.")], "max_tokens": 30}
INSTRUCT = {"model": "gpt-3.5-turbo-instruct", "prompt": "Once upon a time", "max_tokens": 12}


@pytest.mark.parametrize("most", [None, 0, 1, 5, 20])
def test_every_token_of_a_chat_has_its_figure(client, most):
    answer = client.chat.completions.create(**ASK, logprobs=True, **({} if most is None else {"top_logprobs": most}))
    assert strangers(answer) == []
    (choice,) = answer.choices
    assert choice.logprobs.refusal is None
    entries = choice.logprobs.content
    assert "".join(entry.token for entry in entries) == choice.message.content
    assert len(entries) == answer.usage.completion_tokens
    for entry in entries:
        assert bytes(entry.bytes).decode() == entry.token
        assert entry.logprob <= 0
        assert len(entry.top_logprobs) == (most or 0)
        if most:
            figures = [top.logprob for top in entry.top_logprobs]
            assert figures == sorted(figures, reverse=True)
            assert math.fsum(map(math.exp, figures)) <= 1
            assert (entry.token, entry.logprob) in {(top.token, top.logprob) for top in entry.top_logprobs}


def test_a_stream_tells_the_same(client):
    more = {"logprobs": True, "top_logprobs": 2, "n": 2}
    plain = client.chat.completions.create(**ASK, **more)
    chunks = list(client.chat.completions.create(**ASK, **more, stream=True))
    assert [strangers(chunk) for chunk in chunks] == [[]] * len(chunks)
    told = {0: [], 1: []}
    for chunk in chunks:
        for choice in chunk.choices:
            told[choice.index] += (choice.logprobs.content if choice.logprobs else None) or []
    assert told == {choice.index: choice.logprobs.content for choice in plain.choices}


def test_the_stream_helper_gathers_them(client):
    ask = {"model": "gpt-4o", "messages": ASK["messages"], "logprobs": True, "top_logprobs": 3}
    plain = client.chat.completions.create(**ask)
    heard = []
    with client.chat.completions.stream(**ask) as stream:
        for event in stream:
            if event.type == "logprobs.content.delta":
                heard += event.content
        (final,) = stream.get_final_completion().choices
    assert heard == plain.choices[0].logprobs.content
    assert final.logprobs.content == heard


def test_json_has_them_too(client):
    messages = [turn("Give me some JSON.")]
    answer = client.chat.completions.create(
        model="gpt-4o", messages=messages, response_format={"type": "json_object"}, logprobs=True
    )
    (choice,) = answer.choices
    assert "".join(entry.token for entry in choice.logprobs.content) == choice.message.content


def test_there_are_none_unless_asked_for(client):
    assert client.chat.completions.create(**ASK).choices[0].logprobs is None
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**ASK, top_logprobs=2)
    assert caught.value.param == "top_logprobs"


def test_text_completions(client, lenient):
    answer = client.completions.create(**INSTRUCT, logprobs=3)
    assert strangers(answer) == []
    (choice,) = answer.choices
    told = choice.logprobs
    assert "".join(told.tokens) == choice.text
    assert [choice.text[offset:].startswith(token) for token, offset in zip(told.tokens, told.text_offset, strict=True)]
    for token, figure, top in zip(told.tokens, told.token_logprobs, told.top_logprobs, strict=True):
        assert top[token] == figure <= 0
        assert len(top) == 3
    tokens, figures = [], []
    for chunk in lenient.completions.create(**INSTRUCT, logprobs=3, stream=True):
        assert strangers(chunk) == []
        if chunk.choices[0].logprobs is not None:
            tokens += chunk.choices[0].logprobs.tokens
            figures += chunk.choices[0].logprobs.token_logprobs
    assert (tokens, figures) == (told.tokens, told.token_logprobs)


def test_the_score_of_a_text(lenient):
    """The first token has no figure, which the strict client does not take."""
    answer = lenient.completions.create(**{**INSTRUCT, "max_tokens": 0}, echo=True, logprobs=1)
    (choice,) = answer.choices
    assert choice.text == INSTRUCT["prompt"]
    assert choice.logprobs.token_logprobs[0] is None
    assert math.fsum(choice.logprobs.token_logprobs[1:]) < 0
