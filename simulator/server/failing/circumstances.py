"""What a request meets: the failures that are for it, with what their conditions need. Edge of the store and the clock.

Where the store cannot count, a failure that strikes the first n spares the request, which is marked as degraded.
"""

import logging
from collections.abc import Mapping

from simulator.engine.circumstances import CALM, Candidate, Circumstances
from simulator.engine.faults.failure import ReadyFailure
from simulator.rules.matching import Facts
from simulator.server.exchange import Exchange
from simulator.server.failing import asked, told
from simulator.server.failing.book import counter_of
from simulator.state.board import Column
from simulator.state.store import StoreUnavailable

log = logging.getLogger("simulator.faults")
DAY_SECONDS = 86_400
NEVER = 10**11
"""Stands for a count that could not be had: more than any failure counts to, and few enough to be told and read."""


async def circumstances_of(exchange: Exchange, facts: Facts) -> Circumstances:
    """The circumstances of a request, told in its response. Raises `Refusal` for a header that cannot be read."""
    live, headers = exchange.live, exchange.headers
    book = live.failures
    before = told.before(headers)
    wanted = asked.asked(book, headers) if live.request_faults else []
    found = [Candidate(failure, asked=True) for failure in wanted]
    if book is not None and book.active:
        found += [await _candidate(exchange, facts, failure, before) for failure in book.applicable(facts)]
        found.sort(key=lambda one: one.failure.settings.priority)
    load, age = _moment(exchange, facts.request.model, before) if live.engine.varies else (0, 0.0)
    if not (found or load or age):
        return CALM
    circumstances = Circumstances(found, load, age)
    value = told.told(circumstances)
    if value:
        exchange.told = told.joined(exchange.told, value)
    return circumstances


def _moment(exchange: Exchange, model: str, before: Mapping[str, float]) -> tuple[int, float]:
    """The load and the age, as far as a model's pace depends on them; as they were before, where it is a replay.

    A model that only a pattern describes is given both: it may not be made yet.
    """
    live, house = exchange.live, exchange.house
    known = live.engine.models.get(model)
    load, age = 0, 0.0
    if known is None or known.timeline.loaded:
        load = int(before.get("load", 0)) or house.slot.board.total(Column.IN_FLIGHT)
    if known is None or known.timeline.ageing:
        # As exact as it is told, and never 0, which would not be told.
        age = round(before.get("age", 0.0), 3) or max(0.001, round(house.wall() - live.began, 3))
    return load, age


async def _candidate(exchange: Exchange, facts: Facts, failure: ReadyFailure, before: Mapping[str, float]) -> Candidate:
    """A failure with its time and its count: as they were before, where the request is a replay."""
    live, house = exchange.live, exchange.house
    since = live.since.get(failure.name, live.began)
    elapsed = before.get(f"t.{failure.name}", -1.0)
    if elapsed < 0:
        # As exact as it is told, so that a replay decides the same.
        elapsed = round(max(0.0, house.wall() - since), 3) if failure.timed else 0.0
    if not failure.counted or exchange.address.key is not None:
        return Candidate(failure, elapsed)
    count = int(before.get(f"n.{failure.name}", 0))
    if not count and house.store is not None:
        name = counter_of(failure, since, facts)
        try:
            count = await house.store.count(name, (failure.settings.forget_secs or DAY_SECONDS) * 1_000_000)
        except StoreUnavailable as error:
            log.warning("a request is spared failure %s, as it cannot be counted: %s", failure.name, error)
            exchange.degraded = True
            count = NEVER
    return Candidate(failure, elapsed, count)
