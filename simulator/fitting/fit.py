"""From a trace to what was made of it: a latency for each model, and how it was chosen. Pure."""

from collections.abc import Callable, Mapping

import msgspec
import numpy as np

from simulator.config import latency as config
from simulator.engine.latency.quantile import Floats
from simulator.fitting.choose import TOLERANCE, Choice, Criterion, choose
from simulator.fitting.families import Unfit
from simulator.fitting.prefill import Prefill, prefill
from simulator.fitting.trace import Times, Trace

EVERY = "*"
"""The key of a profile for every model."""


class Wishes(msgspec.Struct, frozen=True):
    """How to fit."""

    families: Mapping[str, str] = {}
    """A family that is forced, for `ttft` and for `itl`."""
    criterion: Criterion = "bic"
    tolerance: float = TOLERANCE
    by_model: bool = False
    prefill: bool = True


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The latency of one key of `providers`. A part that the trace does not tell is None."""

    key: str
    requests: int
    ttft: Choice | None
    itl: Choice | None
    prefill: Prefill
    notes: tuple[str, ...] = ()

    @property
    def latency(self) -> config.Latency:
        """As configuration has it."""
        return config.Latency(
            ttft=None if self.ttft is None else self.ttft.spec,
            itl=None if self.itl is None else self.itl.spec,
            prefill_ms_per_token=self.prefill.ms_per_token or None,
        )


class Fitted(msgspec.Struct, frozen=True, kw_only=True):
    """What was made of a trace."""

    source: str
    requests: int
    failed: int
    bad: int
    profiles: tuple[Profile, ...]
    notes: tuple[str, ...] = ()


class Measured(msgspec.Struct, frozen=True):
    """The samples that a profile was fitted to, in seconds, for pictures."""

    ttft: Floats
    """Without what prefill explains."""
    itl: Floats


def fit(
    trace: Trace, wishes: Wishes | None = None, progress: Callable[[str], None] | None = None
) -> tuple[Fitted, dict[str, Measured]]:
    """Fit a trace. `progress` is told in words what is about to be done.

    The second value has the samples by the profiles' keys. Raises `Unfit` for a forced family that cannot be.
    """
    wishes = wishes or Wishes()
    say = progress or (lambda _words: None)
    notes: tuple[str, ...] = ()
    groups: dict[str, Times] = {}
    if wishes.by_model:
        for model, times in trace.by_model():
            groups.setdefault(model or EVERY, Times()).join(times)
    else:
        groups[EVERY] = trace.whole()
        models = [model for model in trace.models if model]
        if len(models) > 1:
            notes = (f"{len(models)} models in one profile; --by model makes one for each",)
    profiles: list[Profile] = []
    samples: dict[str, Measured] = {}
    for key, times in groups.items():
        profile, samples[key] = _profile(key, times, wishes, say)
        profiles.append(profile)
    fitted = Fitted(
        source=trace.source,
        requests=trace.requests,
        failed=trace.failed,
        bad=trace.bad_rows,
        profiles=tuple(profiles),
        notes=notes,
    )
    return fitted, samples


def _profile(key: str, times: Times, wishes: Wishes, say: Callable[[str], None]) -> tuple[Profile, Measured]:
    notes: list[str] = []
    ttft, gaps = times.ttft, times.gaps
    found = Prefill()
    if wishes.prefill and len(ttft):
        say(f"{key}: prefill of {len(ttft):,} requests")
        found, ttft = prefill(ttft, times.uncached)
    if times.means:
        share = "all" if times.means == times.requests else f"{times.means:,} of {times.requests:,}"
        notes.append(f"{share} requests tell only their mean gap: gaps between single tokens vary more than that")
    if not len(gaps):
        notes.append("the trace tells no gap between tokens: itl is left out")
    if not len(ttft):
        notes.append("the trace tells no time to the first token: ttft is left out")
    profile = Profile(
        key=key,
        requests=times.requests,
        ttft=_part("ttft", key, ttft, wishes, say),
        itl=_part("itl", key, gaps, wishes, say),
        prefill=found,
        notes=tuple(notes),
    )
    return profile, Measured(ttft, gaps)


def _part(part: str, key: str, sample: Floats, wishes: Wishes, say: Callable[[str], None]) -> Choice | None:
    if not len(sample):
        return None
    say(f"{key}: {part} of {np.size(sample):,} values")
    try:
        return choose(sample, wishes.families.get(part), wishes.criterion, wishes.tolerance)
    except Unfit as unfit:
        raise Unfit(f"{part} of {key}: {unfit}") from None
