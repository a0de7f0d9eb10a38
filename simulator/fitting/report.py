"""What was fitted, in words and tables, and as data. Pure."""

from collections.abc import Iterator
from typing import Any

import msgspec

from simulator.fitting.choose import SHOWN, Candidate, Choice
from simulator.fitting.fit import Fitted, Profile
from simulator.fitting.profile import plain

_HEAD = ("family", "log-likelihood", "AIC", "BIC", "KS D", "KS p", *(f"p{p:g}" for p in SHOWN))


def as_text(fitted: Fitted) -> str:
    """The report for people: for each profile and part every family with its scores, best first."""
    return "\n".join(_lines(fitted)) + "\n"


def as_data(fitted: Fitted, text: str) -> dict[str, Any]:
    """The whole result for machines; `text` is the configuration."""
    data: dict[str, Any] = msgspec.to_builtins(fitted)
    data["percentiles"] = list(SHOWN)
    for mine, profile in zip(data["profiles"], fitted.profiles, strict=True):
        for part, choice in (("ttft", profile.ttft), ("itl", profile.itl)):
            if choice is not None:
                for row, one in zip(mine[part]["candidates"], choice.candidates, strict=True):
                    row["spec"] = None if one.spec is None else plain(one.spec)
        mine["latency"] = {
            **{
                part: plain(choice.spec)
                for part, choice in (("ttft", profile.ttft), ("itl", profile.itl))
                if choice is not None
            },
            **({"prefill_ms_per_token": profile.prefill.ms_per_token} if profile.prefill.ms_per_token else {}),
        }
    data["yaml"] = text
    return data


def _lines(fitted: Fitted) -> Iterator[str]:
    left_out = [
        f"{count:,} {what}" for count, what in ((fitted.failed, "failed requests"), (fitted.bad, "bad rows")) if count
    ]
    yield f"{fitted.source}: {fitted.requests:,} requests" + (f"; left out: {', '.join(left_out)}" if left_out else "")
    yield from (f"Note: {note}" for note in fitted.notes)
    for profile in fitted.profiles:
        yield from _profile(profile)
    yield ""
    yield "KS p is optimistic: the parameters come from the same values. Percentiles are in milliseconds."


def _profile(profile: Profile) -> Iterator[str]:
    yield ""
    yield f'model "{profile.key}", {profile.requests:,} requests'
    yield from (f"Note: {note}" for note in profile.notes)
    found = profile.prefill
    if found.ms_per_token:
        yield f"prefill: {found.ms_per_token:g} ms per uncached prompt token, of {found.requests:,} requests"
    if found.why:
        yield f"Note: prefill: {found.why}"
    for name, choice in (
        ("TTFT without prefill" if found.ms_per_token else "TTFT", profile.ttft),
        ("ITL", profile.itl),
    ):
        if choice is not None:
            yield from _choice(name, choice)


def _choice(name: str, choice: Choice) -> Iterator[str]:
    yield ""
    yield f"{name}: {choice.size:,} values, mean {choice.mean_ms:.6g} ms; chosen: {choice.chosen} ({choice.why})"
    yield from (f"Note: {note}" for note in choice.notes)
    rows = [_HEAD, ("measured", "", "", "", "", "", *map(_milliseconds, choice.percentiles_ms))]
    rows += [_row(one, chosen=one.family == choice.chosen) for one in choice.candidates if one.spec is not None]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        yield "  " + "  ".join(cells).rstrip()
    for one in choice.candidates:
        if one.spec is None:
            yield f"  {one.family}: not fitted: {one.reason}"


def _row(one: Candidate, *, chosen: bool) -> tuple[str, ...]:
    scores = (one.log_likelihood, one.aic, one.bic)
    return (
        f"{one.family} *" if chosen else one.family,
        *("" if score is None else f"{score:.1f}" for score in scores),
        "" if one.ks_d is None else f"{one.ks_d:.4f}",
        "" if one.ks_p is None else f"{one.ks_p:.3g}",
        *map(_milliseconds, one.percentiles_ms),
    )


def _milliseconds(value: float) -> str:
    return f"{value:.4g}" if value < 1000 else f"{value:.0f}"
