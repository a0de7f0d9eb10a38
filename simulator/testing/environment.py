"""Where each provider's client looks for its address and its key. Pure."""

from collections.abc import Mapping, Sequence

TEST_HEADER = "x-llm-sim-test"
"""Names the test that a request belongs to."""

BASE_PATHS: Mapping[str, str] = {
    "openai": "/v1",
    "anthropic": "",
    "gemini": "",
    "azure": "",
    "cohere": "/cohere",
    "mistral": "/mistral",
    "ollama": "/ollama",
}
"""What each provider's client wants behind the simulator's address."""

KEYS: Sequence[str] = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GEMINI_API_KEY",
    "AZURE_OPENAI_API_KEY",
    "CO_API_KEY",
    "COHERE_API_KEY",
    "MISTRAL_API_KEY",
    "OLLAMA_API_KEY",
)
ADDRESSES: Mapping[str, str] = {
    "OPENAI_BASE_URL": "openai",
    "OPENAI_API_BASE": "openai",
    "ANTHROPIC_BASE_URL": "anthropic",
    "GOOGLE_GEMINI_BASE_URL": "gemini",
    "AZURE_OPENAI_ENDPOINT": "azure",
    "CO_API_URL": "cohere",
    "OLLAMA_HOST": "ollama",
}
HEADERS: Sequence[str] = ("OPENAI_CUSTOM_HEADERS", "ANTHROPIC_CUSTOM_HEADERS")
"""Headers that a client sends with each request, a line each."""
ELSEWHERE: Sequence[str] = (
    "ANTHROPIC_AUTH_TOKEN",
    "AZURE_OPENAI_AD_TOKEN",
    "GOOGLE_API_KEY",
    "GOOGLE_GENAI_USE_VERTEXAI",
    "GOOGLE_GENAI_USE_ENTERPRISE",
)
"""What would send a client to another key or another place."""
AZURE = "AZURE_OPENAI_"
NO_PROXY: Sequence[str] = ("NO_PROXY", "no_proxy")
HERE = "127.0.0.1"


def base_url(url: str, provider: str) -> str:
    """The base address for a provider's own client. Raises KeyError for a provider that there is not."""
    return url + BASE_PATHS[provider]


def variables(url: str, key: str, test: str, present: Mapping[str, str]) -> dict[str, str | None]:
    """The environment of one test: what each variable is set to; None takes it away.

    `present` is the environment as it is: what it says of headers and proxies is kept. Azure's variables are set only
    where some are: OpenAI's module-level client asks which of the two is meant where it finds both.
    """
    values: dict[str, str | None] = dict.fromkeys(ELSEWHERE)
    values |= dict.fromkeys(KEYS, key)
    values |= {name: base_url(url, provider) for name, provider in ADDRESSES.items()}
    label = f"{TEST_HEADER}: {test}"
    values |= {name: "\n".join(filter(None, (present.get(name), label))) for name in HEADERS}
    values |= {name: ",".join(filter(None, (present.get(name), HERE))) for name in NO_PROXY}
    if not any(name.startswith(AZURE) for name in present):
        values = {name: value for name, value in values.items() if not name.startswith(AZURE)}
    return values
