"""What was worked out lately, kept for the next request that is the same.

Pure. An answer is a function of (seed, digest) alone, so keeping one changes nothing but the time it takes; load tests
repeat a handful of bodies. Bounded in entries and in tokens, the oldest leave first.
"""

from simulator.engine.plan import Answer

ENTRIES = 2_048
TOKENS = 262_144
"""Pieces are shared strings: a token costs 8 bytes, so this is about 2 MB a worker at most."""


class Memo:
    """Prompt size and answer by digest."""

    __slots__ = ("_kept", "_tokens", "get")

    def __init__(self) -> None:
        self._kept: dict[bytes, tuple[int, Answer]] = {}
        self._tokens = 0
        self.get = self._kept.get

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, digest: bytes, asked: int, answer: Answer) -> None:
        """Keep an answer that is not kept yet; one that is large by itself is not."""
        written = answer.usage.output_tokens
        if written > TOKENS // 16:
            return
        kept = self._kept
        kept[digest] = (asked, answer)
        self._tokens += written
        while len(kept) > ENTRIES or self._tokens > TOKENS:
            _, gone = kept.pop(next(iter(kept)))
            self._tokens -= gone.usage.output_tokens
