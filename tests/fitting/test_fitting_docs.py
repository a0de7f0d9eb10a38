"""The page on fitting shows what happens."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli.fit import command
from simulator.fitting.choose import FAMILIES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "fitting.md"

if not PAGE.exists():
    pytest.skip("the pages describe the checkout, and the tests run away from it", allow_module_level=True)


def fence(language):
    """The one block of a language."""
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return found


def test_the_example_prints_and_writes_what_is_shown(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("trace.csv").write_text(fence("csv"))
    result = CliRunner().invoke(command, ["trace.csv", "--by", "model", "--output", "measured.yaml"])
    assert result.exit_code == 0
    assert result.stdout == fence("text")
    assert "# measured.yaml\n" + Path("measured.yaml").read_text() == fence("yaml")


def test_the_page_tells_of_every_option_and_family():
    text = PAGE.read_text("utf-8")
    long = [option for parameter in command.params for option in parameter.opts if option.startswith("--")]
    assert [option for option in long if f"`{option}" not in text] == []
    assert [family for family in FAMILIES if f"| `{family}` |" not in text] == []
