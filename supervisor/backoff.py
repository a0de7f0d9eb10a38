"""When a slot whose worker died may start again. Pure: the clock is handed in, in seconds."""

FIRST_SECONDS = 0.1
LONGEST_SECONDS = 5.0
HEALTHY_SECONDS = 30.0
"""A worker that served so long ends a series of deaths."""


class Backoff:
    """One slot's series of deaths: the first respawn is immediate, then 0.1, 0.2, 0.4 … 5 s."""

    __slots__ = ("_due", "deaths")

    def __init__(self) -> None:
        self.deaths = 0
        self._due = 0.0

    def died(self, now: float, served: float) -> float:
        """Note a death after `served` seconds of service; returns the seconds to wait."""
        if served >= HEALTHY_SECONDS:
            self.deaths = 0
        self.deaths += 1
        delay = 0.0 if self.deaths == 1 else min(LONGEST_SECONDS, FIRST_SECONDS * 2 ** min(self.deaths - 2, 16))
        self._due = now + delay
        return delay

    def forgive(self) -> None:
        """Start a new series: the next start is immediate."""
        self.deaths = 0
        self._due = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the slot may start; 0 if it may."""
        return max(0.0, self._due - now)
