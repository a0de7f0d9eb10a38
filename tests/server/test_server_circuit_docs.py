"""The examples of docs/circuit-breaker.md print what they show, and its table is the one that is followed."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from consoles import blocks, consoles, typed
from serving import Simulator

from simulator.config.breaker import CircuitBreaker
from simulator.server.breaking import WORDS
from simulator.state.circuit import TRANSITIONS

PAGE = Path(__file__).parents[2] / "docs" / "circuit-breaker.md"

if not PAGE.exists():
    pytest.skip("the page is in the checkout, and the tests run away from it", allow_module_level=True)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
def test_the_sessions_print_what_is_shown(tmp_path):
    text = PAGE.read_text("utf-8")
    [settings] = [yaml.safe_load(block) for block in blocks(text, "yaml")]
    shown = list(consoles(text))
    assert len(shown) == 6
    with Simulator(tmp_path, "--latency", "none", workers=2, config=settings) as fleet:
        printed = [typed(command, fleet) for command, _ in shown]
    assert printed == [lines for _, lines in shown]


def test_the_table_is_the_one_that_is_followed():
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| `(\w+)` \|$", PAGE.read_text("utf-8"), re.MULTILINE)
    assert {(before, event): (state, action) for before, event, state, action in rows} == {
        (WORDS[before], event.value): (WORDS[state], action.value)
        for (before, event), (state, action) in TRANSITIONS.items()
    }
    assert len(rows) == len(TRANSITIONS)


def test_what_counts_by_default_is_as_the_page_says():
    """Errors from 500 on, time-outs, and what happens on the way; nothing that is the client's own."""
    errors = {"server_error", "bad_gateway", "overloaded", "unavailable", "gateway_timeout", "timeout"}
    ways = {"reset", "cut", "stall", "trickle", "malformed", "truncated_json", "missing_terminator", "wrong_length"}
    assert set(CircuitBreaker().counts) == errors | ways | {"error_event"}
