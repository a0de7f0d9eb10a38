"""Bodies of planned endpoints that were refused, made acceptable. Pure.

What the refusal names is struck out, what every request of the endpoint must have is put in; at last only the model,
and whether the answer is streamed, is left of what the client sent. So a refused request is answered by the engine as
any other, streamed or not.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from simulator.contract import words
from simulator.contract.given import Unreadable, json

ROUNDS: Final = 4
"""How often one request is mended at most."""
HELLO: Final = "Hello."
_encode: Callable[[Any], bytes] = msgspec.json.Encoder().encode
_MESSAGES: Final = [{"role": "user", "content": HELLO}]

LEAST: Final[Mapping[str, Mapping[str, Mapping[str, Any]]]] = {
    "openai": {
        "chat_completions": {"model": words.MODELS["openai"], "messages": _MESSAGES},
        "completions": {"model": "gpt-3.5-turbo-instruct", "prompt": HELLO},
        "embeddings": {"model": "text-embedding-3-small", "input": HELLO},
        "moderations": {"input": HELLO},
        "images_generations": {"model": "dall-e-2", "prompt": HELLO},
        "audio_speech": {"model": "tts-1", "input": HELLO, "voice": "alloy"},
        "responses": {"model": words.MODELS["openai"], "input": HELLO},
        "responses_input_tokens": {"model": words.MODELS["openai"], "input": HELLO},
        "responses_compact": {"model": words.MODELS["openai"], "input": HELLO},
    },
    "anthropic": {
        "messages": {"model": words.MODELS["anthropic"], "max_tokens": 1024, "messages": _MESSAGES},
        "count_tokens": {"model": words.MODELS["anthropic"], "messages": _MESSAGES},
    },
}
"""The least that the endpoints accept, by provider and by their labels."""
LEFT: Final = ("model", "stream", "stream_options", "encoding_format", "response_format")
"""What is left of a request in the last rounds but one, where it is refused again and again."""


def mended(provider: str, label: str, body: bytes, param: str | None, number: int) -> bytes | None:
    """The body for round `number`, from 0, after one was refused for `param`; None where there is no way.

    Raises `Unreadable` for a body that is no JSON.
    """
    least = LEAST.get(provider, {}).get(label)
    if least is None or number >= ROUNDS:
        return None
    told = json(body)
    if number < ROUNDS - 2:
        name = (param or "").partition(".")[0].partition("[")[0]
        return _encode({**least, **{key: value for key, value in told.items() if key != name and value is not None}})
    kept = {key: told[key] for key in (LEFT if number == ROUNDS - 2 else LEFT[:2]) if told.get(key) is not None}
    model, stream = kept.pop("model", ""), kept.pop("stream", None)
    if isinstance(model, str) and model:
        kept["model"] = model
    if stream is True:
        kept["stream"] = True
    return _encode({**least, **kept})


__all__ = ["LEAST", "ROUNDS", "Unreadable", "mended"]
