"""Credits: lots of large limits that a worker takes in advance, to grant from memory. Pure; no store, no clock.

A write to the shared file costs microseconds, more where workers contend for its lock. So where a limit is far from
reached a worker charges a lot of it beforehand, in the transaction of a request, and grants from that lot without
another one. A few milliseconds later what is left is given back.

    small limits      a lot is 1/256 of what remains, divided by the number of slots, and must hold several requests:
                      limits of less than some thousand units a slot are counted request by request
    near the limit    no lots once half is used, so the end of a limit is counted request by request too
    refusals          come from a transaction alone, after this worker's own lots were given back
    a fixed window    a lot ends with the window that it was taken from, and is given back to no other
    a token bucket    what lies in a lot leaks as if it were used. So while the bucket would otherwise be empty, the
                      level may fall below what was granted: by no more than lies in lots at once
    a killed worker   takes its lots along: to the limit they are used

Lots that are out at the same time come to 1/256 of the limit at most, or to twice that while every worker is being
replaced: this bounds what a bucket grants too much and what a dead worker keeps others from. Once all are given back
and nothing has leaked, the level is exactly what was granted.
"""

from collections.abc import Iterable, Sequence
from math import ceil

from simulator.state.store import MINUTE_US, Demand, Standing, Verdict, Wanted

LIFE_US = 15_000
"""How long is granted from a lot."""
PART = 256
"""All slots' lots together are so small a part of what remains."""
REQUESTS_MOST = 8
"""A lot holds at least so many requests like the first, else it spares nothing."""
BUSY_US = 2_000
"""Lots are taken where the worker's requests follow each other so closely; otherwise giving back would cost more."""


class Credit:
    """A lot of one limit. `demand` is the one that it was taken with, `began_us` when the limit's period began.

    `remaining` is what remains of the limit, `beyond` what of that is not of the lot. `reset_at_us` is when nothing of
    the limit is used any more by the store's count, in which all of the lot is. After a draw `limit`, `remaining` and
    `reset_us` tell how the limit stands, as a `Standing` does.
    """

    __slots__ = (
        "began_us", "beyond", "demand", "limit", "remaining", "reset_at_us", "reset_us", "taken", "until_us",
    )  # fmt: skip

    def __init__(self, demand: Demand, standing: Standing, lot: int, began_us: int, now_us: int) -> None:
        self.demand = demand
        self.limit = demand.capacity
        self.taken = lot
        self.remaining = standing.remaining
        self.reset_us = standing.reset_us
        self.beyond = standing.remaining - lot
        self.began_us = began_us
        self.until_us = now_us + LIFE_US
        self.reset_at_us = now_us + standing.reset_us
        if demand.fixed:
            self.until_us = min(self.until_us, self.reset_at_us)
        else:
            self.reset_at_us += ceil(lot * demand.period_us / demand.capacity)

    @property
    def left(self) -> int:
        """What can still be granted of it."""
        return self.remaining - self.beyond


class Bundle:
    """The credits that requests of one kind draw from, each with the place of its amount among a request's.

    `wanted` is what they were asked for by: as long as it is kept here no other has its `id`. `pair` is whether these
    are two credits, as is usual: a limit of requests and one of tokens.
    """

    __slots__ = ("credits", "pair", "places", "until_us", "wanted")

    def __init__(self, wanted: Sequence[Wanted], found: Sequence[Credit]) -> None:
        self.wanted = wanted
        self.credits = found
        self.places = [place for place, *_ in wanted]
        self.pair = len(found) == 2 and found[0] is not found[1]
        self.until_us = min([credit.until_us for credit in found], default=0)


