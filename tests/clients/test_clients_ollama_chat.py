"""Chat and generate through the official Ollama client, plain and streamed, sync and async."""

import asyncio
import base64
import json

import ollama
import pytest
from client_checks import TINY_PNG, WEATHER, turn
from ollama._types import ChatResponse, GenerateResponse

MODEL = "llama3.2"
ASK = {"model": MODEL, "messages": [turn("You are terse.", "system"), turn("Tell me of tides and the moon.")]}
TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "d", "parameters": WEATHER}}]
UNTYPED = {"id", "index"}
"""Of a call: the server gives it both, and the client's type passes over them."""


@pytest.fixture
def llama(fleet):
    with ollama.Client(host=fleet.url) as made:
        yield made


def heard(parts):
    """(thought, text, calls, last part) of a streamed chat."""
    thought, text, calls = "", "", []
    *others, last = parts
    for part in others:
        assert not part.done
        thought += part.message.thinking or ""
        text += part.message.content or ""
        calls += part.message.tool_calls or []
    assert last.done
    assert not last.message.content
    return thought, text, calls, last


def unknown(value, shape):
    """The names of fields that the client's types drop."""
    found = []
    if isinstance(value, dict) and hasattr(type(shape), "model_fields"):
        found += [name for name in value if name not in type(shape).model_fields and name not in UNTYPED]
        for name, inner in value.items():
            found += unknown(inner, getattr(shape, name, None))
    elif isinstance(value, list) and isinstance(shape, list):
        for inner, kept in zip(value, shape, strict=True):
            found += unknown(inner, kept)
    return found


def test_a_plain_answer(llama):
    answer = llama.chat(**ASK)
    assert (answer.model, answer.done, answer.done_reason) == (MODEL, True, "stop")
    assert answer.message.role == "assistant"
    assert answer.message.content.strip()
    assert answer.prompt_eval_count > 10
    assert answer.eval_count > 0
    assert answer.total_duration == answer.load_duration + answer.prompt_eval_duration + answer.eval_duration
    assert answer.eval_count / answer.eval_duration > 0


@pytest.mark.parametrize(
    "more", [{}, {"model": "qwen3"}, {"tools": TOOLS, "messages": [turn("Weather in Paris?")]}], ids=str
)
def test_no_field_is_unknown_to_the_client(fleet, more):
    body = {**ASK, **more}
    lines = [json.loads(line) for line in fleet.ask("/api/chat", body).body.splitlines()]
    assert len(lines) > 1
    for line in [*lines, fleet.ask("/api/chat", {**body, "stream": False}).json()]:
        assert unknown(line, ChatResponse(**line)) == []
    for line in fleet.ask("/api/generate", {"model": body["model"], "prompt": "Hi"}).body.splitlines():
        assert unknown(json.loads(line), GenerateResponse(**json.loads(line))) == []


def test_a_stream_is_the_plain_answer_in_pieces(llama):
    plain = llama.chat(**ASK)
    parts = list(llama.chat(**ASK, stream=True))
    assert len(parts) > 5
    thought, text, calls, last = heard(parts)
    assert (thought, text, calls) == ("", plain.message.content, [])
    assert (last.done_reason, last.eval_count, last.prompt_eval_count) == (
        plain.done_reason,
        plain.eval_count,
        plain.prompt_eval_count,
    )
    assert last.created_at == plain.created_at


def test_the_async_client_hears_the_same(llama, fleet):
    plain = llama.chat(**ASK)

    async def ask():
        async with ollama.AsyncClient(host=fleet.url) as there:
            answer = await there.chat(**ASK)
            parts = [part async for part in await there.chat(**ASK, stream=True)]
            written = await there.generate(MODEL, "Hello")
            pieces = [part.response async for part in await there.generate(MODEL, "Hello", stream=True)]
        return answer, parts, written, pieces

    answer, parts, written, pieces = asyncio.run(ask())
    assert answer == plain
    assert heard(parts)[1] == plain.message.content
    assert "".join(pieces) == written.response


def test_below_the_providers_own_name(llama, fleet):
    with ollama.Client(host=f"{fleet.url}/ollama") as there:
        assert there.chat(**ASK) == llama.chat(**ASK)
        assert there.list() == llama.list()


