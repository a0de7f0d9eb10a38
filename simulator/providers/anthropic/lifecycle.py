"""Which models the provider has announced the end of. Pure data.

The days are those of the official client's own list. A model that is past its day is `retired` there; here it goes on
answering, and the listing says what it is.
"""

from datetime import UTC, datetime
from typing import Final

import msgspec

NOTICE_DAYS: Final = 60
"""The provider announces an end at least so long before."""
_AS_OF: Final = datetime(2026, 11, 20, tzinfo=UTC)
"""The state of the list."""
_ENDS: Final = {
    "claude-3-sonnet-20240229": (2025, 7, 21),
    "claude-3-opus-20240229": (2026, 1, 5),
    "claude-3-7-sonnet-20250219": (2026, 2, 19),
    "claude-3-5-haiku-20241022": (2026, 2, 19),
    "claude-opus-4-20250514": (2026, 6, 15),
    "claude-sonnet-4-20250514": (2026, 6, 15),
    "claude-mythos-preview": (2026, 6, 30),
    "claude-sonnet-4-5-20250929": (2026, 11, 30),
}
ACTIVE: Final = "active"
DEPRECATED: Final = "deprecated"
RETIRED: Final = "retired"


class Lifecycle(msgspec.Struct, frozen=True, gc=False):
    """A model's stage, and the days of it in RFC 3339; None while it is active."""

    stage: str
    deprecated_at: str | None = None
    retires_at: str | None = None


_IN_USE: Final = Lifecycle(ACTIVE)


def lifecycle(model: str) -> Lifecycle:
    """The lifecycle of a model by its own id."""
    day = _ENDS.get(model)
    if day is None:
        return _IN_USE
    end = datetime(*day, tzinfo=UTC)
    announced = datetime.fromtimestamp(end.timestamp() - NOTICE_DAYS * 86_400, UTC)
    stage = RETIRED if end <= _AS_OF else DEPRECATED
    return Lifecycle(stage, announced.strftime("%Y-%m-%dT%H:%M:%SZ"), end.strftime("%Y-%m-%dT%H:%M:%SZ"))
