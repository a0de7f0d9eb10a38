"""A configured failure, ready to be asked whether it strikes a request, and what it then does. Pure.

Its draws have an address of their own under its name, so that no other failure ever moves them.
"""

from collections.abc import Sequence
from hashlib import blake2b

from simulator.config.failures import Failure, Window
from simulator.engine.faults.burst import share, within
from simulator.engine.faults.effects import Effect, Struck, effect_of
from simulator.engine.faults.plugins import Situation, plugged
from simulator.engine.plan import Trouble
from simulator.engine.seeds import Draws, Purpose

TROUBLES = frozenset(trouble.value for trouble in Trouble)
DRAWS = 4
"""Whether it strikes, whether it is one of n, where, and one for a plugin."""


class ReadyFailure:
    """A failure by its name."""

    __slots__ = (
        "_burst", "_effect", "_plugin", "_ramp", "_window", "counted", "disturbs", "every", "name", "settings", "timed",
        "word",
    )  # fmt: skip

    def __init__(self, name: str, settings: Failure) -> None:
        """Raises LookupError or ValueError for a plugin that there is not, or that does not take its options."""
        self.name = name
        self.settings = settings
        self.disturbs = settings.kind in TROUBLES
        """Whether it happens to the bytes on their way, and not in place of the answer."""
        self.every = settings.every
        self.counted = settings.first is not None
        """Whether its requests are counted."""
        self.timed = settings.ramp is not None or settings.window is not None or bool(settings.strategy)
        """Whether it matters for how long it has been switched on."""
        self.word = int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")
        self._burst = settings.burst
        self._ramp = settings.ramp
        self._window = settings.window
        self._effect: Effect = effect_of(settings)
        self._plugin = plugged(settings.strategy, settings.options) if settings.strategy else None

    def strike(
        self, draws: Draws, where: tuple[int, int, bool], *, elapsed: float, count: int, asked: bool, steps: int
    ) -> Struck:
        """What it does to a request whose answer has so many steps, or None.

        `where` is the key and the sequence of the request's conditions, and whether these are keyed. `elapsed`, `count`
        and `asked` are as in `Candidate`; with keyed conditions the count is that of the tries.
        """
        key, sequence, _ = where
        draws.move(key, Purpose.FAILURE, sequence, self.word)
        uniforms: Sequence[float] = draws.uniforms(DRAWS).tolist()
        if not asked and not self._strikes(draws, where, uniforms, elapsed, count):
            return None
        return self._effect(steps, uniforms[2])

    def _strikes(
        self, draws: Draws, where: tuple[int, int, bool], uniforms: Sequence[float], elapsed: float, count: int
    ) -> bool:
        key, sequence, keyed = where
        settings = self.settings
        if self.every > 1 and (uniforms[1] * self.every >= 1.0 if keyed else (sequence + 1) % self.every):
            return False
        if settings.first is not None and count > settings.first:
            return False
        if self._window is not None and not is_open(self._window, elapsed):
            return False
        chance = settings.probability
        if self._ramp is not None:
            ramp = self._ramp
            chance *= ramp.begin + (ramp.end - ramp.begin) * min(1.0, max(0.0, elapsed) / ramp.over_secs)
        burst = self._burst
        if burst is not None and chance:
            # A keyed request knows no neighbours: one draw decides its state and, within that, whether it is struck.
            if keyed:
                chance *= share(burst) * burst.inside + (1.0 - share(burst)) * burst.outside
            else:
                chance *= burst.inside if within(burst, draws, key, self.word, sequence) else burst.outside
        if self._plugin is not None and chance:
            situation = Situation(None if keyed else sequence, elapsed, count, uniforms[3])
            chance *= self._plugin.factor(situation)
        return uniforms[0] < chance


def is_open(window: Window, elapsed: float) -> bool:
    """Whether a window is open so many seconds after the failure was switched on; at its very end it is not.

    Reckoned in whole microseconds, so that the edges of a window that comes again are where they are said to be.
    """
    since = _us(elapsed) - _us(window.after_secs)
    if since < 0:
        return False
    if window.every_secs is not None:
        since %= max(1, _us(window.every_secs))
    return window.for_secs is None or since < _us(window.for_secs)


def _us(seconds: float) -> int:
    return round(seconds * 1e6)
