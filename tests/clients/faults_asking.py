"""Seven official clients behind one function: ask for a failure, and tell what came of it.

An asker is a generator of (text, how it ended or None), one for a plain answer and one for each event of a stream.
Those of `askers` do not retry and keep no connection: what one answer does to its connection never reaches another.
"""

import contextlib

import anthropic
import cohere
import httpx
import httpx2
import ollama
import openai
from client_checks import turn
from google import genai
from google.genai import types
from mistralai.client import Mistral

HEADER = "x-llm-sim-fault"
PROMPT = "Why is the sky blue?"
ASK = [turn(PROMPT)]
TOKENS = 12
ALONE = {"max_keepalive_connections": 0}


def chat(client, model):
    """OpenAI's client, and the same for Azure."""

    def ask(headers, stream, timeout):
        given = {"model": model, "messages": ASK, "max_tokens": TOKENS, "extra_headers": headers, "timeout": timeout}
        if not stream:
            choice = client.chat.completions.create(**given).choices[0]
            yield choice.message.content or "", choice.finish_reason
            return
        with client.chat.completions.create(**given, stream=True) as events:
            for event in events:
                for choice in event.choices:
                    yield choice.delta.content or "", choice.finish_reason

    return ask


def messages(client):
    """Anthropic's client."""

    def ask(headers, stream, timeout):
        given = {"model": "claude-sonnet-5-5", "messages": ASK, "max_tokens": TOKENS}
        given |= {"extra_headers": headers, "timeout": timeout}
        if not stream:
            message = client.messages.create(**given)
            yield "".join(block.text for block in message.content), message.stop_reason
            return
        with client.messages.create(**given, stream=True) as events:
            for event in events:
                if event.type == "content_block_delta":
                    yield event.delta.text, None
                elif event.type == "message_delta":
                    yield "", event.delta.stop_reason

    return ask


def gemini(client):
    """Google's client."""

    def ask(headers, stream, timeout):
        options = types.HttpOptions(headers=headers, timeout=int(timeout * 1000))
        config = types.GenerateContentConfig(max_output_tokens=TOKENS, http_options=options)
        given = {"model": "gemini-2.5-flash-lite", "contents": PROMPT, "config": config}
        answers = client.models.generate_content_stream(**given) if stream else None
        for answer in answers or [client.models.generate_content(**given)]:
            for candidate in answer.candidates or ():
                parts = candidate.content.parts if candidate.content else None
                ended = candidate.finish_reason and candidate.finish_reason.value
                yield "".join(part.text or "" for part in parts or ()), ended
            if answer.prompt_feedback is not None:
                yield "", f"blocked: {answer.prompt_feedback.block_reason.value}"

    return ask


def commands(client, retries=0):
    """Cohere's client."""

    def ask(headers, stream, timeout):
        options = {"additional_headers": headers, "timeout_in_seconds": timeout, "max_retries": retries}
        given = {"model": "command-a-03-2025", "messages": ASK, "max_tokens": TOKENS, "request_options": options}
        if not stream:
            answer = client.chat(**given)
            yield "".join(block.text for block in answer.message.content or ()), answer.finish_reason
            return
        for event in client.chat_stream(**given):
            if event.type == "content-delta":
                yield event.delta.message.content.text, None
            elif event.type == "message-end":
                yield "", event.delta.finish_reason

    return ask


def mistral(client):
    """Mistral's client."""

    def ask(headers, stream, timeout):
        given = {"model": "mistral-small-latest", "messages": ASK, "max_tokens": TOKENS}
        given |= {"http_headers": headers, "timeout_ms": int(timeout * 1000)}
        if not stream:
            choice = client.chat.complete(**given).choices[0]
            yield choice.message.content or "", choice.finish_reason
            return
        with client.chat.stream(**given) as events:
            for event in events:
                for choice in event.data.choices:
                    yield choice.delta.content or "", choice.finish_reason

    return ask


def llama(url):
    """Ollama's client, which takes headers and times for all of its requests alike: one for each."""

    def ask(headers, stream, timeout):
        limits = httpx.Limits(**ALONE)
        with ollama.Client(host=url, headers=headers, timeout=timeout, limits=limits, verify=False) as client:
            given = {"model": "llama3.2", "messages": ASK, "options": {"num_predict": TOKENS}}
            answers = client.chat(**given, stream=stream)
            for answer in answers if stream else [answers]:
                yield answer.message.content or "", answer.done_reason

    return ask


@contextlib.contextmanager
def askers(url):
    """An asker by the name of each dialect, for a fleet at `url`."""
    with contextlib.ExitStack() as open_ones:

        def http2():
            return open_ones.enter_context(httpx2.Client(limits=httpx2.Limits(**ALONE), follow_redirects=True))

        def http():
            return open_ones.enter_context(httpx.Client(limits=httpx.Limits(**ALONE), follow_redirects=True))

        usual = {"api_key": "sk-test", "max_retries": 0}
        azure = {"azure_endpoint": url, "api_version": "2024-10-21", **usual}
        options = types.HttpOptions(base_url=url, client_args={"limits": httpx2.Limits(**ALONE)})
        google = open_ones.enter_context(genai.Client(api_key="key", http_options=options))
        yield {
            "openai": chat(openai.OpenAI(base_url=f"{url}/v1", http_client=http2(), **usual), "gpt-4o"),
            "anthropic": messages(anthropic.Anthropic(base_url=url, http_client=http2(), **usual)),
            "gemini": gemini(google),
            "azure": chat(openai.AzureOpenAI(http_client=http2(), **azure), "gpt-4o"),
            "cohere": commands(cohere.ClientV2(api_key="key", base_url=url, httpx_client=http(), max_retries=0)),
            "mistral": mistral(Mistral(api_key="key", server_url=url, client=http2())),
            "ollama": llama(url),
        }


def outcome(ask, fault, *, stream, timeout, whole):
    """What an asker makes of a failure, in words; `whole` is the text that is told where nothing fails."""
    text, ended = "", None
    try:
        for piece, how in ask({HEADER: fault}, stream, timeout):
            text += piece
            ended = how or ended
    except Exception as error:  # noqa: BLE001 - which one is what is asked
        return f"{_raised(error)}{', after some of the text' if text else ''}"
    if text == whole:
        told = "the whole answer"
    elif whole.startswith(text):
        told = "the beginning of the answer" if text else "no text"
    else:
        told = "an answer with a gap"
    return f"{told}, {f'ended by `{ended}`' if ended else 'without an end'}"


PUBLIC = {"google": "google.genai.errors", "mistralai": "mistralai.client.errors"}
"""Where the clients' exceptions are imported from, if not from their package."""


def _raised(error):
    """The class of an error, and its status, where it has one."""
    status = next(
        (value for name in ("status_code", "code") if isinstance(value := getattr(error, name, None), int)), 0
    )
    package = type(error).__module__.partition(".")[0]
    name = f"{PUBLIC.get(package, package)}.{type(error).__qualname__}"
    return f"`{name}`{f' {status}' if status >= 400 else ''}"
