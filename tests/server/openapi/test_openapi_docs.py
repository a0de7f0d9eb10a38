"""The examples of docs/openapi.md print what they show, and its table has every attribute that is read."""

import re
import shutil
from pathlib import Path

import pytest
from consoles import consoles, typed
from serving import Simulator

from simulator.providers.described import Described

PAGE = Path(__file__).parents[3] / "docs" / "openapi.md"

if not PAGE.exists():
    pytest.skip("the page is in the checkout, and the tests run away from it", allow_module_level=True)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
def test_the_sessions_print_what_is_shown(tmp_path):
    shown = list(consoles(PAGE.read_text("utf-8")))
    with Simulator(tmp_path, workers=2) as fleet:
        printed = [typed(command, fleet).rstrip("\n") for command, _ in shown]
        whole = {fleet.ask("/openapi.json").body for _ in range(8)}
    assert printed == [text.rstrip("\n") for _, text in shown]
    assert len(whole) == 1


def test_the_table_has_every_attribute():
    table = re.findall(r"^\| (`.*?) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    named = [name for cell in table for name in re.findall(r"`(\w+)`", cell)]
    assert named == list(Described.__annotations__)
