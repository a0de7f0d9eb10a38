"""Between a request and the rules of answers: finds the rule, counts its requests over the fleet. Edge of the store.

Where the store cannot count, a request gets the rule's first answer and is marked as degraded.
"""

import logging

from simulator.engine.content.template import filled
from simulator.engine.saying import Saying
from simulator.rules.book import Book, ReadyRule
from simulator.rules.matching import Facts
from simulator.rules.speaking import saying_of
from simulator.server.exchange import Exchange
from simulator.server.failing import told
from simulator.state.store import StoreUnavailable

log = logging.getLogger("simulator.rules")
DAY_SECONDS = 86_400


async def ruled(exchange: Exchange, book: Book, facts: Facts) -> Saying | None:
    """What a rule says to a request; None where no rule is for it."""
    rule = book.find(facts)
    if rule is None:
        return _usual(exchange, facts)
    count = await _count(exchange, rule, facts) if rule.counted else 1
    answer = rule.answer(count)
    return _usual(exchange, facts) if answer is None else saying_of(answer, facts, count)


async def _count(exchange: Exchange, rule: ReadyRule, facts: Facts) -> int:
    """Which of the requests of a rule this is; as it was before, where the request is a replay."""
    name = f"r.{rule.name}"
    count = int(told.before(exchange.headers).get(name, 0))
    store = exchange.house.store
    if not count and store is not None:
        try:
            count = await store.count(rule.counter(facts), (rule.rule.forget_secs or DAY_SECONDS) * 1_000_000)
        except StoreUnavailable as error:
            log.warning("a request of rule %s is answered uncounted: %s", rule.name, error)
            exchange.degraded = True
    count = count or 1
    exchange.told = told.joined(exchange.told, b"%b=%d" % (name.encode("ascii"), count))
    return count


def _usual(exchange: Exchange, facts: Facts) -> Saying | None:
    """What the model says by itself where that is no text of its own."""
    model = exchange.live.engine.models.get(facts.request.model)
    if model is None or model.response.kind == "corpus":
        return None
    if model.response.kind == "echo":
        return Saying(facts.last.text)
    return Saying(filled(model.response.template, facts.values(1)))
