"""What Redis was last seen to hold: each bucket's level, from every answer and from what other workers changed.

Pure: times are handed in. It serves twice. When Redis is lost, a pod's share of a limit begins with its share of what
was used already; when Redis comes back empty, what was used is put back.
"""

from collections.abc import Iterator, Sequence
from math import floor

from simulator.state.embedded.buckets import present
from simulator.state.redis.packing import STORED, name_of
from simulator.state.store import Demand

ENTRIES_MOST = 50_000
"""Some 20 MB at the most. Beyond it the buckets that were met first are forgotten first."""


class Mirror:
    """Levels by name. All its times are of this host's clock; who notes a level brings it there."""

    def __init__(self, most: int = ENTRIES_MOST) -> None:
        self._most = most
        self._entries: dict[bytes, tuple[Demand, int, int]] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def note(self, demand: Demand, level: int, at_us: int) -> None:
        """The bucket of a demand was seen at this level."""
        self._entries[demand.name] = demand, level, at_us

    def note_stored(self, sent_names: Sequence[bytes], values: Sequence[bytes], offset_us: int) -> None:
        """Buckets as Redis stores them; its clock is `offset_us` ahead."""
        for sent, value in zip(sent_names, values, strict=True):
            level, at_us, capacity, period_us, fixed = STORED.unpack(value)
            name = name_of(sent)
            demand = Demand(name, 0, int(capacity), int(period_us), fixed == 1)
            self._entries[name] = demand, int(level), int(at_us) - offset_us

    def share(self, demand: Demand, scaled: Demand) -> tuple[int, int] | None:
        """The part of the level that falls to a share of the limit, and its microsecond; None if nothing is known.

        `scaled` is the demand with the share's capacity.
        """
        entry = self._entries.get(demand.name)
        if entry is None:
            return None
        _, level, at_us = entry
        return -floor(-level * scaled.capacity / demand.capacity), at_us

    def used(self, now_us: int) -> Iterator[tuple[Demand, int, int]]:
        """Every bucket that has not run empty: its demand, level and microsecond."""
        for demand, level, at_us in self._entries.values():
            left, _ = present(demand, level, at_us, now_us)
            if left > 0:
                yield demand, level, at_us

    def prune(self, now_us: int) -> None:
        """Forget what has run empty; then, if there is still too much, what was met first."""
        if len(self._entries) <= self._most:
            return
        kept = {demand.name: (demand, level, at_us) for demand, level, at_us in self.used(now_us)}
        over = len(kept) - self._most * 3 // 4
        if over > 0:
            for name in list(kept)[:over]:
                del kept[name]
        self._entries = kept
