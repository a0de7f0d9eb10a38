"""The presets of rate limits: files, the shipped tables, and the check of `limits.tier`."""

import datetime as dt
import itertools
import re

import pytest

from simulator.config.catalogue import load_catalogue
from simulator.config.faults import ConfigError
from simulator.config.limits import Limit
from simulator.config.load import load
from simulator.config.tiers import load_tiers
from simulator.limits.patterns import Patterns, combine, says_anything

FILE = """
provider: house
source: measured at home, May 2026
tiers:
  house-1:
    default: {requests_per_minute: 5}
    models:
      small-*: &small {tokens_per_minute: 70}
      tiny: *small
  house-2: {}
"""
SHIPPED = [
    *(f"anthropic-tier-{number}" for number in range(1, 5)),
    *("anthropic-start", "anthropic-build", "anthropic-scale"),
    *("azure-default", "azure-enterprise"),
    *("cohere-trial", "cohere-production"),
    *("openai-free", *(f"openai-tier-{number}" for number in range(1, 6))),
]
PUBLISHED = [
    ("openai-free", "gpt-4o-mini", (3, 200, 40_000)),
    ("openai-free", "text-embedding-3-small", (100, 2_000, 40_000)),
    ("openai-tier-1", "gpt-4o", (500, None, 30_000)),
    ("openai-tier-1", "gpt-4o-mini", (500, 10_000, 200_000)),
    ("openai-tier-1", "gpt-5", (500, None, 500_000)),
    ("openai-tier-1", "gpt-5-nano", (500, None, 200_000)),
    ("openai-tier-1", "gpt-4", (500, 10_000, 10_000)),
    ("openai-tier-1", "gpt-4-turbo-preview", (500, None, 30_000)),
    ("openai-tier-1", "gpt-3.5-turbo", (3_500, 10_000, 200_000)),
    ("openai-tier-2", "o3-mini", (2_000, None, 200_000)),
    ("openai-tier-2", "o4-mini", (2_000, None, 2_000_000)),
    ("openai-tier-3", "gpt-4-turbo", (5_000, None, 600_000)),
    ("openai-tier-4", "gpt-5.6-luna", (10_000, None, 10_000_000)),
    ("openai-tier-5", "gpt-6-astra", (15_000, None, 40_000_000)),
    ("openai-tier-5", "gpt-5.2-pro", (10_000, None, 30_000_000)),
    ("openai-tier-5", "gpt-4o-search-preview", (1_000, None, 3_000_000)),
    ("openai-tier-5", "text-embedding-3-large", (10_000, None, 10_000_000)),
]
PUBLISHED_APART = [
    ("anthropic-tier-1", "claude-sonnet-4-5", (50, 30_000, 8_000)),
    ("anthropic-tier-1", "claude-3-opus-latest", (50, 20_000, 4_000)),
    ("anthropic-tier-2", "claude-opus-4-1", (1_000, 2_000_000, 200_000)),
    ("anthropic-tier-2", "claude-3-5-haiku-latest", (1_000, 100_000, 20_000)),
    ("anthropic-tier-3", "claude-haiku-4-5", (2_000, 1_000_000, 200_000)),
    ("anthropic-tier-4", "claude-3-7-sonnet-latest", (4_000, 200_000, 80_000)),
    ("anthropic-start", "claude-sonnet-5-5", (1_000, 2_000_000, 400_000)),
    ("anthropic-scale", "claude-fable-5", (4_000, 4_000_000, 800_000)),
]


def write(folder, text, name="house.yaml"):
    (folder / name).write_text(text)
    return folder


def lines(folder):
    with pytest.raises(ConfigError) as caught:
        load_tiers(folder)
    return str(caught.value).splitlines()


def models_of(tier):
    provider = "openai" if tier.provider == "azure" else tier.provider
    return {card.id: [card.id, *card.aliases] for card in load_catalogue().values() if card.provider == provider}


def row(name, model):
    """The row of a shipped tier for a model by any of its names."""
    tier = load_tiers()[name]
    names = next(names for names in models_of(tier).values() if model in names)
    return next(Patterns(tier.models).matching(names), tier.default)


def test_a_file_is_tables_by_name(tmp_path):
    tiers = load_tiers(write(tmp_path, FILE))
    assert list(tiers) == ["house-1", "house-2"]
    tier = tiers["house-1"]
    assert (tier.name, tier.provider, tier.source) == ("house-1", "house", "measured at home, May 2026")
    assert tier.default == Limit(requests_per_minute=5)
    assert tier.models == {"small-*": Limit(tokens_per_minute=70), "tiny": Limit(tokens_per_minute=70)}
    assert (tiers["house-2"].default, tiers["house-2"].models) == (Limit(), {})


