"""Rate limits in Azure's headers and sentences: as OpenAI's, but resets and waits are whole seconds. Pure."""

import math
from collections.abc import Sequence
from typing import Final

from simulator.providers.azure.versions import LATEST
from simulator.providers.quota import Level, QuotaWriter, tightest

_LINES: Final = b"x-ratelimit-limit-%b: %%d\r\nx-ratelimit-remaining-%b: %%d\r\nx-ratelimit-reset-%b: %%d\r\n"
_SECOND_US: Final = 1_000_000
_OPERATIONS: Final = (
    ("text-embedding", "Embeddings_Create"),
    ("dall-e", "ImageGenerations_Create"),
    ("gpt-image", "ImageGenerations_Create"),
    ("whisper", "Transcriptions_Create"),
    ("gpt-4o-transcribe", "Transcriptions_Create"),
    ("tts", "Speech_Create"),
    ("gpt-3.5-turbo-instruct", "Completions_Create"),
    ("davinci", "Completions_Create"),
    ("babbage", "Completions_Create"),
)


def quota_writer(resources: Sequence[str]) -> QuotaWriter:
    """`x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, as far as there are such limits."""
    groups = {
        told: [place for place, resource in enumerate(resources) if resource == told]
        for told in ("requests", "tokens")
        if told in resources
    }
    form = b"".join([_LINES % ((told.encode(),) * 3) for told in groups])
    places = list(groups.values())

    def write(levels: Sequence[Level], now: float) -> bytes:
        del now
        told: list[int] = []
        for group in places:
            level = tightest(levels, group)
            told += (level.limit, level.remaining, -(-level.reset_us // _SECOND_US))
        return form % tuple(told)

    return write


def reached(resource: str, model: str, wait: float | None) -> str:
    """Why a request is refused, in the service's words.

    `wait` is in seconds, None or infinite where waiting does not help. The operation is the usual one of a model of
    this name: who words a refusal is not told which it was.
    """
    operation = next((name for start, name in _OPERATIONS if model.startswith(start)), "ChatCompletions_Create")
    kind = "token" if resource.endswith("tokens") else "call"
    retry = ""
    if wait is not None and wait < math.inf:
        seconds = whole_seconds(wait)
        retry = f" Please retry after {seconds} second{'' if seconds == 1 else 's'}."
    return (
        f"Requests to the {operation} Operation under Azure OpenAI API version {LATEST} have exceeded {kind} rate "
        f"limit of your current OpenAI S0 pricing tier.{retry} Please go here: https://aka.ms/oai/quotaincrease if you "
        "would like to further increase the default rate limit."
    )


def whole_seconds(seconds: float) -> int:
    """A wait in whole seconds, rounded up so that whoever waits so long is not early."""
    return math.ceil(seconds - 1e-9)
