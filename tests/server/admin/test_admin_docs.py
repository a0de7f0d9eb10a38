"""The examples of docs/control.md print what they show."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from serving import Simulator

from simulator.config.library import known
from simulator.config.load import load
from simulator.config.schema import Config

PAGE = Path(__file__).parents[3] / "docs" / "control.md"
ADDRESS = "http://127.0.0.1:8080"


def sessions():
    """(command, what it prints) of every console line of the page."""
    blocks = re.findall(r"^```console\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for block in blocks:
        for each in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = each.partition("\n")
            yield command, printed


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
def test_the_sessions_print_what_is_shown(tmp_path):
    shown = list(sessions())
    assert len(shown) > 6
    command_line = re.search(r"^    llm-simulator serve --workers 2 (.+)$", PAGE.read_text("utf-8"), re.MULTILINE)
    # Without a file, as on the page: the configuration is the defaults.
    with Simulator(tmp_path, *command_line[1].split(), config=None, workers=2) as fleet:
        printed = []
        for command, _ in shown:
            ended = subprocess.run(
                ["sh", "-c", command.replace(ADDRESS, fleet.url)],
                capture_output=True,
                text=True,
                timeout=30,
                check=True,
            )
            printed.append(ended.stdout.replace(f'"file": "{fleet.config_path}"', '"file": null'))
    assert printed == [text for _, text in shown]


def test_the_page_s_scenarios_are_those_there_are(tmp_path):
    text = PAGE.read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE) != []
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(known(Config()))
    own = re.search(r"^    scenarios:\n(?:     .*\n)+", text, re.MULTILINE)[0]
    path = tmp_path / "user.yaml"
    path.write_text(own.replace("\n    ", "\n").removeprefix("    "))
    assert list(load(path, environ={}).config.scenarios) == list(yaml.safe_load(path.read_text())["scenarios"])
