"""Synthetic pictures: a few bands of colour made of random bits, in the format and size asked for. Pure.

Not for looking at: a client that decodes one finds a valid picture of the right size, the same for the same request. A
megapixel takes well under a millisecond; what was made lately is remembered.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Literal

import msgspec

from simulator.providers.openai.media.jpeg import jpeg
from simulator.providers.openai.media.png import png
from simulator.providers.openai.media.webp import webp

Form = Literal["png", "jpeg", "webp"]
CONTENT_TYPE: Final[dict[str, bytes]] = {"png": b"image/png", "jpeg": b"image/jpeg", "webp": b"image/webp"}
BANDS: Final = 5
LONGEST_SIDE: Final = 3_840
SEED: Final = 16
"""Bytes that a picture is made of."""


class Picture(msgspec.Struct, frozen=True):
    """A picture that can be made at any time. `clear` lets what is behind it show through at its edges."""

    seed: bytes
    width: int
    height: int
    form: Form = "png"
    clear: bool = False

    @property
    def name(self) -> str:
        """A file's name that says all of it; `named` reads it back."""
        return f"img-{self.seed.hex()}-{self.width}x{self.height}{'-clear' if self.clear else ''}.{self.form}"

    def drawn(self) -> bytes:
        """The bytes of its file."""
        return _drawn(self)


_NAME = re.compile(rf"img-([0-9a-f]{{{2 * SEED}}})-([1-9][0-9]{{0,3}})x([1-9][0-9]{{0,3}})(-clear)?\.(png|jpeg|webp)")


def named(name: str) -> Picture | None:
    """The picture of a name, or None if it is none's."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    width, height = int(found[2]), int(found[3])
    if max(width, height) > LONGEST_SIDE:
        return None
    form: Form = "png" if found[5] == "png" else "jpeg" if found[5] == "jpeg" else "webp"
    return Picture(bytes.fromhex(found[1]), width, height, form, found[4] is not None)


def seed_of(bits: bytes, index: int, stage: int = 0) -> bytes:
    """The seed of an answer's picture number `index`; a `stage` above 0 is one on the way to it."""
    return blake2b(bits + bytes([index, stage]), digest_size=SEED).digest()


@lru_cache(maxsize=64)
def _drawn(picture: Picture) -> bytes:
    width, height = picture.width, picture.height
    colours = list(_colours(picture))
    if picture.form == "webp":
        return webp(width, height, colours[-1 if picture.clear else BANDS // 2])
    share = max(1, height // BANDS)
    rows = [share] * min(BANDS - 1, height - 1)
    rows.append(height - sum(rows))
    if picture.form == "jpeg":
        bands = [(count, (colour[0], colour[1], colour[2])) for count, colour in zip(rows, colours, strict=False)]
        return jpeg(width, height, bands)
    depth = 4 if picture.clear else 3
    return png(width, [(count, colour[:depth]) for count, colour in zip(rows, colours, strict=False)])


def _colours(picture: Picture) -> Iterator[bytes]:
    """A colour a band, with what can be seen of it; in a clear picture the outer bands are not seen at all."""
    for band in range(BANDS):
        alpha = 0 if picture.clear and band in {0, BANDS - 1} else 255
        yield picture.seed[3 * band : 3 * band + 3] + bytes([alpha])
