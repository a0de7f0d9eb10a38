"""How far a batch is: a function of when it was made, the time and the pace. Pure; nothing runs meanwhile.

validating ─► in_progress ─► finalizing ─► completed
    │              │
    ▼              ├─► cancelling ─► cancelled
  failed           └─► expired, after a day
"""

from typing import Final

import msgspec

WINDOW: Final = 86_400.0
"""Seconds that a batch may take."""
_SHARE: Final = 0.1
"""Of the time that its requests take, what validating and finalizing take each."""
_LONGEST: Final = 3.0
"""Seconds that either takes at most."""


class Course(msgspec.Struct, frozen=True):
    """What the course of a batch depends on. Times are in Unix seconds, `rate` in requests a second."""

    created: float
    total: int
    rate: float
    valid: bool = True
    cancelled: float | None = None

    @property
    def step(self) -> float:
        """What validating takes, and finalizing, and cancelling."""
        return min(_LONGEST, _SHARE * self.total / self.rate)

    @property
    def began(self) -> float:
        """When its first request began, or it failed."""
        return self.created + self.step

    @property
    def ran(self) -> float:
        """When its last request is done if nothing stops it."""
        return self.began + self.total / self.rate

    @property
    def expires(self) -> float:
        """When its time is over."""
        return self.created + WINDOW

    def done(self, now: float) -> int:
        """How many of its requests are done."""
        if not self.valid:
            return 0
        until = min(now, self.expires, now if self.cancelled is None else self.cancelled)
        if until >= self.ran:
            return self.total
        return min(self.total, max(0, int((until - self.began) * self.rate)))

    def status(self, now: float) -> str:
        """The status of the batch."""
        return self._story(now)[-1][0]

    def times(self, now: float) -> dict[str, int]:
        """When each status began that has a time of its own, in whole seconds: `in_progress_at` and so on."""
        return {f"{status}_at": int(at) for status, at in self._story(now) if status != "validating"}

    def _story(self, now: float) -> list[tuple[str, float]]:
        """The statuses that it has had, and when each began."""
        story = [("validating", self.created)]
        if not self.valid:
            story.append(("failed", self.began))
        elif self.cancelled is not None and self.cancelled < self.began:
            story += [("cancelling", self.cancelled), ("cancelled", self.cancelled + self.step)]
        else:
            story.append(("in_progress", self.began))
            if self.cancelled is not None:
                story += [("cancelling", self.cancelled), ("cancelled", self.cancelled + self.step)]
            elif self.ran + self.step <= self.expires:
                story += [("finalizing", self.ran), ("completed", self.ran + self.step)]
            else:
                story.append(("expired", self.expires))
        return [(status, at) for status, at in story if at <= now] or story[:1]


FINAL: Final = frozenset({"completed", "expired", "cancelled"})
"""Statuses that leave files behind; `failed` leaves none."""
