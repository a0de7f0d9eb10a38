"""Functions through the official Gemini client: declared, called by it, and answered in conversations that end."""

import asyncio

import pytest
from gemini_client import FLASH, OLD, gemini, gemini_aio
from google.genai import types

WEATHER = types.FunctionDeclaration(
    name="get_weather",
    description="Weather in a city",
    parameters=types.Schema(
        type=types.Type.OBJECT, properties={"city": types.Schema(type=types.Type.STRING)}, required=["city"]
    ),
)
BY_JSON_SCHEMA = types.FunctionDeclaration(
    name="get_weather",
    description="Weather in a city",
    parameters_json_schema={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
NOW = types.FunctionDeclaration(name="get_time", description="Time in a city", parameters=WEATHER.parameters)


def config(*functions, mode=None, names=None, **more):
    calling = None if mode is None else types.FunctionCallingConfig(mode=mode, allowed_function_names=names)
    return types.GenerateContentConfig(
        tools=[types.Tool(function_declarations=list(functions))],
        tool_config=None if calling is None else types.ToolConfig(function_calling_config=calling),
        **more,
    )


@pytest.fixture(scope="module", params=[None, "v1beta"], ids=["v1", "v1beta"])
def client(fleet, request):
    with gemini(fleet.url, request.param) as made:
        yield made


@pytest.fixture(scope="module")
def usual(fleet):
    with gemini(fleet.url) as made:
        yield made


@pytest.mark.parametrize("function", [WEATHER, BY_JSON_SCHEMA], ids=["schema", "json schema"])
@pytest.mark.parametrize("model", [FLASH, OLD])
def test_a_call(client, function, model):
    ask = {"model": model, "contents": "What is the weather in Paris?", "config": config(function)}
    response = client.models.generate_content(**ask)
    (call,) = response.function_calls
    assert (call.name, call.args) == ("get_weather", {"city": "Paris"})
    assert bool(call.id) is (model == FLASH)
    assert response.candidates[0].finish_reason is types.FinishReason.STOP
    streamed = [call for chunk in client.models.generate_content_stream(**ask) for call in chunk.function_calls or ()]
    assert streamed == [call]


def test_several_calls_at_once(usual):
    ask = {"model": FLASH, "contents": "What is the weather in Paris and in Rome?", "config": config(WEATHER)}
    calls = usual.models.generate_content(**ask).function_calls
    assert [call.args["city"] for call in calls] == ["Paris", "Rome"]
    streamed = [call for chunk in usual.models.generate_content_stream(**ask) for call in chunk.function_calls or ()]
    assert streamed == calls


@pytest.mark.parametrize(
    ("mode", "names", "asked", "called"),
    [
        ("NONE", None, "What is the weather in Paris?", None),
        ("AUTO", None, "Tell me a story.", None),
        ("VALIDATED", None, "What is the weather in Paris?", {"get_weather"}),
        ("ANY", None, "Tell me a story.", {"get_weather", "get_time"}),
        ("ANY", ["get_time"], "What is the weather in Paris?", {"get_time"}),
    ],
)
def test_how_free_the_model_is(usual, mode, names, asked, called):
    response = usual.models.generate_content(
        model=FLASH, contents=asked, config=config(WEATHER, NOW, mode=mode, names=names)
    )
    if called is None:
        assert response.function_calls is None
        assert response.text
    else:
        assert {call.name for call in response.function_calls} <= called


@pytest.mark.parametrize("model", [FLASH, OLD])
def test_a_conversation_by_hand_ends(usual, model):
    asked = types.UserContent("What is the weather in Paris?")
    first = usual.models.generate_content(model=model, contents=[asked], config=config(WEATHER))
    (call,) = first.function_calls
    result = types.Part.from_function_response(name=call.name, response={"result": "21 degrees"})
    result.function_response.id = call.id
    contents = [asked, first.candidates[0].content, types.UserContent(result)]
    second = usual.models.generate_content(model=model, contents=contents, config=config(WEATHER))
    assert second.function_calls is None
    assert second.text


@pytest.mark.filterwarnings("ignore:Direct use of automatic function calling")
def test_automatic_calls_end_by_themselves(client):
    cities = []

    def get_weather(city: str) -> str:
        """Tell the weather in a city.

        Args:
            city: The city's name.
        """
        cities.append(city)
        return f"21 degrees in {city}"

    chat = client.chats.create(model=FLASH, config=types.GenerateContentConfig(tools=[get_weather]))
    response = chat.send_message("What is the weather in Paris and in Rome?")
    assert sorted(cities) == ["Paris", "Rome"]
    assert response.text
    assert response.function_calls is None
    pieces = [chunk.text or "" for chunk in chat.send_message_stream("And in Oslo, the weather?")]
    assert sorted(cities) == ["Oslo", "Paris", "Rome"]
    assert "".join(pieces)


def test_automatic_calls_of_the_async_client(fleet):
    called = []

    async def get_time(city: str) -> str:
        """Tell the time in a city."""
        called.append(city)
        return "noon"

    async def ask():
        async with gemini_aio(fleet.url) as there:
            chat = there.chats.create(model=OLD, config=types.GenerateContentConfig(tools=[get_time]))
            return await chat.send_message("What is the time in Lima?")

    assert asyncio.run(ask()).text
    assert called == ["Lima"]


def test_a_lost_signature_is_refused(usual):
    asked = types.UserContent("What is the weather in Paris?")
    first = usual.models.generate_content(model=FLASH, contents=[asked], config=config(WEATHER))
    content = first.candidates[0].content
    assert content.parts[0].thought_signature
    content.parts[0].thought_signature = None
    result = types.Part.from_function_response(name="get_weather", response={"result": "21 degrees"})
    with pytest.raises(Exception, match="missing a thought_signature"):
        usual.models.generate_content(
            model=FLASH, contents=[asked, content, types.UserContent(result)], config=config(WEATHER)
        )
