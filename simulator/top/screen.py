"""The lines that show a fleet. Pure: samples in, plain text out, within a width and a height."""

from collections.abc import Sequence

from simulator.top.sample import Change, Rates, Sample

HEADINGS = ["slot", "pid", "state", "conn", "flight", "streams", "req/s", "tok/s", "lag-ms", "restarts", "rev"]
LEFT = 2
"""The column that is set to the left: words; numbers are set to the right."""
UNKNOWN = "-"
GAP = "   "


def lines(url: str, sample: Sample, change: Change | None, width: int, height: int | None = None) -> list[str]:
    """The whole picture. `change` is None while there is only one sample; `height` None takes all lines."""
    totals = flowing(_totals(sample, change), width)
    head = [*_head(url, sample), *totals, *[f"warning: {each}" for each in sample.warnings], ""]
    table = _table(sample, change, width)
    if height is not None and len(head) + len(table) > height:
        room = max(height - len(head) - 1, 1)
        table = [*table[:room], f"... {len(table) - room} more slots"]
    shown = [fitted(line, width) for line in (*head, *table)]
    return shown if height is None else shown[:height]


def fitted(text: str, width: int) -> str:
    """A line without what a terminal would obey, cut to a width."""
    plain = "".join([sign if sign.isprintable() else "?" for sign in text])
    if len(plain) <= width:
        return plain
    return plain[: max(width - 3, 0)] + "..."[: max(width, 0)]


def flowing(items: Sequence[str], width: int) -> list[str]:
    """Items side by side, on as many lines as they need."""
    found: list[str] = []
    for item in items:
        if found and len(found[-1]) + len(GAP) + len(item) <= width:
            found[-1] += GAP + item
        else:
            found.append(item)
    return found


def rate(value: float) -> str:
    """So many a second: one decimal below ten."""
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"


def milliseconds(seconds: float | None) -> str:
    """A time in milliseconds, with a decimal below ten; a dash if there is none."""
    if seconds is None:
        return UNKNOWN
    value = seconds * 1000
    return f"{value:.1f} ms" if value < 9.95 else f"{value:,.0f} ms"


def duration(seconds: float) -> str:
    """A time span in its two largest units."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next((place for place, (value, _) in enumerate(parts) if value), 3)
    return " ".join([f"{value} {unit}" for value, unit in parts[first : first + 2]])


def _head(url: str, sample: Sample) -> list[str]:
    up = [f"up {duration(sample.uptime)}"] if sample.uptime is not None else []
    at_work = ", ".join(sample.scenarios) or "none"
    return [
        GAP.join([f"llm-simulator {sample.version}", url, sample.status, *up]),
        GAP.join([f"seed {sample.seed}", f"revision {sample.revision}", f"scenarios: {at_work}"]),
    ]


def _totals(sample: Sample, change: Change | None) -> list[str]:
    slots = sample.slots
    requests, refused, tokens = _told(change.fleet if change else None)
    p50, p95 = change.ttft if change else (None, None)
    lag = max([slot.lag_ms for slot in slots], default=0.0)
    return [
        f"requests/s {requests}",
        f"tokens/s {tokens}",
        f"refused/s {refused}",
        f"in flight {sum(slot.in_flight for slot in slots):,}",
        f"queued {sum(slot.queued for slot in slots):,}",
        f"streams {sum(slot.streams for slot in slots):,}",
        f"connections {sum(slot.connections for slot in slots):,}",
        f"TTFT p50 {milliseconds(p50)}",
        f"p95 {milliseconds(p95)}",
        f"lag {lag:.1f} ms",
    ]


def _table(sample: Sample, change: Change | None, width: int) -> list[str]:
    rows: list[Sequence[str]] = [HEADINGS]
    for place, slot in enumerate(sample.slots):
        requests, _, tokens = _told(change.slots[place] if change else None)
        rows.append(
            [
                *(str(slot.ordinal), str(slot.pid), slot.state),
                *(f"{slot.connections:,}", f"{slot.in_flight:,}", f"{slot.streams:,}", requests, tokens),
                *(f"{slot.lag_ms:.1f}", f"{slot.restarts:,}", str(slot.revision)),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    gap = "  " if sum(widths) + 2 * (len(widths) - 1) <= width else " "
    return [
        gap.join(
            [
                cell.ljust(wide) if column == LEFT else cell.rjust(wide)
                for column, (cell, wide) in enumerate(zip(row, widths, strict=True))
            ]
        )
        for row in rows
    ]


def _told(rates: Rates | None) -> tuple[str, str, str]:
    """Requests, refusals and tokens a second."""
    if rates is None:
        return UNKNOWN, UNKNOWN, UNKNOWN
    return rate(rates.requests), rate(rates.refused), rate(rates.tokens)
