"""What a replay found, for people and for machines. Pure."""

from collections.abc import Sequence
from typing import Any

import msgspec

from simulator.replay.run import Outcome, Settings

NAMED = 100
"""How many requests the text names of each kind; the counts are of all."""


class Summary(msgspec.Struct, frozen=True):
    """Counts of requests; `late` is how late the last of them to be late was sent, in seconds."""

    requests: int
    sent: int
    same: int
    different: int
    uncompared: int
    left_out: int
    late: float


def summary_of(outcomes: Sequence[Outcome]) -> Summary:
    """The counts of a replay."""
    sent = [outcome for outcome in outcomes if outcome.sent]
    compared = [outcome for outcome in sent if not outcome.why]
    different = [outcome for outcome in compared if outcome.differences]
    return Summary(
        requests=len(outcomes),
        sent=len(sent),
        same=len(compared) - len(different),
        different=len(different),
        uncompared=len(sent) - len(compared),
        left_out=len(outcomes) - len(sent),
        late=max([outcome.late for outcome in outcomes], default=0.0),
    )


def as_data(outcomes: Sequence[Outcome], url: str, settings: Settings) -> dict[str, Any]:
    """All that was found, as values for JSON."""
    return {
        "url": url,
        "fresh": settings.fresh,
        "speed": "max" if settings.speed is None else settings.speed,
        **msgspec.structs.asdict(summary_of(outcomes)),
        "found": [
            {
                "number": outcome.record.number,
                "request": _named(outcome),
                "sent": outcome.sent,
                "why": outcome.why,
                "differences": [msgspec.structs.asdict(one) for one in outcome.differences],
            }
            for outcome in outcomes
            if outcome.differences or outcome.why
        ],
    }


def as_text(outcomes: Sequence[Outcome], url: str) -> str:
    """The same for a person: each difference, then the counts."""
    lines: list[str] = []
    different = [outcome for outcome in outcomes if outcome.differences]
    for outcome in different[:NAMED]:
        lines.append(f"differs     {_named(outcome)}")
        lines += [f"  {one.what:<14}{one.recorded} → {one.came}" for one in outcome.differences]
    if len(different) > NAMED:
        lines.append(f"… and {len(different) - NAMED} more that differ")
    for sent, word in ((True, "uncompared"), (False, "left out")):
        silent = [outcome for outcome in outcomes if outcome.why and outcome.sent is sent]
        lines += [f"{word:<12}{_named(outcome)}: {outcome.why}" for outcome in silent[:NAMED]]
        if len(silent) > NAMED:
            lines.append(f"… and {len(silent) - NAMED} more {word}")
    found = summary_of(outcomes)
    parts = [f"{found.same} the same", f"{found.different} {'differs' if found.different == 1 else 'differ'}"]
    parts += [f"{found.uncompared} not compared"] if found.uncompared else []
    parts += [f"{found.left_out} left out"] if found.left_out else []
    late = f"; requests were sent up to {found.late:.3f} s late" if found.late > 0.05 else ""
    lines.append(f"{found.sent} requests sent to {url}: {', '.join(parts)}{late}")
    return "\n".join(lines) + "\n"


def _named(outcome: Outcome) -> str:
    record = outcome.record
    return f"#{record.number} {record.method} {record.path} {record.address}".rstrip()
