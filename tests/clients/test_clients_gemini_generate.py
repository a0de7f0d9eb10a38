"""Generated content through the official Gemini client, under both API versions."""

import asyncio
import enum
import http.client
import json
from urllib.parse import urlsplit

import pydantic
import pytest
from client_checks import TINY_PNG
from gemini_client import FLASH, KEY, OLD, gemini, gemini_aio
from google.genai import types

ASK = {"model": FLASH, "contents": "Tell me of tides and the moon."}
PICTURE = types.Part.from_bytes(data=b"\x89PNG" + TINY_PNG.encode(), mime_type="image/png")


class Person(pydantic.BaseModel):
    """Somebody."""

    name: str
    age: int
    hobbies: list[str]


class Colour(enum.Enum):
    """A colour."""

    RED = "red"
    BLUE = "blue"


@pytest.fixture(scope="module", params=[None, "v1beta"], ids=["v1", "v1beta"])
def client(fleet, request):
    with gemini(fleet.url, request.param) as made:
        yield made


@pytest.fixture(scope="module")
def usual(fleet):
    with gemini(fleet.url) as made:
        yield made


def shown(response):
    """What a response says, without the headers that it came with."""
    return response.model_dump(exclude={"sdk_http_response", "automatic_function_calling_history", "parsed"})


def test_a_plain_answer(client):
    response = client.models.generate_content(**ASK)
    assert response.text.strip()
    assert response.model_version == FLASH
    assert len(response.response_id) == 23
    (candidate,) = response.candidates
    assert (candidate.finish_reason, candidate.index, candidate.content.role) == (types.FinishReason.STOP, 0, "model")
    usage = response.usage_metadata
    assert usage.candidates_token_count >= 1
    assert usage.thoughts_token_count >= 1
    assert usage.total_token_count == (
        usage.prompt_token_count + usage.candidates_token_count + usage.thoughts_token_count
    )
    assert usage.prompt_tokens_details[0].modality is types.MediaModality.TEXT
    assert response.sdk_http_response.headers["x-llm-sim-seed"] == "42"


def test_both_versions_say_the_same(fleet):
    answers = []
    for version in ("v1", "v1beta"):
        with gemini(fleet.url, version) as client:
            answers.append(shown(client.models.generate_content(**ASK)))
    assert answers[0] == answers[1]


def test_the_stream_says_what_the_plain_answer_says(client):
    plain = client.models.generate_content(**ASK)
    chunks = list(client.models.generate_content_stream(**ASK))
    assert "".join([chunk.text or "" for chunk in chunks]) == plain.text
    assert len(chunks) == plain.usage_metadata.candidates_token_count
    assert {chunk.response_id for chunk in chunks} == {plain.response_id}
    assert chunks[-1].usage_metadata == plain.usage_metadata
    assert [chunk.candidates[0].finish_reason for chunk in chunks] == [None] * (len(chunks) - 1) + [
        types.FinishReason.STOP
    ]


def test_the_async_client_hears_the_same(fleet, usual):
    plain = usual.models.generate_content(**ASK)

    async def ask():
        async with gemini_aio(fleet.url) as there:
            response = await there.models.generate_content(**ASK)
            stream = await there.models.generate_content_stream(**ASK)
            return response, [chunk.text or "" async for chunk in stream]

    response, pieces = asyncio.run(ask())
    assert shown(response) == shown(plain)
    assert "".join(pieces) == plain.text


def test_a_chat_remembers(client):
    chat = client.chats.create(model=OLD)
    first = chat.send_message("Who are you?")
    second = "".join([chunk.text or "" for chunk in chat.send_message_stream("Tell me more.")])
    assert first.text != second
    again = client.models.generate_content(model=OLD, contents=chat.get_history()[:-1] or "x")
    assert again.usage_metadata.prompt_token_count > first.usage_metadata.prompt_token_count


def test_thoughts(usual):
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    plain = usual.models.generate_content(**ASK, config=config)
    thought, said = plain.candidates[0].content.parts
    assert thought.thought
    assert thought.text
    assert said.text == plain.text
    assert said.thought_signature
    parts = [
        chunk.candidates[0].content.parts[0] for chunk in usual.models.generate_content_stream(**ASK, config=config)
    ]
    assert "".join([part.text for part in parts if part.thought]) == thought.text
    assert "".join([part.text for part in parts if not part.thought]) == said.text


def test_thinking_can_be_turned_off_where_the_model_allows_it(usual):
    config = {"thinking_config": {"thinking_budget": 0}}
    response = usual.models.generate_content(**{**ASK, "model": OLD}, config=config)
    assert response.usage_metadata.thoughts_token_count is None
    more, less = (
        usual.models.generate_content(**ASK, config={"thinking_config": {"thinking_level": level}})
        for level in ("HIGH", "LOW")
    )
    assert more.usage_metadata.thoughts_token_count > less.usage_metadata.thoughts_token_count


@pytest.mark.parametrize("name", ["response_schema", "response_json_schema"])
def test_an_answer_of_a_type(client, name):
    schema = Person if name == "response_schema" else Person.model_json_schema()
    config = {"response_mime_type": "application/json", name: schema}
    ask = {"model": FLASH, "contents": "Ada Lovelace is 36 years old.", "config": config}
    response = client.models.generate_content(**ask)
    person = Person.model_validate_json(response.text)
    assert (person.name, person.age) == ("Ada Lovelace", 36)
    if name == "response_schema":
        assert response.parsed == person
    assert "".join([chunk.text or "" for chunk in client.models.generate_content_stream(**ask)]) == response.text


