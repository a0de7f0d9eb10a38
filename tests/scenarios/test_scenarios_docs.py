"""The page of scenarios: what it shows is what is printed, and its table is what ships."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from consoles import blocks, consoles

from simulator import cli
from simulator.config.library import shipped_scenarios

PAGE = Path(__file__).parents[2] / "docs" / "scenarios.md"

if not PAGE.exists():
    pytest.skip("the page is a part of the checkout", allow_module_level=True)

TEXT = PAGE.read_text("utf-8")


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setitem(cli.COMMANDS, "scenario", "simulator.cli.scenario")
    return lambda command: CliRunner().invoke(cli.cli, command.split()[1:])


def test_the_consoles_print_what_is_shown(run):
    shown = list(consoles(TEXT))
    assert [command.split()[:3] for command, _ in shown] == [
        ["llm-simulator", "scenario", "show"], ["llm-simulator", "scenario", "lint"]]  # fmt: skip
    for command, printed in shown:
        result = run(command)
        assert (result.exit_code, result.stdout) == (0, printed)


def test_the_table_has_all_that_ship_with_their_parameters():
    rows = re.findall(r"^\| `(\w+)` \| [^|]+ \| (.*) \|$", TEXT, re.MULTILINE)
    expected = {
        name: {
            f"{key}: " + (f'"{value}"' if isinstance(value, str) else f"{value:g}")
            for key, value in scenario.parameters.items()
        }
        for name, scenario in shipped_scenarios().items()
    }
    assert {name: set(re.findall(r"`([^`]+)`", parameters)) for name, parameters in rows} == expected


def test_the_example_is_without_oddities(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (text,) = blocks(TEXT, "yaml")
    (tmp_path / "lunch.yaml").write_text(text)
    result = run("llm-simulator scenario lint lunch.yaml --strict")
    assert (result.exit_code, result.stdout) == (0, "1 scenario: nothing is wrong\n")
    shown = run("llm-simulator scenario show lunch.yaml -p provider=gemini").stdout
    assert "gemini_filling" in shown
    assert "3 times in all" in shown
