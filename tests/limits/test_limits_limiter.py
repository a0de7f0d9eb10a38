"""From a request to the limits that hold for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits_asking import amounts, capacities, claim, headers, limiter_of

from simulator.config.limits import Limit
from simulator.config.tiers import Tier
from simulator.limits import limiter as limiter_module
from simulator.limits.terms import MEASURES

TIERS = {
    "house-1": Tier(
        "house-1",
        "openai",
        Limit(requests_per_minute=7),
        {
            "gpt-4o*": Limit(requests_per_minute=500, tokens_per_minute=30_000),
            "gpt-4o-mini*": Limit(requests_per_day=9_000),
            "gpt-4": Limit(tokens_per_minute=10_000),
        },
    )
}


def names(found):
    return [each.name for each in (*found.demands, *found.leases)]


def test_the_base_holds_for_each_key_on_each_model():
    limiter = limiter_of(requests_per_minute=5, tokens_per_minute=100, concurrent_requests=2)
    found = claim(limiter)
    assert capacities(found) == {"model:rpm": 5, "model:tpm": 100}
    assert [(lease.limit, lease.name.partition(b":")[0]) for lease in found.leases] == [(2, b"model")]
    assert names(claim(limiter, headers(b"sk-other"))) != names(found)
    assert names(claim(limiter, model="gpt-4")) != names(found)
    assert names(claim(limiter, headers(openai_organization=b"org-1"))) == names(found)


def test_a_model_s_limit_replaces_the_one_it_names_and_keeps_the_others():
    limits = {
        "requests_per_minute": 5,
        "tokens_per_minute": 100,
        "models": {"gpt-*": Limit(tokens_per_minute=70, requests_per_day=9), "gpt-4o": Limit(tokens_per_minute=60)},
    }
    assert capacities(claim(limits)) == {"model:rpm": 5, "model:rpd": 9, "model:tpm": 60}
    assert capacities(claim(limits, model="gpt-4")) == {"model:rpm": 5, "model:rpd": 9, "model:tpm": 70}
    assert capacities(claim(limits, model="o1")) == {"model:rpm": 5, "model:tpm": 100}


def test_keys_and_tenants_count_over_everything_and_beside_the_models():
    limiter = limiter_of(
        requests_per_minute=5,
        keys={"sk-house-*": Limit(requests_per_minute=50, tokens_per_day=900, concurrent_requests=3)},
        tenants={"org-*": Limit(tokens_per_minute=800), "default": Limit(requests_per_day=70)},
    )
    found = claim(limiter, headers(openai_organization=b"org-1"))
    assert capacities(found) == {"model:rpm": 5, "key:rpm": 50, "key:tpd": 900, "tenant:tpm": 800}
    assert capacities(claim(limiter, headers(b"sk-x"))) == {"model:rpm": 5, "tenant:rpd": 70}

    def of(scope, found):
        return [name for name in names(found) if name.startswith(scope)]

    another = claim(limiter, headers(openai_organization=b"org-1"), model="gpt-4")
    assert of(b"key:", another) == of(b"key:", found)
    assert of(b"tenant:", another) == of(b"tenant:", found)
    neighbour = claim(limiter, headers(b"sk-house-2", openai_organization=b"org-1"))
    assert of(b"key:", neighbour) != of(b"key:", found)
    assert of(b"tenant:", neighbour) == of(b"tenant:", found)
    elsewhere = claim(limiter, headers(openai_organization=b"org-2"))
    assert of(b"key:", elsewhere) == of(b"key:", found)
    assert of(b"tenant:", elsewhere) != of(b"tenant:", found)


def test_the_tenant_s_header_may_be_another():
    limiter = limiter_of(tenant_header="X-Team", tenants={"blue": Limit(requests_per_minute=3)})
    assert capacities(claim(limiter, headers(x_team=b"blue"))) == {"tenant:rpm": 3}
    assert claim(limiter, headers(openai_organization=b"blue")) is None


def test_requests_without_a_key_share_one_budget():
    limiter = limiter_of(requests_per_minute=5, keys={"": Limit(requests_per_day=9)})
    assert capacities(claim(limiter, headers(None))) == {"model:rpm": 5, "key:rpd": 9}
    assert names(claim(limiter, {b"authorization": b"Basic x"})) == names(claim(limiter, headers(None)))
    assert capacities(claim(limiter)) == {"model:rpm": 5}


def test_a_tier_s_row_is_whole_and_given_keys_go_before_it():
    limits = {"tiers": TIERS, "tier": "house-1"}
    assert capacities(claim(limits, provider="openai")) == {"model:rpm": 500, "model:tpm": 30_000}
    assert capacities(claim(limits, model="gpt-4o-mini", provider="openai")) == {"model:rpd": 9_000}
    assert capacities(claim(limits, model="o1", provider="openai")) == {"model:rpm": 7}
    limits |= {"requests_per_minute": 40, "models": {"gpt-4*": Limit(tokens_per_minute=2)}}
    assert capacities(claim(limits, provider="openai")) == {"model:rpm": 40, "model:tpm": 2}
    assert capacities(claim(limits, model="o1", provider="openai")) == {"model:rpm": 40}


def test_the_tier_of_another_provider_is_not_applied():
    limits = {"tiers": TIERS, "tier": "house-1"}
    assert claim(limits, model="claude-opus-5", provider="anthropic") is None
    limits["output_tokens_per_minute"] = 80
    assert capacities(claim(limits, model="claude-opus-5", provider="anthropic")) == {"model:otpm": 80}


def test_a_model_is_known_by_its_aliases_and_shares_one_budget_with_them():
    aliases = {"gpt-4": "gpt-4-0613", "fast": "gpt-4-0613", "gpt-4o": "gpt-4o-2024-08-06"}
    limits = {"tiers": TIERS, "tier": "house-1", "models": {"fast": Limit(requests_per_day=3)}}
    limiter = limiter_of(**limits)
    found = claim(limiter, model="gpt-4-0613", provider="openai", aliases=aliases)
    assert capacities(found) == {"model:rpd": 3, "model:tpm": 10_000}
    found = claim(limiter, model="gpt-4o-2024-08-06", provider="openai", aliases=aliases)
    assert capacities(found) == {"model:rpm": 500, "model:tpm": 30_000}


def test_a_model_by_any_of_its_names_shares_one_budget():
    aliases = {"gpt-4": "gpt-4-0613", "fast": "gpt-4-0613"}
    limiter = limiter_of(requests_per_minute=5, models={"gpt-4-*": Limit(tokens_per_minute=70)})
    wanted = names(claim(limiter, model="gpt-4-0613", aliases=aliases))
    assert len(wanted) == 2
    for name in aliases:
        assert names(claim(limiter, model=name, aliases=aliases)) == wanted
    assert names(claim(limiter, model="slow", aliases=aliases)) != wanted


def test_a_request_that_counts_is_limited_apart_and_only_as_a_request():
    limiter = limiter_of(
        requests_per_minute=5,
        tokens_per_minute=100,
        input_tokens_per_minute=80,
        keys={"*": Limit(tokens_per_day=7, requests_per_day=9)},
    )
    counting = claim(limiter, counting=True)
    assert capacities(counting) == {"model:rpm": 5, "key:rpd": 9}
    assert not set(names(counting)) & set(names(claim(limiter)))
    assert claim(limiter_of(tokens_per_minute=100), counting=True) is None


@pytest.mark.parametrize("fixed", [False, True])
def test_the_algorithms_do_not_read_each_other_s_counts(fixed):
    given = dict.fromkeys(MEASURES, 5)
    found = claim({"algorithm": "fixed_window" if fixed else "token_bucket", **given})
    assert [each.fixed for each in found.demands] == [fixed] * len(MEASURES)
    assert [each.name.endswith(b":fixed") for each in found.demands] == [fixed] * len(MEASURES)
    periods = {each.name.split(b":")[2].decode(): each.period_us for each in found.demands}
    assert periods == {
        code: 86_400_000_000 if code.endswith("d") else 60_000_000
        for code in ("rpm", "rpd", "tpm", "tpd", "itpm", "otpm")
    }


def test_without_a_limit_there_is_nothing_to_ask_for():
    assert not limiter_of().active
    assert not limiter_of(enabled=False, requests_per_minute=5).active
    assert not limiter_of(models={"gpt-4o": Limit()}, keys={"*": Limit()}).active
    assert claim({"models": {"gpt-4": Limit(requests_per_minute=1)}}) is None
    for section in ("models", "keys", "tenants"):
        assert limiter_of(**{section: {"x": Limit(concurrent_requests=1)}}).active
    assert limiter_of(tiers=TIERS, tier="house-1").active


def test_a_tier_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match=r'limits\.tier: there is no preset "house-2"; there are house-1$'):
        limiter_of(tiers=TIERS, tier="house-2")


EVERYTHING = {
    "requests_per_minute": 5,
    "input_tokens_per_minute": 80,
    "concurrent_requests": 4,
    "keys": {"*": Limit(tokens_per_minute=7)},
    "tenants": {"*": Limit(requests_per_day=9)},
}
SECRETS = st.text("abcdef0123456789", min_size=8, max_size=40).map(lambda text: b"sk-" + text.encode())
MODELS = st.text(max_size=20)
TENANTS = st.binary(min_size=1, max_size=20)
ASKERS = st.tuples(SECRETS, MODELS, TENANTS, st.booleans())


@given(ASKERS, ASKERS)
def test_names_differ_as_those_they_are_of_and_never_tell_a_key(one, other):
    limiter = limiter_of(**EVERYTHING)
    of = []
    for key, model, tenant, counting in (one, other):
        found = claim(limiter, headers(key, openai_organization=tenant), model=model, counting=counting)
        assert all(len(name) <= 200 and key not in name and key[3:] not in name for name in names(found))
        scopes = {name.split(b":")[0]: name.split(b":")[1] for name in names(found)}
        # Those who share a budget, for each scope; the same text as key, model or tenant is not the same group.
        whose = {b"model": (key, model), b"key": (key,), b"tenant": (tenant,)}
        of += [(scope, (scope, whose[scope], counting), scopes[scope]) for scope in scopes]
    for scope, group, digest in of:
        for other_scope, other_group, other_digest in of:
            if scope == other_scope:
                assert (group == other_group) == (digest == other_digest)


def test_the_names_outlive_a_process_and_its_version():
    # Another process, pod or version must come to these; a change forgets what was used.
    assert names(claim(EVERYTHING)) == [
        b"model:0556bba701dab57dfeb296ba80ea2319:rpm",
        b"tenant:0e722a6b4ec4dea73e447c44d52f9668:rpd",
        b"model:0556bba701dab57dfeb296ba80ea2319:itpm",
        b"key:73d35f39f7586f95d812778f683e0055:tpm",
        b"model:0556bba701dab57dfeb296ba80ea2319:places",
    ]


def test_what_is_kept_ready_is_bounded(monkeypatch):
    monkeypatch.setattr(limiter_module, "READY", 16)
    limiter = limiter_of(**EVERYTHING)
    seen = {number: names(claim(limiter, model=f"m{number}")) for number in range(80)}
    assert 0 < len(limiter._ready) <= 16
    assert names(claim(limiter, model="m3")) == seen[3]
    assert 0 < len(limiter.seen) <= 16
    assert len(limiter._ready) <= 16


def test_long_names_are_not_kept():
    limiter = limiter_of(**EVERYTHING)
    long = "m" * (limiter_module.LONGEST + 1)
    assert names(claim(limiter, model=long)) == names(claim(limiter, model=long))
    assert claim(limiter, headers(openai_organization=long.encode())) is not None
    assert limiter._ready == {}
    assert claim(limiter, headers(long.encode())) is not None
    assert limiter.seen == {}


def test_what_is_kept_ready_is_not_mixed_up():
    limiter = limiter_of(tiers=TIERS, tier="house-1", output_tokens_per_minute=6)
    kinds = [
        {"provider": "openai"},
        {"provider": "anthropic"},
        {"provider": "openai", "counting": True},
        {"provider": "openai", "model": "gpt-4"},
        {"provider": "openai", "sent": headers(openai_organization=b"org")},
    ]
    fresh = [claim(limiter_of(tiers=TIERS, tier="house-1", output_tokens_per_minute=6), **kind) for kind in kinds]
    for _ in range(2):
        for kind, first in zip(kinds, fresh, strict=True):
            found = claim(limiter, **kind)
            assert names(found) == names(first)
            assert amounts(found) == amounts(first)