def test_an_answer_of_an_enumeration(usual):
    config = {"response_mime_type": "text/x.enum", "response_schema": Colour}
    ask = {"model": FLASH, "contents": "The sky is blue. Which colour?", "config": config}
    response = usual.models.generate_content(**ask)
    assert response.parsed is Colour.BLUE
    assert "".join([chunk.text or "" for chunk in usual.models.generate_content_stream(**ask)]) == "blue"


def test_json_without_a_schema(usual):
    config = {"response_mime_type": "application/json"}
    assert isinstance(json.loads(usual.models.generate_content(**ASK, config=config).text), dict)


def test_several_candidates(usual):
    ask = {**ASK, "config": {"candidate_count": 3}}
    response = usual.models.generate_content(**ask)
    texts = [candidate.content.parts[0].text for candidate in response.candidates]
    assert len(set(texts)) == 3
    heard = ["", "", ""]
    for chunk in usual.models.generate_content_stream(**ask):
        for candidate in chunk.candidates:
            heard[candidate.index or 0] += candidate.content.parts[0].text
    assert heard == texts


def test_the_limit_and_stop_sequences(usual):
    no_thoughts = {"thinking_config": {"thinking_budget": 0}}
    ask = {"model": OLD, "contents": ASK["contents"]}
    cut = usual.models.generate_content(**ask, config={"max_output_tokens": 5, **no_thoughts})
    assert cut.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS
    assert cut.usage_metadata.candidates_token_count == 5
    stopped = usual.models.generate_content(**ask, config={"stop_sequences": [" the"], **no_thoughts})
    assert stopped.candidates[0].finish_reason is types.FinishReason.STOP
    assert " the" not in stopped.text


def test_a_limit_that_the_thoughts_use_up(usual):
    response = usual.models.generate_content(**ASK, config={"max_output_tokens": 2})
    assert response.text is None
    assert response.candidates[0].finish_reason is types.FinishReason.MAX_TOKENS
    (chunk,) = usual.models.generate_content_stream(**ASK, config={"max_output_tokens": 2})
    assert chunk.usage_metadata == response.usage_metadata


def test_pictures_instructions_and_safety(usual):
    config = types.GenerateContentConfig(
        system_instruction="You are terse.",
        temperature=0.2,
        top_p=0.9,
        top_k=40,
        seed=7,
        presence_penalty=0.1,
        frequency_penalty=0.1,
        safety_settings=[
            types.SafetySetting(
                category=types.HarmCategory.HARM_CATEGORY_HARASSMENT,
                threshold=types.HarmBlockThreshold.BLOCK_ONLY_HIGH,
            )
        ],
    )
    response = usual.models.generate_content(model=FLASH, contents=["What is this?", PICTURE], config=config)
    assert {each.modality: each.token_count for each in response.usage_metadata.prompt_tokens_details}[
        types.MediaModality.IMAGE
    ] == 1_120
    (rating,) = response.candidates[0].safety_ratings
    assert (rating.category, rating.probability) == (
        types.HarmCategory.HARM_CATEGORY_HARASSMENT,
        types.HarmProbability.NEGLIGIBLE,
    )


@pytest.mark.parametrize("model", ["gemini-4-argon", "gemini-3.1-pro-preview", "gemini-2.5-pro", "gemma-4-31b-it"])
def test_every_generation_answers(usual, model):
    assert usual.models.generate_content(model=model, contents="Hi").model_version == model


def test_an_alias_tells_who_answers(usual):
    assert usual.models.generate_content(model="gemini-flash-latest", contents="Hi").model_version == FLASH


def sent(fleet, path, body, headers=None):
    """Status and raw body of a request without any client."""
    connection = http.client.HTTPConnection("127.0.0.1", urlsplit(fleet.url).port, timeout=30)
    try:
        connection.request("POST", path, json.dumps(body), {"content-type": "application/json", **(headers or {})})
        response = connection.getresponse()
        return response.status, response.read(), response.getheaders()
    finally:
        connection.close()


def test_raw_answers_have_nothing_that_the_types_do_not_know(fleet):
    """The client maps some answers field by field; this is the whole of them."""
    body = {
        "contents": [{"parts": [{"text": "Hi"}]}],
        "generationConfig": {"thinkingConfig": {"includeThoughts": True}},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "OFF"}],
    }
    _, plain, _ = sent(fleet, f"/v1beta/models/{FLASH}:generateContent", body)
    types.GenerateContentResponse.model_validate_json(plain)
    _, array, _ = sent(fleet, f"/v1beta/models/{FLASH}:streamGenerateContent", body)
    for chunk in json.loads(array):
        types.GenerateContentResponse.model_validate(chunk)


def test_a_key_in_the_address_is_in_no_answer(fleet):
    for path in (
        f"models/{FLASH}:generateContent",
        f"models/{FLASH}:streamGenerateContent",
        "models/nope:generateContent",
    ):
        for body in ({"contents": [{"parts": [{"text": "Hi"}]}]}, {"contents": []}):
            _, answer, headers = sent(fleet, f"/v1beta/{path}?key={KEY}&alt=sse", body)
            assert KEY.encode() not in answer
            assert KEY not in str(headers)
