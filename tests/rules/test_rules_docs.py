"""The examples of docs/rules.md are true."""

import shutil
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from consoles import blocks, consoles, typed
from serving import Simulator

from simulator.config.rule_checks import NAMES
from simulator.config.rules import Match, RuleAnswer

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"
if not PAGE.exists():
    pytest.skip("the page is in the checkout, and the tests run away from it", allow_module_level=True)

TEXT = PAGE.read_text("utf-8")


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
@pytest.mark.skipif(find_spec("rs_bpe") is None, reason="the page shows exact token counts")
def test_the_consoles_print_what_is_shown(tmp_path):
    shown = list(consoles(TEXT))
    assert len(shown) == 6
    with Simulator(tmp_path, config=yaml.safe_load(blocks(TEXT, "yaml")[0]), workers=3) as fleet:
        assert [typed(command, fleet) for command, _ in shown] == [printed for _, printed in shown]


def test_the_page_names_every_key():
    keys = [*Match.__struct_fields__, *RuleAnswer.__struct_fields__, *NAMES]
    assert {key for key in keys if f"`{key}" not in TEXT} == set()
