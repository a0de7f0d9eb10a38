"""What one request asks for, and what the store's answer means."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits_asking import amounts, claim, limiter_of, verdict

from simulator.config.limits import Limit
from simulator.engine.plan import Usage
from simulator.limits.terms import MEASURES
from simulator.providers.base import Problem
from simulator.state.store import NEVER

EVERY = dict.fromkeys(MEASURES, 1000)
COUNTS = st.integers(0, 10_000)


def test_a_request_asks_for_itself_and_its_tokens():
    found = claim(EVERY, asked=(10, 20))
    assert amounts(found) == {"rpm": 1, "rpd": 1, "tpm": 30, "tpd": 30, "itpm": 10, "otpm": 20}


def test_what_the_client_allows_counts_in_place_of_the_plan():
    found = claim(EVERY, asked=(10, 20), allowed=500)
    assert amounts(found) == {"rpm": 1, "rpd": 1, "tpm": 510, "tpd": 510, "itpm": 10, "otpm": 20}


def test_several_choices_may_be_more_than_is_allowed_for_each():
    assert amounts(claim(EVERY, asked=(10, 60), allowed=20))["tpm"] == 70


def test_what_is_not_limited_is_not_asked_for():
    assert amounts(claim({"requests_per_day": 5})) == {"rpd": 1}
    assert claim({"concurrent_requests": 5}).demands == ()


def test_what_was_not_sent_is_given_back():
    found = claim(EVERY, asked=(10, 20), allowed=500)
    changes = {each.name.split(b":")[2].decode(): each.amount for each in found.corrections(10, 20)}
    assert changes == {"tpm": -480, "tpd": -480}
    changes = {each.name.split(b":")[2].decode(): each.amount for each in found.corrections(10, 5)}
    assert changes == {"tpm": -495, "tpd": -495, "otpm": -15}


@given(COUNTS, COUNTS, st.none() | COUNTS, st.data())
def test_what_is_exactly_as_planned_has_nothing_to_settle(prompt, planned, allowed, data):
    billed = data.draw(st.just((prompt, planned)) | st.tuples(st.integers(0, prompt), st.integers(0, planned)))
    found = claim(EVERY, asked=(prompt, planned), allowed=allowed)
    assert (found.exact == Usage(*billed)) == (not found.corrections(*billed))
    place = claim({"concurrent_requests": 1}, asked=(prompt, planned), allowed=allowed)
    assert place.exact is None, "a place is given back in any case"


def test_of_a_request_that_came_to_nothing_only_the_request_stays():
    found = claim(EVERY, asked=(10, 20))
    changes = {each.name.split(b":")[2].decode(): each.amount for each in found.corrections(0, 0)}
    assert changes == {"tpm": -30, "tpd": -30, "itpm": -10, "otpm": -20}


def test_what_was_billed_as_reserved_needs_no_correction():
    assert claim(EVERY, asked=(10, 20)).corrections(10, 20) == ()
    assert list(claim({"requests_per_minute": 5}, asked=(10, 20)).corrections(0, 0)) == []


@given(COUNTS, COUNTS, st.none() | COUNTS, st.data())
def test_reserved_and_corrected_is_billed_and_nothing_is_charged_afterwards(prompt, planned, allowed, data):
    billed = data.draw(st.integers(0, prompt)), data.draw(st.integers(0, planned))
    found = claim(limiter_of(**EVERY, keys={"*": Limit(**EVERY)}), asked=(prompt, planned), allowed=allowed)
    level = {each.name: each.amount for each in found.demands}
    corrections = found.corrections(*billed)
    assert all(each.amount < 0 for each in corrections)
    for each in corrections:
        level[each.name] += each.amount
    for name, amount in level.items():
        code = name.split(b":")[2]
        wanted = {b"tpm": sum(billed), b"tpd": sum(billed), b"itpm": billed[0], b"otpm": billed[1]}.get(code, 1)
        assert amount == wanted, name
    asked = {each.name: (each.capacity, each.period_us, each.fixed) for each in found.demands}
    assert all(asked[each.name] == (each.capacity, each.period_us, each.fixed) for each in corrections)


def test_quotas_stand_in_the_order_of_the_demands_and_then_the_leases():
    limiter = limiter_of(
        requests_per_minute=5,
        tokens_per_minute=900,
        concurrent_requests=2,
        keys={"*": Limit(requests_per_day=70, output_tokens_per_minute=80, concurrent_requests=3)},
        tenants={"default": Limit(input_tokens_per_minute=60)},
    )
    found = claim(limiter, asked=(10, 20))
    quotas = found.quotas(verdict(found, 0, 0, 0, 0, 0, 0, 0))
    assert [(each.scope, each.resource, each.period, each.limit, each.asked) for each in quotas] == [
        ("model", "requests", "minute", 5, 1),
        ("key", "requests", "day", 70, 1),
        ("model", "tokens", "minute", 900, 30),
        ("key", "output_tokens", "minute", 80, 20),
        ("tenant", "input_tokens", "minute", 60, 10),
        ("model", "concurrent", "", 2, 1),
        ("key", "concurrent", "", 3, 1),
    ]
    assert [(each.remaining, each.reset, each.wait) for each in quotas] == [
        (place, float(place), 0.0) for place in range(7)
    ]
    assert [each.used for each in quotas] == [each.limit - place for place, each in enumerate(quotas)]


def test_a_standing_for_each_label_is_asked_of_the_store():
    found = claim(EVERY)
    with pytest.raises(ValueError, match="zip"):
        found.quotas(verdict(claim({"requests_per_minute": 5}), 0))


def refused(*waits):
    found = claim({"requests_per_minute": 5, "requests_per_day": 9, "tokens_per_minute": 40, "concurrent_requests": 2})
    answer = verdict(found, *waits, admitted=False)
    return found.refusal(found.quotas(answer), "gpt-4o")


def test_a_refusal_tells_the_limit_that_keeps_it_waiting_for_longest():
    refusal = refused(2_000_001, 1_500_000, 0, 1_000_000)
    assert refusal.problem is Problem.RATE_LIMIT
    assert refusal.model == "gpt-4o"
    assert (refusal.quota.resource, refusal.quota.period) == ("requests", "minute")
    assert refusal.retry_after == pytest.approx(2.000001)
    refusal = refused(0, 0, 0, 1_000_000)
    assert (refusal.quota.resource, refusal.retry_after) == ("concurrent", 1.0)


def test_a_request_that_no_wait_helps_is_told_no_time():
    refusal = refused(59_000_000, 86_000_000_000, NEVER, 0)
    assert (refusal.quota.resource, refusal.quota.wait) == ("tokens", math.inf)
    assert refusal.retry_after is None


@given(st.lists(st.integers(0, 86_400_000_000) | st.just(NEVER), min_size=4, max_size=4).filter(any))
def test_whoever_waits_as_told_finds_room_in_all(waits):
    refusal = refused(*waits)
    if NEVER in waits:
        assert refusal.retry_after is None
    else:
        assert refusal.retry_after == pytest.approx(max(waits) / 1e6)
        assert all(refusal.retry_after >= wait / 1e6 for wait in waits)
