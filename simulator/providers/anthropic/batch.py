"""A message batch as a value, and how far it is at a moment. Pure.

Nothing runs in the background: requests are done in their order at the rate that the batch was made with, so that how
far it is follows from the time. As at the service, the counts tell nothing until the whole batch has ended.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simulator.providers.anthropic.moments import rfc3339

LASTS: Final = 86_400.0
"""Seconds until a batch that is not done expires."""
IN_PROGRESS: Final = "in_progress"
CANCELING: Final = "canceling"
ENDED: Final = "ended"


class Batch(msgspec.Struct, frozen=True, gc=False):
    """A batch as it is stored. Times are Unix seconds, `rate` is in requests a second.

    The requests are in `chunks` objects of their own. `errored` are the places of those that end in an error.
    `version` and `betas` are the creator's headers, by which the requests are read whoever asks for their results.
    """

    id: str
    created: float
    rate: float
    total: int
    chunks: int
    errored: tuple[int, ...] = ()
    cancelled: float | None = None
    version: str = ""
    betas: str = ""

    @property
    def headers(self) -> dict[bytes, bytes]:
        """The creator's headers that say how a request is read."""
        found = {b"anthropic-version": self.version.encode("latin-1")} if self.version else {}
        return {**found, b"anthropic-beta": self.betas.encode("latin-1")} if self.betas else found

    @property
    def takes(self) -> float:
        """How long it takes, in seconds."""
        seconds = min(LASTS, self.total / self.rate)
        if self.cancelled is not None:
            # The request that is under way is still finished.
            seconds = min(seconds, self.cancelled - self.created + 1 / self.rate)
        return seconds

    @property
    def ends(self) -> float:
        """When the whole batch is done."""
        return self.created + self.takes

    @property
    def expires(self) -> float:
        """When it is given up."""
        return self.created + LASTS

    @property
    def done(self) -> int:
        """How many requests, the first ones, are answered when it has ended."""
        # A division and a multiplication may lose the last bit of a whole number.
        return min(self.total, math.floor(self.takes * self.rate + 1e-6))

    def stage(self, now: float) -> str:
        """The `processing_status`."""
        if now >= self.ends:
            return ENDED
        return IN_PROGRESS if self.cancelled is None else CANCELING

    def counts(self, now: float) -> Mapping[str, int]:
        """The `request_counts`."""
        counts = {"processing": self.total, "succeeded": 0, "errored": 0, "canceled": 0, "expired": 0}
        if self.stage(now) == ENDED:
            done = self.done
            counts["processing"] = 0
            counts["errored"] = sum(place < done for place in self.errored)
            counts["succeeded"] = done - counts["errored"]
            counts[self.rest] = self.total - done
        return counts

    @property
    def rest(self) -> str:
        """What becomes of the requests that are not done."""
        return "expired" if self.cancelled is None else "canceled"

    def described(self, now: float, results_url: str) -> dict[str, Any]:
        """The `MessageBatch` of the newest SDK."""
        ended = self.stage(now) == ENDED
        return {
            "id": self.id,
            "type": "message_batch",
            "processing_status": self.stage(now),
            "request_counts": self.counts(now),
            "ended_at": rfc3339(self.ends) if ended else None,
            "created_at": rfc3339(self.created),
            "expires_at": rfc3339(self.expires),
            "archived_at": None,
            "cancel_initiated_at": None if self.cancelled is None else rfc3339(self.cancelled),
            "results_url": results_url if ended else None,
        }
