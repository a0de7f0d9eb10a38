"""The arithmetic of limits. Pure: integers and doubles in, integers out; no store, no clock.

This is the specification for every store. A limit's state is `(level, at_us)`: how much is used, in millionths of a
request or token, and the microsecond at which that was right. A limit that has no state has nothing used.

    bring to now    a clock behind `at_us` counts as `at_us`, unless by more than a period: then nothing is used.
                    After a whole period nothing is used. Within it a token bucket has leaked
                    floor(elapsed * capacity * 1e6 / period) millionths, computed in doubles, left to right;
                    a fixed window (`at_us` is its beginning) leaks nothing.
    grant           iff level + amount * 1e6 <= capacity * 1e6. A refusal changes nothing, nor does an amount of 0.
    charge          without asking; the level stays within 0 and 2**53 - 1. Giving back where nothing is used, once
                    brought to now, changes nothing either: it begins no window.

Levels are whole numbers below 2**53 and products are made of doubles in a fixed order, so a Lua script, which knows
only doubles, comes to the same integers. Rounding a leak down never grants too much; it costs at most a millionth of
a unit each time the state is written.
"""

from math import ceil, floor

from simulator.state.store import NEVER, Demand, Standing

UNIT = 1_000_000
"""Millionths in one request or token."""

LEVEL_MOST = 2**53 - 1
"""The highest level: whole numbers are exact in a double up to here."""

CAPACITY_MOST = LEVEL_MOST // UNIT
"""The largest capacity whose level is exact: about nine thousand million."""

NAME_MOST = 200
"""Bytes of a limit's name."""


def check(demand: Demand) -> None:
    """Raise ValueError for a demand that means nothing; its amount may be negative, for those who settle."""
    if not 0 < len(demand.name) <= NAME_MOST:
        raise ValueError(f"a limit's name has 1 to {NAME_MOST} bytes, not {len(demand.name)}")
    if not 0 < demand.capacity <= CAPACITY_MOST:
        raise ValueError(f"limit {demand.name!r}: a capacity is 1 to {CAPACITY_MOST}, not {demand.capacity}")
    if not 0 < demand.period_us <= LEVEL_MOST:
        raise ValueError(f"limit {demand.name!r}: a period is 1 to {LEVEL_MOST} µs, not {demand.period_us}")
    if not -LEVEL_MOST <= demand.amount <= LEVEL_MOST:
        raise ValueError(f"limit {demand.name!r}: an amount of {demand.amount} cannot be counted")


def leak(elapsed_us: int, capacity: int, period_us: int) -> int:
    """Millionths that a token bucket loses in less than a period."""
    return floor(1.0 * elapsed_us * capacity * 1e6 / period_us)


def present(demand: Demand, level: int, at_us: int, now_us: int) -> tuple[int, int]:
    """The state `(level, at_us)` brought to `now_us`."""
    elapsed = now_us - at_us
    period = demand.period_us
    if elapsed >= period or elapsed < -period:
        return 0, now_us
    if elapsed <= 0 or demand.fixed:
        return level, at_us
    return max(0, level - leak(elapsed, demand.capacity, period)), now_us


def take(demand: Demand, level: int, at_us: int, now_us: int) -> tuple[int, int, Standing] | None:
    """The state after the demand was granted at `now_us`, and how the limit then stands; None if it is refused.

    The same as `present`, the rule, `remaining` and `reset_us`, one after the other, in one piece: every request
    comes through here, and the calls would cost more than the sums.
    """
    capacity, period = demand.capacity, demand.period_us
    elapsed = now_us - at_us
    if elapsed >= period or elapsed < -period:
        level, at_us = 0, now_us
    elif elapsed > 0 and not demand.fixed:
        level -= floor(1.0 * elapsed * capacity * 1e6 / period)
        if level < 0:  # noqa: PLR1730 - max() is a call
            level = 0
        at_us = now_us
    level += demand.amount * UNIT
    left = capacity * UNIT - level
    if left < 0:
        return None
    if level == 0:
        reset = 0
    elif demand.fixed:
        reset = at_us + period - now_us
    else:
        reset = ceil(1.0 * level * period / (capacity * 1e6))
        if reset > period:  # noqa: PLR1730 - min() is a call
            reset = period
        reset += at_us - now_us
    return level, at_us, Standing(capacity, left // UNIT, reset)


def charged(level: int, amount: int) -> int:
    """A level to which an amount was added, or from which it was given back."""
    return min(max(level + amount * UNIT, 0), LEVEL_MOST)


def raised(demand: Demand, one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """The smallest state that is at least as used as both, at the later of their times."""
    at_us = max(one[1], other[1])
    first, second = present(demand, *one, at_us), present(demand, *other, at_us)
    return max(first[0], second[0]), max(first[1], second[1])


def remaining(demand: Demand, level: int) -> int:
    """Whole requests or tokens that could be asked for at once."""
    left = demand.capacity * UNIT - level
    return left // UNIT if left > 0 else 0


def reset_us(demand: Demand, level: int, at_us: int, now_us: int) -> int:
    """The time until nothing is used; `(level, at_us)` is brought to `now_us` already.

    For a token bucket min(period, ceil(level * period / (capacity * 1e6))) in doubles, which may be a microsecond off.
    """
    if level <= 0:
        return 0
    if demand.fixed:
        return at_us + demand.period_us - now_us
    drained = ceil(1.0 * level * demand.period_us / (demand.capacity * 1e6))
    return at_us - now_us + min(drained, demand.period_us)


def wait_us(demand: Demand, level: int, at_us: int, now_us: int) -> int:
    """The smallest number of microseconds after which the demand is granted if nobody else comes; `NEVER` if none is.

    `(level, at_us)` is the state as it is stored, not brought to `now_us`: a refusal leaves it so, and the leak that
    counts when the client returns is the one from `at_us`, rounded once.
    """
    if demand.amount > demand.capacity:
        return NEVER
    used, since = present(demand, level, at_us, now_us)
    room = (demand.capacity - demand.amount) * UNIT
    if used <= room:
        return 0
    if demand.fixed:
        return since + demand.period_us - now_us
    return at_us + _drained(level - room, demand.capacity, demand.period_us) - now_us


def _drained(units: int, capacity: int, period_us: int) -> int:
    """The least time in which `units` millionths leak; a period at most, since then nothing is used."""
    guess = min(ceil(1.0 * units * period_us / (capacity * 1e6)), period_us)
    while guess > 0 and leak(guess - 1, capacity, period_us) >= units:
        guess -= 1
    while guess < period_us and leak(guess, capacity, period_us) < units:
        guess += 1
    return guess
