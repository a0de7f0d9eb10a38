"""Log-probabilities of an answer's tokens. Pure: they are made from the bits of the answer's id.

Most tokens of a real answer are nearly certain and a few are not; a byte of randomness, cubed, gives that shape, from 0
down to -4.
"""

from collections.abc import Sequence
from hashlib import shake_128

import orjson

from simulator.providers.cohere.vocabulary import id_of, parts_of


def logprobs_of(pieces: Sequence[str], bits: bytes) -> list[bytes]:
    """One JSON object a token: its text, its ids and a log-probability for each id."""
    random = shake_128(bits).digest(max(1, len(pieces)))
    found: list[bytes] = []
    for piece, byte in zip(pieces, random, strict=False):
        ids = [id_of(part) for part in parts_of(piece)]
        likely = -round(4 * (byte / 256) ** 3, 6)
        found.append(orjson.dumps({"text": piece, "token_ids": ids, "logprobs": [likely] * len(ids)}))
    return found
