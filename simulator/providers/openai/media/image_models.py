"""What OpenAI's image models take: sizes, qualities, prices in tokens. Pure; a model is told by its name.

The rules are those of the official client's documentation (openai 3.52) and of OpenAI's published token tables. Retired
models are served as they were, since the clients that know them still have tests.
"""

import enum
import math
import re
from typing import Final

from simulator.providers.base import Refusal
from simulator.providers.openai.media.pictures import LONGEST_SIDE
from simulator.providers.openai.wording import invalid, listed

Size = tuple[int, int]
SQUARE: Final[Size] = (1_024, 1_024)
_PIXELS: Final = 3_840 * 2_160
_GRID: Final = 16
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")
_STANDARD = ("1024x1024", "1024x1536", "1536x1024", "auto")

# Output tokens of a picture by quality, for 1024 x 1024, 1024 x 1536 and 1536 x 1024. The first three rows are
# published; xhigh and max are estimates, twice and four times high.
_TOKENS: Final = {
    "low": (272, 408, 400),
    "medium": (1_056, 1_584, 1_568),
    "high": (4_160, 6_240, 6_208),
    "xhigh": (8_320, 12_480, 12_416),
    "max": (16_640, 24_960, 24_832),
}
PARTIAL_TOKENS: Final = 100
"""What each picture on the way to a streamed one costs."""
_BASE, _TILE, _TILE_SIDE = 65, 129, 512
_FAITHFUL = (4_160, 6_240)
"""What high fidelity to an input adds: for a square one, for another."""


class Family(enum.Enum):
    """Models that take the same parameters."""

    DALL_E_2 = "dall-e-2"
    DALL_E_3 = "dall-e-3"
    GPT_1 = "gpt-image-1"
    GPT_2 = "gpt-image-2"

    @property
    def is_gpt(self) -> bool:
        """Whether it is one of the models that answer in base64 only and tell their usage."""
        return self in {Family.GPT_1, Family.GPT_2}


_FIXED: Final = {
    Family.DALL_E_2: ("256x256", "512x512", "1024x1024"),
    Family.DALL_E_3: ("1024x1024", "1792x1024", "1024x1792"),
    Family.GPT_1: _STANDARD,
}
_QUALITIES: Final = {
    Family.DALL_E_2: ("standard",),
    Family.DALL_E_3: ("standard", "hd"),
    Family.GPT_1: ("low", "medium", "high", "auto"),
    Family.GPT_2: ("low", "medium", "high", "xhigh", "max", "auto"),
}
LONGEST_PROMPT: Final = {
    Family.DALL_E_2: 1_000,
    Family.DALL_E_3: 4_000,
    Family.GPT_1: 32_000,
    Family.GPT_2: 32_000,
}


def family_of(model: str) -> Family:
    """The family of a model's name; of a name that says nothing the newest."""
    if model.startswith("dall-e-"):
        return Family.DALL_E_2 if model.startswith("dall-e-2") else Family.DALL_E_3
    return Family.GPT_1 if model.startswith(("gpt-image-1", "chatgpt-image")) else Family.GPT_2


def size_of(given: str | None, family: Family) -> Size:
    """The width and height that are asked for. Raises `Refusal`."""
    fixed = _FIXED.get(family)
    if given is None or (given == "auto" and family.is_gpt):
        return SQUARE
    found = _SIZE.fullmatch(given)
    if fixed is not None:
        if found is None or given not in fixed:
            raise _not_among(given, fixed, "size")
        return int(found[1]), int(found[2])
    if found is None:
        raise invalid(
            f"Invalid value: '{given[:40]}'. Expected 'auto' or a size such as '1536x864'.", "size", "invalid_value"
        )
    width, height = int(found[1]), int(found[2])
    wrong = ""
    if width % _GRID or height % _GRID:
        wrong = f"width and height must both be divisible by {_GRID}"
    elif max(width, height) > LONGEST_SIDE or width * height > _PIXELS:
        wrong = "the maximum supported resolution is 3840x2160"
    elif max(width, height) > 3 * min(width, height):
        wrong = "the aspect ratio must be between 1:3 and 3:1"
    if wrong:
        raise invalid(f"Invalid size '{given}': {wrong}.", "size", "invalid_value")
    return width, height


def quality_of(given: str | None, family: Family) -> str:
    """The quality of a picture; `auto` and none given are `medium` where they are the model's to decide."""
    allowed = _QUALITIES[family]
    if given is not None and given not in allowed:
        raise _not_among(given, allowed, "quality")
    if family.is_gpt:
        return "medium" if given in {None, "auto"} else str(given)
    return given or "standard"


def picture_tokens(size: Size, quality: str) -> int:
    """What a picture costs in output tokens. Other sizes than the published ones cost by their area: an estimate."""
    square, tall, wide = _TOKENS[quality]
    width, height = size
    published = {(1_024, 1_024): square, (1_024, 1_536): tall, (1_536, 1_024): wide}
    return published.get(size) or max(1, round(square * width * height / (SQUARE[0] * SQUARE[1])))


def input_tokens(size: Size, *, faithful: bool) -> int:
    """What a picture that is edited costs: a base and its tiles, after scaling its shorter side down to 512 pixels."""
    width, height = size
    shrink = min(1.0, _TILE_SIDE / max(1, min(width, height)))
    tiles = math.ceil(round(width * shrink, 6) / _TILE_SIDE) * math.ceil(round(height * shrink, 6) / _TILE_SIDE)
    return _BASE + _TILE * max(1, tiles) + (_FAITHFUL[width != height] if faithful else 0)


def _not_among(given: str, allowed: tuple[str, ...], param: str) -> Refusal:
    return invalid(f"Invalid value: '{given[:40]}'. Supported values are: {listed(allowed)}.", param, "invalid_value")