def test_every_fault_of_every_file_is_told_with_its_place(tmp_path):
    write(tmp_path, FILE, "a.yaml")
    write(tmp_path, "provider: other\nsource: x\ntiers:\n  house-1: {}\n", "b.yaml")
    write(tmp_path, "provider: third\ntiers:\n  third-1:\n    default: {request_per_minute: 5}\n", "c.yaml")
    found = lines(tmp_path)
    assert len(found) == 3
    assert "b.yaml:1: tiers.house-1: another file has a preset of this name" in found[0]
    assert re.search(r'c\.yaml:\d: no "source"', found[1])
    assert re.search(r'c\.yaml:4: .*request_per_minute: unknown key; did you mean "requests_per_minute"\?', found[2])


def test_a_limit_of_nothing_is_a_fault(tmp_path):
    (fault,) = lines(write(tmp_path, FILE.replace("requests_per_minute: 5", "requests_per_minute: 0")))
    assert "house.yaml:6: tiers.house-1.default.requests_per_minute: found 0" in fault


def test_the_shipped_presets_are_those_that_the_providers_have():
    assert list(load_tiers()) == SHIPPED
    assert load_tiers() is load_tiers()


@pytest.mark.parametrize("name", SHIPPED)
def test_every_pattern_matches_a_model_and_every_model_has_its_row(name):
    tier = load_tiers()[name]
    models = models_of(tier)
    assert tier.provider == name.partition("-")[0]
    assert says_anything(tier.default)
    for pattern, limit in tier.models.items():
        assert says_anything(limit), pattern
        one = Patterns({pattern: limit})
        assert any(list(one.matching(names)) for names in models.values()), f"{name}: {pattern} matches no model"
    if name != "openai-free":
        rows = Patterns(tier.models)
        left = [model for model, names in models.items() if not list(rows.matching(names))]
        assert left == [], "models that only the default is for"


@pytest.mark.parametrize("name", SHIPPED)
def test_a_row_has_the_limits_that_its_provider_has(name):
    tier = load_tiers()[name]
    wanted = {
        "openai": {"requests_per_minute", "tokens_per_minute"},
        "azure": {"requests_per_minute", "tokens_per_minute"},
        "cohere": {"requests_per_minute"},
        "anthropic": {"requests_per_minute", "input_tokens_per_minute", "output_tokens_per_minute"},
    }[tier.provider]
    for limit in (tier.default, *tier.models.values()):
        given = set(combine([limit]))
        assert given - {"requests_per_day"} == wanted
        assert "requests_per_day" not in given or name in {"openai-free", "openai-tier-1"}


@pytest.mark.parametrize("name", SHIPPED)
def test_the_source_says_where_from_and_of_when(name):
    source = load_tiers()[name].source
    assert re.search(r"\.com\b", source)
    years = {int(year) for year in re.findall(r"\b20\d\d\b", source)}
    assert years
    assert max(years) <= dt.date.today().year + 1  # noqa: DTZ011 - a year is enough


@pytest.mark.parametrize(("name", "model", "figures"), PUBLISHED)
def test_openai_s_figures(name, model, figures):
    limit = row(name, model)
    assert (limit.requests_per_minute, limit.requests_per_day, limit.tokens_per_minute) == figures


@pytest.mark.parametrize(("name", "model", "figures"), PUBLISHED_APART)
def test_anthropic_s_figures(name, model, figures):
    limit = row(name, model)
    assert (limit.requests_per_minute, limit.input_tokens_per_minute, limit.output_tokens_per_minute) == figures


@pytest.mark.parametrize("provider", ["openai", "anthropic"])
def test_a_higher_tier_allows_at_least_as_much(provider):
    # OpenAI publishes fewer tokens for gpt-3.5-turbo in tier 3 than in tier 2.
    known = {("openai-tier-3", "gpt-3.5-turbo*", "tokens_per_minute")}
    tiers = [load_tiers()[name] for name in SHIPPED if name.startswith(f"{provider}-tier-")]
    fewer = set()
    for lower, higher in itertools.pairwise(tiers):
        assert list(lower.models) == list(higher.models)
        for pattern in lower.models:
            for key, amount in combine([lower.models[pattern]]).items():
                more = getattr(higher.models[pattern], key)
                if more is not None and more < amount:
                    fewer.add((higher.name, pattern, key))
    assert fewer == (known if provider == "openai" else set())


@pytest.mark.parametrize("name", SHIPPED)
def test_every_shipped_tier_may_be_configured(name, tmp_path):
    path = tmp_path / "user.yaml"
    path.write_text(f"limits: {{tier: {name}}}\n")
    assert load(path, environ={}).config.limits.tier == name


def test_a_tier_that_is_not_there_is_told_with_the_nearest(tmp_path):
    path = tmp_path / "user.yaml"
    path.write_text("limits:\n  tier: openai-teir-1\n")
    with pytest.raises(ConfigError) as caught:
        load(path, environ={})
    (fault,) = caught.value.faults
    assert str(fault.place) == f"{path}:2"
    assert (fault.path, fault.found) == ("limits.tier", 'there is no preset "openai-teir-1"')
    assert fault.hint == 'did you mean "openai-tier-1"?'
    assert fault.allowed == ", ".join(SHIPPED)
