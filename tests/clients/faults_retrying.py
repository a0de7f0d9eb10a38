"""The official clients with their retries on, and a fleet that fails the first tries of what they ask."""

import contextlib

import anthropic
import cohere
import httpx
import openai
from faults_asking import chat, commands, gemini, llama, messages, mistral
from google import genai
from google.genai import types
from mistralai.client import Mistral
from mistralai.client.utils import BackoffStrategy, RetryConfig

RETRIES = 2
TOLD = 1
"""Seconds."""
LONG = 300
"""Seconds: more than some clients are ready to wait."""
FAILURES = {
    "limited": {"kind": "rate_limit", "retry_after_secs": TOLD, "first": 1},
    "precise": {"kind": "rate_limit", "retry_after_secs": 0.25, "first": 1},
    "long": {"kind": "rate_limit", "retry_after_secs": LONG, "first": 1},
    "failing": {"kind": "server_error", "first": RETRIES},
    "down": {"kind": "unavailable", "first": RETRIES + 1},
    "away": {"kind": "reset", "after_tokens": 0, "first": 1},
    "cut": {"kind": "cut", "after_tokens": 3, "first": 1},
    "wrong": {"kind": "bad_request", "first": 1},
    "poor": {"kind": "insufficient_quota", "first": 1},
    "late": {"kind": "server_error", "status": 408, "first": 1},
    "conflict": {"kind": "server_error", "status": 409, "first": 1},
}
CONFIG = {
    "simulation": {"recording": {"enabled": True}},
    "limits": {"keys": {"small-*": {"tokens_per_minute": 5}}},
    "faults": {
        name: {**failure, "when": {"headers": {"x-fails": name}}, "count_by": "key"}
        for name, failure in FAILURES.items()
    },
}
COUNTING = frozenset({"openai", "anthropic", "azure"})
"""Those that tell in `x-stainless-retry-count` which try it is; the tries of the others are counted by their key."""


def failing(name, failure):
    """The headers with which a client asks for a failure of its first tries; `nothing` is none."""
    headers = {"x-llm-sim-test": f"{name}-{failure}"}
    if failure in FAILURES:
        headers["x-llm-sim-fault" if name in COUNTING else "x-fails"] = failure
    return headers


@contextlib.contextmanager
def retrying(url, name, key):
    """The asker of one client that retries, with a key of its own."""
    usual = {"api_key": key, "max_retries": RETRIES}
    with contextlib.ExitStack() as open_ones:
        if name == "openai":
            yield chat(open_ones.enter_context(openai.OpenAI(base_url=f"{url}/v1", **usual)), "gpt-4o")
        elif name == "azure":
            given = {"azure_endpoint": url, "api_version": "2024-10-21", **usual}
            yield chat(open_ones.enter_context(openai.AzureOpenAI(**given)), "gpt-4o")
        elif name == "anthropic":
            yield messages(open_ones.enter_context(anthropic.Anthropic(base_url=url, **usual)))
        elif name == "cohere":
            http = open_ones.enter_context(httpx.Client())
            yield commands(cohere.ClientV2(api_key=key, base_url=url, httpx_client=http), RETRIES)
        elif name == "mistral":
            backoff = RetryConfig("backoff", BackoffStrategy(500, 60_000, 1.5, 10_000), retry_connection_errors=True)
            client = Mistral(api_key=key, server_url=url, retry_config=backoff)
            yield mistral(open_ones.enter_context(client))
        elif name == "gemini":
            options = types.HttpOptions(base_url=url, retry_options=types.HttpRetryOptions(attempts=RETRIES + 1))
            yield gemini(open_ones.enter_context(genai.Client(api_key=key, http_options=options)))
        else:
            yield llama(url)


def arrived(fleet, name, failure):
    """(status, time of arrival) of all requests of a test; a status is None where the connection ended instead."""
    requests = fleet.ask(f"/admin/requests?test={name}-{failure}").json()["requests"]
    return [(request["status"], request["time"]) for request in requests]


def statuses(fleet, name, failure):
    """How each try was answered, in order."""
    return [status for status, _ in arrived(fleet, name, failure)]
