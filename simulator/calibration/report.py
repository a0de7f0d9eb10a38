"""A report for people and for machines. Pure."""

import math
from collections.abc import Sequence
from typing import Any, Final

from simulator.calibration.course import Course
from simulator.calibration.lag import Lag
from simulator.calibration.measured import Outcome
from simulator.calibration.run import Report
from simulator.calibration.verdict import Judged, Percentile

NAMES: Final = {"ttft": "TTFT", "itl": "ITL"}
HEADINGS: Final = ("", "", "configured", "measured", "error", "of plan", "by chance", "")


def announced(course: Course, profiles: int, requests: int) -> str:
    """What a run will take, before it begins."""
    streams = sum(course.streams)
    said = (
        f"measuring {profiles} profile{'s' if profiles > 1 else ''}, {requests} streams each, {streams} at once: about "
        f"{course.rate:,.0f} tokens/s for {max(1.0, course.seconds):,.0f} s"
    )
    wanted = max(course.wanted, profiles)
    if streams < min(wanted, profiles * requests):
        said += f" ({wanted} at once would be more than 70 % of what fleet and client can stream)"
    return said


def text(report: Report) -> str:
    """The table for a person."""
    lines: list[str] = []
    for outcome in report.outcomes:
        lines += [*_outcome(outcome), ""]
    lines += _server(report)
    missed = [one.title for one in report.outcomes if not one.within]
    tolerance = f"{report.wish.tolerance * 100:g} % (or half a millisecond, half a tick of the server's clock)"
    if not report.complete:
        lines.append("the run took longer than it may: the answers that had not ended are lost")
    if missed:
        lines.append(f"MISSED: not within {tolerance} of what was configured: {', '.join(missed)}")
    elif report.within:
        lines.append(f"ok: every profile is within {tolerance} of what was configured")
    return "\n".join(lines) + "\n"


def as_data(report: Report) -> dict[str, Any]:
    """The same as JSON values; times in milliseconds."""
    return {
        "within": report.within,
        "complete": report.complete,
        "tolerance": report.wish.tolerance,
        "requests": report.wish.requests,
        "streams": list(report.course.streams),
        "tokens_per_second": report.course.rate,
        "estimated_secs": report.course.seconds,
        "took_secs": report.took,
        "profiles": [_data(one) for one in report.outcomes],
        "schedule_lag": {
            "turns": report.lag.turns,
            "p99_at_most_ms": _ms(report.lag.p99),
            "max_at_most_ms": _ms(report.lag.most),
        },
    }


def _data(outcome: Outcome) -> dict[str, Any]:
    late = outcome.lateness
    return {
        "profile": outcome.title,
        "provider": outcome.provider,
        "within": outcome.within,
        "streams": outcome.streams,
        "failed": dict(outcome.failed),
        "under_load": outcome.loaded,
        **{one.name: _judged_data(one) for one in outcome.judged},
        "lateness": None
        if late is None
        else {"p50_ms": _ms(late.p50), "p99_ms": _ms(late.p99), "max_ms": _ms(late.most)},
        "server_was_late": {"answers": outcome.late_answers, "max_ms": _ms(outcome.told_lag)},
    }


def _judged_data(judged: Judged) -> dict[str, Any]:
    return {
        "n": judged.n,
        "within": judged.within,
        "ks": {"d": judged.distance, "p": judged.p},
        **{
            f"p{one.percent:g}": {
                "configured_ms": _ms(one.configured),
                "planned_ms": _ms(one.planned),
                "measured_ms": _ms(one.measured),
                "error": one.error,
                "of_plan": one.shift,
                "by_chance_ms": [_ms(one.low), _ms(one.high)],
                "within": one.within,
            }
            for one in judged.percentiles
        },
    }


def _ms(seconds: float | None) -> float | None:
    """Milliseconds; None for what JSON cannot say."""
    return None if seconds is None or not math.isfinite(seconds) else round(seconds * 1e3, 6)


def _outcome(outcome: Outcome) -> list[str]:
    counts = [f"{outcome.streams} streams", *(f"{count} {reason}" for reason, count in outcome.failed.items())]
    rows = [HEADINGS, *(_row(judged, one) for judged in outcome.judged for one in judged.percentiles)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    lines = [f"{outcome.title}: {', '.join(counts)}"]
    if outcome.judged:
        for row in rows:
            left = [cell.ljust(width) for cell, width in zip(row[:2], widths, strict=False)]
            right = [cell.rjust(width) for cell, width in zip(row[2:7], widths[2:7], strict=True)]
            lines.append("  " + "  ".join([*left, *right, row[7]]).rstrip())
    for judged in outcome.judged:
        chance = "too narrow to tell" if judged.p is None else f"p {judged.p:.3g}"
        lines.append(
            f"  {NAMES[judged.name]}: {judged.n:,} values, Kolmogorov-Smirnov D {judged.distance:.4f} ({chance})"
        )
    if outcome.loaded:
        lines.append("  the fleet slows down under load or with age: compared with the plans of the same requests")
    late = outcome.lateness
    if late is not None:
        most = f"p50 {late.p50 * 1e3:.2f} ms, p99 {late.p99 * 1e3:.2f} ms, at most {late.most * 1e3:.2f} ms"
        lines.append(f"  tokens against their plan: {most}")
    if outcome.late_answers:
        lines.append(
            f"  the server was late: answers that say so: {outcome.late_answers}, up to {outcome.told_lag * 1e3:.0f} ms"
        )
    return lines


def _row(judged: Judged, one: Percentile) -> Sequence[str]:
    return (
        NAMES[judged.name],
        f"p{one.percent:g}",
        _shown(one.configured),
        _shown(one.measured),
        _relative(one.error),
        _relative(one.shift),
        f"{one.low * 1e3:,.1f} to {one.high * 1e3:,.1f} ms",
        "ok" if one.within else "MISSED",
    )


def _shown(seconds: float) -> str:
    return f"{seconds * 1e3:,.2f} ms"


def _relative(part: float | None) -> str:
    return "-" if part is None else f"{part:+.2%}"


def _server(report: Report) -> list[str]:
    lag = report.lag
    lines = [f"schedule lag of the server: {_lag(lag)}"]
    if lag.most is not None and lag.most > report.lag_threshold:
        limit = f"{report.lag_threshold * 1e3:g} ms (telemetry.lag_threshold_ms)"
        lines.append(f"it was late by more than {limit} at times: the machine was too busy for the planned pace")
    return lines


def _lag(lag: Lag) -> str:
    if lag.p99 is None or lag.most is None:
        return "nothing was scheduled"
    p99, most = (
        f"{word} {bound * 1e3:g} ms" if math.isfinite(bound) else "longer than its metrics tell"
        for word, bound in (("at most", lag.p99), ("never more than", lag.most))
    )
    return f"p99 {p99}, {most}, of {lag.turns:,} turns of its clock"
