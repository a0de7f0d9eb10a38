"""The examples and tables of docs/limits.md are true."""

import re
import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from consoles import blocks, consoles, typed
from limits_asking import capacities, claim
from serving import Simulator

from simulator.config.catalogue import load_catalogue
from simulator.config.convert import convert
from simulator.config.limits import Limits
from simulator.config.text import parse
from simulator.config.tiers import load_tiers
from simulator.limits.limiter import Limiter
from simulator.limits.patterns import Patterns
from simulator.limits.terms import MEASURES

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
PASSED = 15.0
"""Seconds that may pass between the request that used the limit up and the one that is told how long to wait."""

if not PAGE.exists():
    pytest.skip("the page is in the checkout, and the tests run away from it", allow_module_level=True)

TEXT = PAGE.read_text("utf-8")

TIMES = re.compile(r"(?<=try again in )[\d.]+(?=s$)|(?<=retry-after: )\d+$", re.MULTILINE)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
@pytest.mark.skipif(find_spec("rs_bpe") is None, reason="the page shows exact token counts")
def test_the_sessions_print_what_is_shown(tmp_path):
    shown = list(consoles(TEXT))
    assert len(shown) > 6
    command_line = re.search(r"^    llm-simulator serve --config limits\.yaml (.+)$", TEXT, re.MULTILINE)
    config = yaml.safe_load(blocks(TEXT, "yaml")[0])
    with Simulator(tmp_path, *command_line[1].split(), config=config, workers=2) as fleet:
        printed = [typed(command, fleet) for command, _ in shown]
    # Waiting times are those that are left: all else is as shown.
    assert [TIMES.sub("…", text) for text in printed] == [TIMES.sub("…", text) for _, text in shown]
    left = [float(time) for text in printed for time in TIMES.findall(text)]
    assert len(left) == 2
    assert all(20 - PASSED <= time <= 20 for time in left)


def test_the_tier_s_example_comes_to_what_is_said():
    tree = parse(blocks(TEXT, "yaml")[1], "tier.yaml", "yaml")
    limits = convert(tree.entries["limits"], Limits)
    assert "`gpt-4o` has 500 requests a minute from the table, 5,000 a day and 60,000 tokens a minute" in TEXT
    aliases = {alias: card.id for card in load_catalogue().values() for alias in card.aliases}
    found = claim(Limiter(limits), provider="openai", aliases=aliases)
    assert capacities(found) == {"model:rpm": 500, "model:rpd": 5000, "model:tpm": 60_000}


def tables():
    """(tier, model, cell) of every cell of the tables of tiers."""
    for table in re.findall(r"^\| Tier \|.*\n\|[- |]+\n(?:\|.*\n)+", TEXT, re.MULTILINE):
        first, _, *rows = [[cell.strip(" `") for cell in line.strip("|").split("|")] for line in table.splitlines()]
        for tier, *cells in rows:
            yield from ((tier, model, cell) for model, cell in zip(first[1:], cells, strict=True))


def test_the_tables_are_those_that_ship():
    cards = load_catalogue().values()
    seen = set()
    for name, model, cell in tables():
        tier = load_tiers()[name]
        names = next([card.id, *card.aliases] for card in cards if model in {card.id, *card.aliases})
        row = next(Patterns(tier.models).matching(names), tier.default)
        tokens = [row.tokens_per_minute, row.input_tokens_per_minute, row.output_tokens_per_minute]
        figures = [f"{each:,}" for each in (row.requests_per_minute, *tokens) if each is not None]
        day = f", {row.requests_per_day:,} a day" if row.requests_per_day else ""
        assert cell == " / ".join(figures) + day, (name, model)
        seen.add(name)
    assert seen == set(load_tiers())


def test_the_page_names_every_limit():
    assert {key for key in (*MEASURES, "concurrent_requests") if f"`{key}`" not in TEXT} == set()
