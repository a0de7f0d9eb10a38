"""Embeddings without a model: texts that share words, or parts of words, are near one another.

Pure. The method is feature hashing with random signs (Weinberger et al., "Feature Hashing for Large Scale Multitask
Learning", 2009): each feature of a text adds its weight, with a sign, to a few coordinates that a hash of it chooses.

- A word, lower-cased, adds to 32 coordinates. Its weight grows with the square root of its number of occurrences;
  words of one to three letters weigh less, because they say less. Han, Kana and Hangul characters are words.
- Each trigram of a different word (with a space before and after it) adds the word's weight to 4 coordinates, so that
  a typing error or an ending moves a text only a little.
- The text as it stands adds a small value to every coordinate: two texts of the same words in another order are near
  and not equal, no coordinate is likely to be zero, and a text without words has a vector as well.

All of it is integer arithmetic, exact in float64 in whatever order it is summed, until the one square root and division
by the length, which IEEE 754 rounds in one way; so the bytes are the same on every machine.
"""

import codecs
import math
import re
from collections import Counter
from hashlib import blake2b, shake_128
from typing import Final

import numpy as np
import numpy.typing as npt

MAX_DIMENSIONS: Final = 8_192
MAX_CHARACTERS: Final = 40_000
"""Words beyond this are ignored: about as much as the 8,192 tokens that real embedding models read."""

_WORD: Final = re.compile(
    "[\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
    "|[^\\W_\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
    "\U00020000-\U0003ffff]+"
)
_FULL_WEIGHT: Final = 1_024
_SHORT_WEIGHTS: Final = (0, 256, 256, 512)
_EAST_ASIAN: Final = "\u2e80"
_SLICES: Final = 16_384
_REMEMBERED: Final = 8_192

# The shifts and factors of SplitMix64's finalizer (Steele, Lea and Flood, 2014), which spreads every bit over all 64.
_SHIFTS: Final = (np.uint64(30), np.uint64(27), np.uint64(31))
_FACTORS: Final = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_TURN: Final = np.uint64(29)

_Vector = npt.NDArray[np.float64]


# A codec is imported from its file at first use; the engine opens no file while it plans.
codecs.lookup("utf-32-le")


class Embedder:
    """Vectors that depend on `seed` and text alone. Remembers the hashes of at most 8,192 words (1 MB)."""

    __slots__ = ("_hashes", "_key", "_mixers", "_noise")

    def __init__(self, seed: int) -> None:
        self._key = blake2b(str(seed).encode(), digest_size=32).digest()
        length = _SLICES + MAX_DIMENSIONS
        drawn = np.frombuffer(shake_128(b"noise" + self._key).digest(2 * length), dtype=np.uint8)
        noise: _Vector = (drawn & 63).astype(np.float64) - 31.5
        self._noise: tuple[_Vector, _Vector] = (noise[:length], noise[length:])
        odd = np.frombuffer(shake_128(b"mixers" + self._key).digest(24), dtype="<u8")
        self._mixers = odd.astype(np.uint64) | np.uint64(1)
        self._hashes: dict[str, bytes] = {}

    def embed(self, text: str, dimensions: int, full: int) -> bytes:
        """The unit vector of `text` as little-endian float32.

        It is the first `dimensions` coordinates of the vector of `full`, brought back to length 1, as real models
        shorten theirs. Any text has one. Raises ValueError unless 1 <= dimensions <= full <= `MAX_DIMENSIONS`.
        """
        if not 1 <= dimensions <= full <= MAX_DIMENSIONS:
            raise ValueError(f"dimensions {dimensions} of {full}: must be from 1 to {full}, at most {MAX_DIMENSIONS}")
        vector = self._background(text, full)
        words = Counter(_WORD.findall(text[:MAX_CHARACTERS].lower()))
        if words:
            vector += self._features(words, full)
        vector = vector[:dimensions]
        square = float(vector @ vector)
        if square == 0.0:
            vector[0] = square = 1.0
        shortened: bytes = (vector / math.sqrt(square)).astype("<f4").tobytes()
        return shortened

    def _background(self, text: str, full: int) -> _Vector:
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4, key=self._key).digest()
        first = int.from_bytes(digest[:2], "little") % _SLICES
        second = int.from_bytes(digest[2:], "little") % _SLICES
        one, two = self._noise
        return one[first : first + full] + two[second : second + full]

    def _features(self, words: Counter[str], full: int) -> _Vector:
        weights = np.array([_weight(word, times) for word, times in words.items()], dtype=np.float64)
        hashes = np.frombuffer(b"".join([self._hash(word) for word in words]), dtype="<u2")
        grams, owners = self._trigrams(words)
        chosen = np.concatenate((hashes, grams.astype("<u8").view("<u2")))
        amounts = np.concatenate((np.repeat(weights, 32), np.repeat(weights[owners], 4)))
        # The top bit is the sign, the other 15 the coordinate.
        np.negative(amounts, out=amounts, where=chosen >= 0x8000)
        places = (chosen & 0x7FFF).astype(np.intp) * full >> 15
        summed: _Vector = np.bincount(places, amounts, full).astype(np.float64, copy=False)
        return summed

    def _trigrams(self, words: Counter[str]) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.intp]]:
        """A 64-bit hash of the trigram around each letter of the words, and the index of its word."""
        joined = f" {' '.join(words)} "
        codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
        before, here, after = codes[:-2], codes[1:-1], codes[2:]
        letters = here != 32
        one, two, three = self._mixers
        mixed = (before * one) ^ (here * two + (here << _TURN)) ^ (after * three)
        mixed ^= mixed >> _SHIFTS[0]
        mixed *= _FACTORS[0]
        mixed ^= mixed >> _SHIFTS[1]
        mixed *= _FACTORS[1]
        mixed ^= mixed >> _SHIFTS[2]
        return mixed[letters], np.cumsum(~letters)[letters]

    def _hash(self, word: str) -> bytes:
        hashes = self._hashes
        known = hashes.pop(word, None)
        if known is None:
            known = blake2b(word.encode("utf-8", "surrogatepass"), key=self._key).digest()
            if len(hashes) >= _REMEMBERED:
                del hashes[next(iter(hashes))]
        hashes[word] = known  # a dict keeps insertion order: last is most recent
        return known


def _weight(word: str, times: int) -> int:
    """The integer weight of a word that occurs so many times."""
    weight = _SHORT_WEIGHTS[len(word)] if len(word) < len(_SHORT_WEIGHTS) and word < _EAST_ASIAN else _FULL_WEIGHT
    return weight if times == 1 else int(weight * math.sqrt(times))
