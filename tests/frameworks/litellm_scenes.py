"""LiteLLM, each provider by its own route: plain, streamed, with tools, in an agent's loop, refused."""

import os

os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_TELEMETRY="False", LITELLM_LOG="ERROR", DO_NOT_TRACK="1")

import json
from functools import partial

import litellm
from scenes import BASE, ERRANDS, MOST_TURNS, QUESTION, WEATHER, call, run, scene

litellm.suppress_debug_info = True
litellm.telemetry = False

ROUTES = {
    "openai": {"model": "openai/gpt-4o-mini", "api_base": f"{BASE}/v1"},
    "responses": {"model": "openai/responses/gpt-5.5", "api_base": f"{BASE}/v1"},
    "anthropic": {"model": "anthropic/claude-sonnet-5-5", "api_base": BASE},
    "gemini": {"model": "gemini/gemini-3.8-flash", "api_base": f"{BASE}/v1beta"},
    "azure": {"model": "azure/gpt-4o-mini", "api_base": BASE, "api_version": "2025-04-01-preview"},
    "cohere": {"model": "cohere_chat/command-a-03-2025", "api_base": f"{BASE}/v2/chat"},
    "mistral": {"model": "mistral/mistral-small-latest", "api_base": f"{BASE}/v1"},
    "ollama": {"model": "ollama_chat/llama3.2", "api_base": BASE},
}
LIMITED = {
    "openai": "openai/gpt-4-0314",
    "anthropic": "anthropic/claude-opus-4-7",
    "gemini": "gemini/gemini-2.5-flash-lite",
    "azure": "azure/gpt-4-0314",
    "cohere": "cohere_chat/command-r7b-12-2024",
    "mistral": "mistral/mistral-small-2506",
}
EMBEDDINGS = {
    "openai": {"model": "openai/text-embedding-3-small", "api_base": f"{BASE}/v1"},
    "gemini": {"model": "gemini/gemini-embedding-001", "api_base": f"{BASE}/v1beta"},
    "azure": {"model": "azure/text-embedding-3-small", "api_base": BASE, "api_version": "2025-04-01-preview"},
    "cohere": {"model": "cohere/embed-v4.0", "api_base": f"{BASE}/v2/embed"},
    "mistral": {"model": "mistral/mistral-embed", "api_base": f"{BASE}/v1"},
    "ollama": {"model": "ollama/nomic-embed-text", "api_base": BASE},
}
USUAL = {"api_key": "sk-test", "timeout": 30, "max_retries": 0, "num_retries": 0}


def function(name, description, **properties):
    parameters = {"type": "object", "properties": properties, "required": list(properties)}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TEXT = {"type": "string"}
TOOLS = [
    function("get_weather", "The current weather in a city", city=TEXT),
    function(
        "convert_currency",
        "Convert an amount of money to another currency",
        amount={"type": "number"},
        currency=TEXT,
    ),
    function("send_email", "Send an email to somebody", to={"type": "string", "format": "email"}, subject=TEXT),
]


def said(text):
    return [{"role": "user", "content": text}]


def told(answer):
    """What an answer says, calls, ends with and costs."""
    choice = answer.choices[0]
    return {
        "text": choice.message.content or "",
        "calls": [
            [each.function.name, json.loads(each.function.arguments)] for each in choice.message.tool_calls or ()
        ],
        "finish": choice.finish_reason,
        "usage": [answer.usage.prompt_tokens, answer.usage.completion_tokens],
    }


def put_together(chunks):
    return {**told(litellm.stream_chunk_builder(chunks)), "chunks": len(chunks)}


def ask(route, text, **more):
    return litellm.completion(**ROUTES[route], **USUAL, messages=said(text), **more)


def plain(route):
    return told(ask(route, QUESTION))


def streamed(route):
    return put_together(list(ask(route, QUESTION, stream=True, stream_options={"include_usage": True})))


async def at_once(route):
    given = {**ROUTES[route], **USUAL, "messages": said(QUESTION)}
    answer = await litellm.acompletion(**given)
    chunks = [chunk async for chunk in await litellm.acompletion(**given, stream=True)]
    return [told(answer)["text"], put_together(chunks)["text"]]


def tools(route):
    return told(ask(route, WEATHER, tools=TOOLS))


def tools_streamed(route):
    return put_together(list(ask(route, WEATHER, tools=TOOLS, stream=True)))


def as_sent(message):
    """The message as it goes back, without the `index` of its calls: LiteLLM adds one, and Cohere refuses it."""
    calls = [{name: each[name] for name in ("id", "type", "function")} for each in message.model_dump()["tool_calls"]]
    return {"role": "assistant", "content": message.content, "tool_calls": calls}


def agent(route):
    """Every call of the loop, and its last answer."""
    messages, made = said(ERRANDS), []
    for _ in range(MOST_TURNS):
        message = litellm.completion(**ROUTES[route], **USUAL, messages=messages, tools=TOOLS).choices[0].message
        if not message.tool_calls:
            return {"calls": made, "text": message.content}
        messages.append(as_sent(message))
        for each in message.tool_calls:
            name, arguments = each.function.name, json.loads(each.function.arguments)
            made.append([name, arguments])
            messages.append({"role": "tool", "tool_call_id": each.id, "content": call(name, arguments)})
    raise RuntimeError(f"no end after {made}")


def refusal(route, model, **more):
    """The class and the status of the error that a request ends with."""
    try:
        litellm.completion(**{**ROUTES[route], **USUAL, "model": model, "messages": said("Hello"), **more})
    except Exception as error:  # noqa: BLE001 - which one it is, is the question
        return [type(error).__name__, getattr(error, "status_code", None)]
    return None


def index_sent_back():
    """The history as LiteLLM's own message would be sent back."""
    message = ask("cohere", WEATHER, tools=TOOLS).choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "21 degrees"}
    return refusal("cohere", ROUTES["cohere"]["model"], messages=[*said(WEATHER), message, result], tools=TOOLS)


def embedding(route):
    answer = litellm.embedding(**EMBEDDINGS[route], **USUAL, input=["one", "two"])
    return [len(each["embedding"]) for each in answer.data]


def rerank():
    answer = litellm.rerank(
        model="cohere/rerank-v3.5",
        query="wind and waves",
        documents=["taxes and forms", "waves and wind"],
        api_base=BASE,
        api_key="sk-test",
    )
    return [[each["index"], each["relevance_score"]] for each in answer.results]


for each in ROUTES:
    for play in (plain, streamed, at_once, tools, tools_streamed, agent):
        scene(f"{each} {play.__name__}", partial(play, each))
    unknown = ROUTES[each]["model"].rpartition("/")[0] + "/no-such-model"
    scene(f"{each} unknown", partial(refusal, each, unknown))
for each, model in LIMITED.items():
    scene(f"{each} limited", partial(refusal, each, model))
for each in EMBEDDINGS:
    scene(f"{each} embedding", partial(embedding, each))
scene("cohere rerank", rerank)
scene("cohere index", index_sent_back)

if __name__ == "__main__":
    run()
