"""What the service fixes by the name of a model: defaults where none is named, limits, what is served where. Pure."""

import re
from typing import Final

CHAT: Final = "command-a-03-2025"
EMBED: Final = "embed-v4.0"
RERANK: Final = "rerank-v4.0-pro"
"""What version 1 answers with where a request names no model; version 2 wants a name."""

_NEWER: Final = ("command-a-plus", "command-a-reasoning", "north-")
"""Names of models that version 1 of chat does not serve."""
_SIZES: Final = (
    (re.compile(r"embed-v4(\.\d+)?"), (256, 512, 1024, 1536)),
    (re.compile(r"embed-v5\.\d+-\w+"), (256, 512, 768, 1024, 1536, 2048)),
    (re.compile(r"embed-.*v[23]\.0"), ()),
)
_WINDOWS: Final = (
    (re.compile(r"embed-v[45]\..*"), 128_000),
    (re.compile(r"embed-.*v3\.0"), 512),
    (re.compile(r"rerank-(v3\.5|.*v3\.0)"), 4_096),
    (re.compile(r"rerank-v[45]\..*"), 32_768),
)


def only_in_version_2(model: str) -> bool:
    """Whether the service refuses this model in version 1 of chat."""
    return model.startswith(_NEWER)


def sizes_of(model: str) -> tuple[int, ...] | None:
    """The sizes of vectors that may be asked of a model: none if it has but one, None if nothing is known of it."""
    return next((sizes for name, sizes in _SIZES if name.fullmatch(model)), None)


def window_of(model: str, configured: int) -> int:
    """How many tokens one text may have that a model embeds or ranks; as configured where nothing else is known."""
    return next((window for name, window in _WINDOWS if name.fullmatch(model)), configured)
