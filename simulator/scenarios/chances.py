"""How likely a configured failure is at a moment, and the failure in words. Pure: no draw is made here."""

import itertools
from collections.abc import Iterator

import msgspec

from simulator.config.failures import Burst, Failure, Window
from simulator.engine.faults.burst import share

MOST_EDGES = 200
"""Edges of a window that comes again; what is beyond cannot be told apart in a picture."""


def chance(failure: Failure, elapsed: float) -> float:
    """The share of its requests that it strikes `elapsed` seconds after it was switched on, over many requests.

    A burst counts with the share of its chain, every n-th request as 1 in n. A plugin and the first n are not in it.
    """
    if not failure.enabled or not _open(failure, elapsed):
        return 0.0
    found = failure.probability / failure.every
    ramp = failure.ramp
    if ramp is not None:
        found *= ramp.begin + (ramp.end - ramp.begin) * min(1.0, max(0.0, elapsed) / ramp.over_secs)
    return found if failure.burst is None else found * burst_share(failure.burst)


def burst_share(burst: Burst) -> float:
    """By how much a burst multiplies the probability in the long run."""
    inside = share(burst)
    return inside * burst.inside + (1.0 - inside) * burst.outside


def edges(failure: Failure, upto: float) -> Iterator[float]:
    """The seconds after which its chance jumps or bends, before `upto`, ascending within each condition."""
    if failure.ramp is not None and failure.ramp.over_secs < upto:
        yield failure.ramp.over_secs
    window = failure.window
    if window is None:
        return
    for place in itertools.islice(itertools.count(), MOST_EDGES if window.every_secs else 1):
        opens = window.after_secs + place * (window.every_secs or 0.0)
        if opens >= upto:
            return
        yield opens
        if window.for_secs is not None and opens + window.for_secs < upto:
            yield opens + window.for_secs


def lasting(failure: Failure) -> float:
    """The seconds that show all of it once: its ramp, and its window's opening and closing, twice if it comes again."""
    ramp = 0.0 if failure.ramp is None else failure.ramp.over_secs
    window = failure.window
    if window is None:
        return ramp
    return max(ramp, window.after_secs + 2 * (window.every_secs or 0.0) + (window.for_secs or 0.0))


def words(failure: Failure) -> str:
    """What it is, for whom and when, on one line."""
    found = [failure.kind, *([] if failure.enabled else ["switched off"]), f"probability {failure.probability:g}"]
    when = msgspec.to_builtins(failure.when)
    found += [f"{key} {_text(value)}" for key, value in when.items() if value not in (None, {})]
    found += _conditions(failure)
    settings = [(key, getattr(failure, key)) for key in _SETTINGS]
    found += [f"{key} {value:g}" for key, value in settings if value != getattr(_PLAIN, key)]
    return ", ".join(found)


def _conditions(failure: Failure) -> Iterator[str]:
    if failure.every > 1:
        yield f"1 of {failure.every}"
    if failure.first is not None:
        whose = "" if failure.count_by == "fleet" else f" of each {failure.count_by}"
        yield f"the first {failure.first}{whose}"
    if failure.burst is not None:
        yield f"in bursts of {1 / failure.burst.end:g} requests, {1 / failure.burst.begin:g} apart"
    if failure.ramp is not None:
        yield f"times {failure.ramp.begin:g} to {failure.ramp.end:g} over {seconds(failure.ramp.over_secs)}"
    if failure.window is not None:
        yield _window(failure.window)
    if failure.strategy:
        yield f"as {failure.strategy} decides"


def seconds(value: float) -> str:
    """A length of time, such as 0.5s, 1m30s or 2h."""
    if value < 60:
        return f"{value:.4g}s"
    whole = round(value)
    parts = [(whole // 86_400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "m"), (whole % 60, "s")]
    return "".join([f"{count}{unit}" for count, unit in parts if count])


def _open(failure: Failure, elapsed: float) -> bool:
    window = failure.window
    if window is None:
        return True
    since = elapsed - window.after_secs
    if since < 0:
        return False
    if window.every_secs is not None:
        since %= window.every_secs
    return window.for_secs is None or since < window.for_secs


def _window(window: Window) -> str:
    found = f"from {seconds(window.after_secs)} on" if window.after_secs else "from the beginning"
    if window.for_secs is not None:
        found += f" for {seconds(window.for_secs)}"
    return found if window.every_secs is None else f"{found}, every {seconds(window.every_secs)}"


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


_PLAIN = Failure()
_SETTINGS = ("status", "retry_after_secs", "after_ms", "after_tokens", "duration_ms", "bytes_per_sec")
"""Settings in numbers that are worth a word."""
