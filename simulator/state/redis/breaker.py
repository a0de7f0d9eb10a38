"""Whether Redis is asked. Pure: every time is handed in, in seconds of any steady clock.

    closed ──failed──► open ──probe succeeds──► settling ──`settle_s` later──► closed
                         ▲                          │
                         └────────── failed ────────┘

Closed, requests go to Redis. Open, none does: one prober tries every `probe_s`. Settling, Redis is reachable again and
the pods bring it up to date, but every one still counts locally, so that none spends what another has not told yet.
"""

import enum


class Phase(enum.Enum):
    """Where the breaker is."""

    CLOSED = "closed"
    OPEN = "open"
    SETTLING = "settling"


class Breaker:
    """Begins open: nothing is known of Redis before the first probe, which is due at once."""

    def __init__(self, probe_s: float) -> None:
        self.probe_s = probe_s
        self.phase = Phase.OPEN
        self.reason = "Redis has not been reached yet"
        self.failures = 0
        """How often it has opened."""
        self._next_probe = float("-inf")
        self._close_at = float("inf")

    def failed(self, now: float, reason: str) -> None:
        """Open it, from whichever phase; the next probe is due in `probe_s`."""
        if self.phase is not Phase.OPEN:
            self.failures += 1
            self.phase = Phase.OPEN
        self.reason = reason
        self._next_probe = now + self.probe_s
        self._close_at = float("inf")

    def wait(self, now: float) -> float:
        """Seconds until the next step is due: a probe, or the closing; infinite while closed."""
        if self.phase is Phase.OPEN:
            return max(0.0, self._next_probe - now)
        if self.phase is Phase.SETTLING:
            return max(0.0, self._close_at - now)
        return float("inf")

    def reached(self, now: float, settle_s: float) -> None:
        """A probe succeeded; requests go to Redis after `settle_s`."""
        self.phase = Phase.SETTLING
        self.reason = "Redis is back; the pods bring it up to date"
        self._close_at = now + max(0.0, settle_s)

    def close(self) -> None:
        """Requests go to Redis."""
        if self.phase is not Phase.SETTLING:
            raise ValueError(f"a breaker that is {self.phase.value} cannot be closed")
        self.phase = Phase.CLOSED
        self.reason = ""