def test_options(llama):
    cut = llama.chat(**ASK, options={"num_predict": 5})
    assert (cut.eval_count, cut.done_reason) == (5, "length")
    assert "e" not in llama.chat(**ASK, options={"stop": ["e"]}).message.content
    one, same, other = [llama.chat(**ASK, options=ollama.Options(seed=seed)) for seed in (1, 1, 2)]
    assert one == same
    assert one.message != other.message


def test_generate(llama):
    plain = llama.generate(MODEL, "Tell me of tides.", system="Be terse.")
    assert plain.response.strip()
    *others, last = llama.generate(MODEL, "Tell me of tides.", system="Be terse.", stream=True)
    assert "".join(part.response for part in others) == plain.response
    assert last.context == plain.context
    onward = llama.generate(MODEL, "And of the moon?", context=plain.context)
    assert onward.context[: len(plain.context)] == plain.context
    assert llama.generate("qwen2.5-coder", "def f(", suffix="return 1").response


def test_a_thinking_model_thinks_unless_it_may_not(llama):
    ask = {"model": "qwen3", "messages": [turn("What is 6 times 7?")]}
    answer = llama.chat(**ask)
    assert answer.message.thinking.strip()
    assert answer.message.content.strip()
    thought, text, _, _ = heard(list(llama.chat(**ask, stream=True)))
    assert (thought, text) == (answer.message.thinking, answer.message.content)
    assert llama.chat(**ask, think=False).message.thinking is None
    low, high = [llama.chat(**ask, think=level) for level in ("low", "high")]
    assert low.eval_count < high.eval_count
    assert llama.generate("deepseek-r1", "Why?").thinking
    again = llama.chat("qwen3", [*ask["messages"], answer.message, turn("And 7 times 8?")])
    assert again.message.content
    with pytest.raises(ollama.ResponseError, match="does not support thinking"):
        llama.chat(**ASK, think=True)


def test_tools_are_called(llama):
    ask = {"model": MODEL, "messages": [turn("What is the weather in Paris?")], "tools": TOOLS}
    answer = llama.chat(**ask)
    (call,) = answer.message.tool_calls
    assert call.function.name == "get_weather"
    assert call.function.arguments["city"] == "Paris"
    assert heard(list(llama.chat(**ask, stream=True)))[2] == [call]
    result = {"role": "tool", "tool_name": "get_weather", "content": "21 degrees"}
    after = llama.chat(MODEL, [*ask["messages"], answer.message, result], tools=TOOLS)
    assert after.message.content
    assert not after.message.tool_calls


def test_a_function_is_a_tool(llama):
    def get_weather(city: str) -> str:
        """Tell the weather.

        Args:
            city: The city
        """
        return city

    (call,) = llama.chat(MODEL, [turn("What is the weather in Rome?")], tools=[get_weather]).message.tool_calls
    assert get_weather(**call.function.arguments) == "Rome"


def test_structured_answers(llama):
    schema = {**WEATHER, "additionalProperties": False}
    answer = llama.chat(MODEL, [turn("The weather in Rome as JSON.")], format=schema)
    assert {"city"} <= set(json.loads(answer.message.content)) <= {"city", "unit"}
    assert isinstance(json.loads(llama.generate(MODEL, "Some JSON.", format="json").response), dict)


def test_images_are_counted(llama):
    picture = base64.b64decode(TINY_PNG.partition(",")[2])
    ask = [{"role": "user", "content": "What is this?", "images": [picture]}]
    seen = llama.chat("gemma3", ask)
    assert seen.prompt_eval_count > llama.chat("gemma3", [turn("What is this?")]).prompt_eval_count + 100
    assert llama.generate("llava", "What is this?", images=[picture]).response


def test_what_is_refused(llama):
    with pytest.raises(ollama.ResponseError, match="model 'nothing' not found") as missing:
        llama.chat("nothing", [turn("x")])
    assert missing.value.status_code == 404
    with pytest.raises(ollama.ResponseError, match="does not support tools") as unfit:
        llama.chat("gemma3", [turn("x")], tools=TOOLS)
    assert unfit.value.status_code == 400
    with pytest.raises(ollama.ResponseError, match="must be of type integer"):
        list(llama.chat(**ASK, stream=True, options={"seed": "x"}))


def test_loading_a_model(llama):
    assert llama.chat(MODEL, []).done_reason == "load"
    assert llama.generate(MODEL, "", keep_alive=0).done_reason == "unload"
