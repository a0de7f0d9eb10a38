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
from simulator.state.store import StoreUnavailable

log = logging.getLogger("simulator.faults")
DAY_SECONDS = 86_400
NEVER = 2**62
"""Stands for a count that could not be had: more than any failure counts to."""


async def circumstances_of(exchange: Exchange, facts: Facts) -> Circumstances:
    """The circumstances of a request, told in its response. Raises `Refusal` for a header that cannot be read."""
    live, headers = exchange.live, exchange.headers
    book = live.failures
    before: Mapping[str, float] = {}
    if told.HEADER in headers:
        before = told.read(headers[told.HEADER])
    wanted = asked.asked(book, headers) if live.request_faults else []
    found = [Candidate(failure, asked=True) for failure in wanted]
    if book is not None and book.active:
        found += [await _candidate(exchange, facts, failure, before) for failure in book.applicable(facts)]
        found.sort(key=lambda one: one.failure.settings.priority)
    if not found:
        return CALM
    circumstances = Circumstances(found)
    value = told.told(circumstances)
    if value:
        exchange.told = b"%b: %b\r\n" % (told.HEADER, value)
    return circumstances


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
