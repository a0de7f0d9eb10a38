"""One fleet of four for the official clients, and the clients themselves, strict about every response."""

import anthropic
import openai
import pytest
from serving import Simulator

RETRY_AFTER = 1
HOLD_MS = 60_000
OPENAI_FAULTS = {
    "gpt-4-0613": {"authentication": {"probability": 1}},
    "gpt-4-0314": {"rate_limit": {"probability": 1, "retry_after_secs": 7}},
    "gpt-4-1106-preview": {"overloaded": {"probability": 1, "retry_after_secs": 3}},
    "gpt-4-0125-preview": {"server_error": {"probability": 1}},
    "gpt-4-32k-0613": {"timeout": {"probability": 1, "timeout_ms": HOLD_MS}},
    "gpt-4-32k-0314": {"timeout": {"probability": 1, "timeout_ms": 20}},
    "gpt-3.5-turbo-1106": {"server_error": {"probability": 0.5}},
    "gpt-3.5-turbo-0613": {"rate_limit": {"probability": 0.5, "retry_after_secs": RETRY_AFTER}},
}
ANTHROPIC_FAULTS = {
    "claude-opus-4-6": {"authentication": {"probability": 1}},
    "claude-opus-4-7": {"rate_limit": {"probability": 1, "retry_after_secs": 7}},
    "claude-3-haiku-20240307": {"overloaded": {"probability": 1}},
    "claude-sonnet-4-6": {"server_error": {"probability": 1}},
    "claude-opus-4-1-20250805": {"timeout": {"probability": 1, "timeout_ms": HOLD_MS}},
    "claude-3-5-sonnet-20241022": {"overloaded": {"probability": 0.5}},
    "claude-3-5-sonnet-20240620": {"rate_limit": {"probability": 0.5, "retry_after_secs": RETRY_AFTER}},
}


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    """Four workers that answer at once; some models always or often fail."""
    faulty = {name: {"errors": errors} for name, errors in (OPENAI_FAULTS | ANTHROPIC_FAULTS).items()}
    with Simulator(
        tmp_path_factory.mktemp("clients"), "--latency", "none", config={"providers": faulty}, workers=4
    ) as it:
        yield it


@pytest.fixture
def make_openai(fleet):
    """A maker of OpenAI clients; all are closed at the end."""
    made = []

    def make(*, strict=True, **settings):
        given = {"base_url": f"{fleet.url}/v1", "api_key": "sk-test", "max_retries": 0, **settings}
        made.append(openai.OpenAI(_strict_response_validation=strict, **given))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def make_anthropic(fleet):
    """A maker of Anthropic clients; all are closed at the end."""
    made = []

    def make(**settings):
        given = {"base_url": fleet.url, "api_key": "sk-ant-test", "max_retries": 0, **settings}
        made.append(anthropic.Anthropic(_strict_response_validation=True, **given))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def client(make_openai):
    """The usual OpenAI client, which does not retry."""
    return make_openai()


@pytest.fixture
def lenient(make_openai):
    """For what the strict client takes from nobody: base64 vectors, which it validates before it decodes them, and the
    null `finish_reason` of a streamed completion, which the real service sends but its type does not have."""
    return make_openai(strict=False)


@pytest.fixture
def claude(make_anthropic):
    """The usual Anthropic client, which does not retry."""
    return make_anthropic()


@pytest.fixture
def retried_key(fleet):
    """Finds the `x-llm-sim-key` with which the first attempt of a request gets `status` and the second is answered."""

    def find(path, body, status, headers=None):
        for number in range(200):
            key = f"try-{number}"
            given = {**(headers or {}), "x-llm-sim-key": key}
            with fleet.connect() as connection:
                first = fleet.ask(path, body, {**given, "x-stainless-retry-count": "0"}, connection)
                again = fleet.ask(path, body, {**given, "x-stainless-retry-count": "1"}, connection)
            if (first.status, again.status) == (status, 200):
                return key
        return pytest.fail("no key lets the first attempt fail and the second succeed")

    return find
