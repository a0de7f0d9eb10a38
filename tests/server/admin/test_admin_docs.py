"""The examples of docs/control.md print what they show."""

import re
import shutil
from pathlib import Path

import pytest
import yaml
from consoles import consoles, typed
from serving import Simulator

from simulator.config.library import known
from simulator.config.load import load
from simulator.config.schema import Config

PAGE = Path(__file__).parents[3] / "docs" / "control.md"


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
def test_the_sessions_print_what_is_shown(tmp_path):
    shown = list(consoles(PAGE.read_text("utf-8")))
    assert len(shown) > 6
    command_line = re.search(r"^    llm-simulator serve --workers 2 (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    # Without a file, as on the page: the configuration is the defaults.
    with Simulator(tmp_path, *command_line[1].split(), config=None, workers=2) as fleet:
        own = f'"file": "{fleet.config_path}"'
        printed = [typed(command, fleet).replace(own, '"file": null') for command, _ in shown]
    assert printed == [text for _, text in shown]


def test_the_page_s_scenarios_are_those_there_are(tmp_path):
    text = PAGE.read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) != []
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(known(Config()))
    own = re.search(r"^    scenarios:\n(?:     .*\n)+", text, re.MULTILINE)[0]
    path = tmp_path / "user.yaml"
    path.write_text(own.replace("\n    ", "\n").removeprefix("    "))
    assert list(load(path, environ={}).config.scenarios) == list(yaml.safe_load(path.read_text())["scenarios"])
