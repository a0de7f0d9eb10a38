"""What was worked out lately, kept for the next request that is the same.

Pure. An answer is a function of (seed, digest) alone, so keeping one changes nothing but the time it takes; load tests
repeat a handful of bodies. Two generations: when the younger is full it becomes the older, and the older is forgotten,
so that nothing is moved or searched for on the way.
"""

from simulator.engine.plan import Answer

ENTRIES = 1_024
"""Entries of a generation. An answer of usual length is a slice of text and a few small values: about 1 KB."""
TOKENS = 262_144
"""Tokens of a generation, which bounds it where answers are long."""


class Memo:
    """Prompt size and answer by digest."""

    __slots__ = ("_old", "_tokens", "_young")

    def __init__(self) -> None:
        self._young: dict[bytes, tuple[int, Answer]] = {}
        self._old: dict[bytes, tuple[int, Answer]] = {}
        self._tokens = 0

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def get(self, digest: bytes) -> tuple[int, Answer] | None:
        """What is kept for a digest. Being asked for again keeps it longer."""
        found = self._young.get(digest)
        if found is None:
            found = self._old.get(digest)
            if found is not None:
                self.keep(digest, *found)
        return found

    def keep(self, digest: bytes, asked: int, answer: Answer) -> None:
        """Keep an answer; one that is large by itself is not."""
        written = answer.usage.output_tokens
        if written > TOKENS // 16:
            return
        if len(self._young) >= ENTRIES or self._tokens + written > TOKENS:
            self._old = self._young
            self._young = {}
            self._tokens = 0
        self._young[digest] = (asked, answer)
        self._tokens += written
