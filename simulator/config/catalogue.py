"""The models there are: one card a model, read from `config/profiles/<provider>.yaml`.

Pure data. A card says what a real provider publishes of a model and the latency profile with its source.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from simulator.config.latency import Latency

TokenizerName = Literal["o200k", "cl100k", "estimate"]


class ModelCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model. `created` is in Unix seconds; `tokens_per_message` and `reply_priming` are what the
    provider's chat format adds to the counted text."""

    id: str
    provider: str
    display_name: str = ""
    created: int = 0
    kind: Literal["chat", "completion", "embedding"] = "chat"
    tokenizer: TokenizerName = "estimate"
    tokens_per_message: Annotated[int, Meta(ge=0)] = 3
    tokens_per_name: int = 1
    reply_priming: Annotated[int, Meta(ge=0)] = 3
    context_window: Annotated[int, Meta(ge=1)] = 128_000
    max_output_tokens: Annotated[int, Meta(ge=0)] = 4_096
    dimensions: Annotated[int, Meta(ge=1)] | None = None
    shortenable: bool = False
    """Whether an embedding model honours `dimensions`."""
    latency: Latency = Latency()
    aliases: tuple[str, ...] = ()
    source: str = ""