class Purse:
    """The credits that one worker holds in one file; `slots` is how many slots share it. 0 takes none.

    `home` is whoever keeps that file's limits: what was taken from a file that is lost is lost with it.
    """

    __slots__ = ("_asked_us", "_bundles", "_parts", "held", "home", "open")

    def __init__(self, slots: int) -> None:
        self._parts = PART * slots
        self.open = slots > 0
        self._asked_us = 0
        self.held: dict[bytes, Credit] = {}
        """By the limit's name. Changed by `of` and `exchange` alone."""
        self._bundles: dict[int, Bundle] = {}
        """Those that were drawn from since, by the `id` of what was wanted."""
        self.home: object = None

    def grant(self, demands: Sequence[Demand], now_us: int) -> Verdict | None:
        """Grant everything from credits; None, and nothing changes, where they do not suffice."""
        held = self.held
        standings: list[Standing] = []
        for demand in demands:
            credit = held.get(demand.name)
            amount, capacity = demand.amount, demand.capacity
            if credit is None or amount < 0 or now_us >= credit.until_us or capacity != credit.limit:
                self._undo(demands[: len(standings)])
                return None
            remaining = credit.remaining - amount
            if remaining < credit.beyond:
                self._undo(demands[: len(standings)])
                return None
            credit.remaining = remaining
            standings.append(Standing(capacity, remaining, credit.reset_at_us - now_us))
        return Verdict(True, tuple(standings))

    def draw(self, wanted: Sequence[Wanted], amounts: Sequence[int], now_us: int) -> Sequence[Credit] | None:
        """As `grant`, for what `Immediate.draw_now` is asked for. No value is made: each request comes by here.

        A `wanted` that comes again is known by its identity, so it must not be changed.
        """
        bundle = self._bundles.get(id(wanted)) or self._bundled(wanted)
        if bundle is None or now_us >= bundle.until_us:
            return None
        if not bundle.pair:
            return self._draw_each(bundle, amounts, now_us)
        # The same without a loop: nearly every request that is limited passes here.
        (one, other), (place, other_place) = bundle.credits, bundle.places
        remaining, other_remaining = one.remaining - amounts[place], other.remaining - amounts[other_place]
        if remaining < one.beyond or other_remaining < other.beyond:
            return None
        one.remaining, other.remaining = remaining, other_remaining
        one.reset_us, other.reset_us = one.reset_at_us - now_us, other.reset_at_us - now_us
        return bundle.credits

    def settle(self, changes: Sequence[Demand], now_us: int) -> bool:
        """Charge everything to credits, or give it back to them; False, and nothing changes, where they cannot.

        No credit grows beyond what was taken.
        """
        held = self.held
        for place, change in enumerate(changes):
            credit = held.get(change.name)
            if credit is None or now_us >= credit.until_us:
                self._undo(changes[:place])
                return False
            remaining = credit.remaining - change.amount
            if not 0 <= remaining - credit.beyond <= credit.taken:
                self._undo(changes[:place])
                return False
            credit.remaining = remaining
        return True

    def lots(self, demands: Sequence[Demand], standings: Sequence[Standing], now_us: int) -> Sequence[int]:
        """How much to take in advance of each limit that was just granted from; empty where nothing is to be taken.

        All or none: a request that must go to the file for one limit gains nothing from credits of the others.
        """
        since_us, self._asked_us = now_us - self._asked_us, now_us
        parts = self._parts
        if not (0 <= since_us < BUSY_US or self.held):
            return ()
        lots = []
        for demand, standing in zip(demands, standings, strict=True):
            amount, remaining = demand.amount, standing.remaining
            lot = remaining // parts
            if lot < REQUESTS_MOST * amount or remaining * 2 <= demand.capacity or demand.period_us < MINUTE_US:
                return ()
            lots.append(lot)
        names = {demand.name for demand in demands if demand.amount}
        return lots if len(names) == len(demands) else ()

    def of(self, demands: Sequence[Demand], home: object) -> Sequence[Credit]:
        """What is held of these limits in the file of `home`, each once."""
        if self.home is not home:
            self.home = home
            self.held.clear()
            self._bundles.clear()
        held = self.held
        if not held:
            return ()
        return [held[name] for name in dict.fromkeys([demand.name for demand in demands]) if name in held]

    def exchange(self, ended: Iterable[Credit], taken: Iterable[Credit] = ()) -> None:
        """The ones were given back, the others were taken."""
        for credit in ended:
            self.held.pop(credit.demand.name, None)
        for credit in taken:
            self.held[credit.demand.name] = credit
        self._bundles.clear()

    def over(self, now_us: int) -> list[Credit]:
        """The credits from which nothing is granted any more, or not yet: a clock may have been set back."""
        return [each for each in self.held.values() if not each.until_us - LIFE_US <= now_us < each.until_us]

    def _bundled(self, wanted: Sequence[Wanted]) -> Bundle | None:
        """Keep the credits of these limits at hand; None if one is not held, or is of another size."""
        found = []
        for _, name, capacity in wanted:
            credit = self.held.get(name)
            if credit is None or capacity != credit.limit:
                return None
            found.append(credit)
        bundle = self._bundles[id(wanted)] = Bundle(wanted, found)
        return bundle

    def _draw_each(self, bundle: Bundle, amounts: Sequence[int], now_us: int) -> Sequence[Credit] | None:
        drawn: list[tuple[Credit, int]] = []
        for credit, place in zip(bundle.credits, bundle.places, strict=True):
            amount = amounts[place]
            if credit.remaining - amount < credit.beyond:
                for before, taken in drawn:
                    before.remaining += taken
                return None
            credit.remaining -= amount
            credit.reset_us = credit.reset_at_us - now_us
            drawn.append((credit, amount))
        return bundle.credits

    def _undo(self, demands: Sequence[Demand]) -> None:
        for demand in demands:
            self.held[demand.name].remaining += demand.amount
