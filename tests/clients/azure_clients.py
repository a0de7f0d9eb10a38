"""What the tests with OpenAI's Azure client share: clients, and what of an answer the client's types do not know."""

import contextlib

import openai
from client_checks import strangers

VERSION = "2024-10-21"
MODEL = "gpt-4o"
RESULTS = ("content_filter_results", "content_filter_offsets", "prompt_filter_results", "content_filters")
"""Fields that Azure's service adds, and OpenAI's types leave out."""


@contextlib.contextmanager
def azure_of(fleet, kind=openai.AzureOpenAI, *, strict=True, **settings):
    """A client for a resource with deployments, which does not retry, closed at the end."""
    given = {"azure_endpoint": fleet.url, "api_key": "key", "api_version": VERSION, "max_retries": 0, **settings}
    with kind(_strict_response_validation=strict, **given) as client:
        yield client


@contextlib.contextmanager
def v1_of(fleet, *, strict=True, **settings):
    """OpenAI's plain client, pointed at Azure's undated paths."""
    given = {"base_url": f"{fleet.url}/openai/v1/", "api_key": "key", "max_retries": 0, **settings}
    with openai.OpenAI(_strict_response_validation=strict, **given) as client:
        yield client


def known(value, at="answer"):
    """The value, all of whose fields the client's types know, but for what Azure adds."""
    assert [name for name in strangers(value, at) if name.rpartition(".")[2] not in RESULTS] == []
    return value
