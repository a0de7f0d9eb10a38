"""LangChain's chat models: plain, streamed, with tools, answers in a shape, an agent's loop."""

import os

os.environ["LANGSMITH_TRACING"] = "false"

from functools import partial

from langchain_anthropic import ChatAnthropic
from langchain_cohere import ChatCohere, CohereEmbeddings, CohereRerank
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_google_genai import ChatGoogleGenerativeAI, GoogleGenerativeAIEmbeddings
from langchain_openai import AzureChatOpenAI, ChatOpenAI, OpenAIEmbeddings
from pydantic import BaseModel, Field
from scenes import BASE, ERRANDS, MOST_TURNS, QUESTION, WEATHER, call, run, scene

FACTS = "Describe the person: Ann is 31 years old."
OPENAI = {"base_url": f"{BASE}/v1", "api_key": "sk-test", "max_retries": 0, "stream_usage": True}
MODELS = {
    "openai": ChatOpenAI(model="gpt-4o-mini", **OPENAI),
    "responses": ChatOpenAI(model="gpt-5.5", use_responses_api=True, **OPENAI),
    "azure": AzureChatOpenAI(
        azure_deployment="gpt-4o-mini", azure_endpoint=BASE, api_version="2025-04-01-preview", api_key="key"
    ),
    "anthropic": ChatAnthropic(model="claude-haiku-4-5", base_url=BASE, api_key="sk-ant-test", max_retries=0),
    "thinking": ChatAnthropic(model="claude-sonnet-5-5", base_url=BASE, api_key="sk-ant-test", max_retries=0),
    "google": ChatGoogleGenerativeAI(model="gemini-3.8-flash", base_url=BASE, api_key="key", max_retries=0),
    "cohere": ChatCohere(model="command-a-03-2025", base_url=BASE, cohere_api_key="key"),
}
LIMITED = {
    "openai": ChatOpenAI(model="gpt-4-0314", **OPENAI),
    "anthropic": ChatAnthropic(model="claude-opus-4-7", base_url=BASE, api_key="sk-ant-test", max_retries=0),
    "google": ChatGoogleGenerativeAI(model="gemini-2.5-flash-lite", base_url=BASE, api_key="key", max_retries=0),
}
EMBEDDINGS = {
    # Without its check of lengths, for which tiktoken would download a vocabulary.
    "openai": OpenAIEmbeddings(
        model="text-embedding-3-small", base_url=f"{BASE}/v1", api_key="sk-test", check_embedding_ctx_length=False
    ),
    "google": GoogleGenerativeAIEmbeddings(model="gemini-embedding-001", base_url=BASE, google_api_key="key"),
    "cohere": CohereEmbeddings(model="embed-v4.0", base_url=BASE, cohere_api_key="key"),
}


@tool
def get_weather(city: str) -> str:
    """The current weather in a city"""
    return call("get_weather", {"city": city})


@tool
def convert_currency(amount: float, currency: str) -> str:
    """Convert an amount of money to another currency"""
    return call("convert_currency", {"amount": amount, "currency": currency})


@tool
def send_email(to: str, subject: str) -> str:
    """Send an email to somebody"""
    return call("send_email", {"to": to, "subject": subject})


TOOLS = {each.name: each for each in (get_weather, convert_currency, send_email)}


class Person(BaseModel):
    """A person."""

    name: str
    age: int = Field(ge=0, le=150)
    interests: list[str]


def usage(message):
    told = message.usage_metadata
    return told and [told["input_tokens"], told["output_tokens"], told["total_tokens"]]


def called(message):
    return [[each["name"], each["args"]] for each in message.tool_calls]


def added(chunks):
    """The message that the chunks make, and their number."""
    whole, count = None, 0
    for chunk in chunks:
        whole, count = chunk if whole is None else whole + chunk, count + 1
    return whole, count


def plain(name):
    message = MODELS[name].invoke(QUESTION)
    return {"text": message.text, "usage": usage(message)}


def streamed(name):
    message, count = added(MODELS[name].stream(QUESTION))
    return {"text": message.text, "usage": usage(message), "chunks": count}


async def at_once(name):
    message = await MODELS[name].ainvoke(QUESTION)
    pieces = [chunk.text async for chunk in MODELS[name].astream(QUESTION)]
    return [message.text, "".join(pieces)]


def tools(name):
    return called(MODELS[name].bind_tools(list(TOOLS.values())).invoke(WEATHER))


def tools_streamed(name):
    message, _ = added(MODELS[name].bind_tools(list(TOOLS.values())).stream(WEATHER))
    return called(message)


def shaped(name, method):
    person = MODELS[name].with_structured_output(Person, method=method).invoke(FACTS)
    return person.model_dump()


def agent(name):
    model, messages, made = MODELS[name].bind_tools(list(TOOLS.values())), [HumanMessage(ERRANDS)], []
    for _ in range(MOST_TURNS):
        message = model.invoke(messages)
        if not message.tool_calls:
            return {"calls": made, "text": message.text}
        messages.append(message)
        for each in message.tool_calls:
            made.append([each["name"], each["args"]])
            done = TOOLS[each["name"]].invoke(each["args"])
            messages.append(ToolMessage(done, tool_call_id=each["id"], name=each["name"]))
    raise RuntimeError(f"no end after {made}")


def limited(name):
    try:
        LIMITED[name].invoke("Hello")
    except Exception as error:  # noqa: BLE001 - which one it is, is the question
        return [each.__name__ for each in type(error).__mro__] + [str(error)]
    return None


def embedding(name):
    return [len(vector) for vector in EMBEDDINGS[name].embed_documents(["one", "two"])]


def rerank():
    ranker = CohereRerank(model="rerank-v3.5", base_url=BASE, cohere_api_key="key")
    return [each["index"] for each in ranker.rerank(["taxes and forms", "waves and wind"], "wind and waves")]


for each in MODELS:
    for play in (plain, streamed, at_once, tools, tools_streamed, agent):
        scene(f"{each} {play.__name__}", partial(play, each))
    scene(f"{each} json_schema", partial(shaped, each, "json_schema"))
    scene(f"{each} function_calling", partial(shaped, each, "function_calling"))
for each in LIMITED:
    scene(f"{each} limited", partial(limited, each))
for each in EMBEDDINGS:
    scene(f"{each} embedding", partial(embedding, each))
scene("cohere rerank", rerank)

if __name__ == "__main__":
    run()
