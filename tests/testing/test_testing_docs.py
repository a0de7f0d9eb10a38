"""docs/testing.md names all that there is. Its examples are run by `test_testing_plugin`."""

import configparser
import re

import pytest
from consoles import blocks
from plugin_runs import PAGE, ROOT

from simulator.testing import Simulator, plugin
from simulator.testing.environment import ADDRESSES
from simulator.testing.sent import STATED

if not PAGE.exists():
    pytest.skip("the page is in the checkout, and the tests run away from it", allow_module_level=True)

TEXT = PAGE.read_text("utf-8")
UNNAMED = {"number", "key", "cut", "base_url", "environment", "headers", "last_request"}
"""What is there for those who look into the code."""


def test_the_page_names_everything():
    names = {name for name in (*vars(Simulator), *STATED) if not name.startswith("_")} | {*ADDRESSES, *plugin.SETTINGS}
    names -= {"OPENAI_API_BASE"}
    assert {name for name in names - UNNAMED if not re.search(rf"\b{name}\b", TEXT)} == set()


def test_the_options_are_those_of_the_plugin():
    ini = configparser.ConfigParser()
    ini.read_string(blocks(TEXT, "ini")[0])
    parser = pytest.Parser(_ispytest=True)
    plugin.pytest_addoption(parser)
    assert set(ini["pytest"]) == {name for name in parser._inidict if name.startswith("llm_simulator")}


def test_the_package_brings_the_plugin():
    project = ROOT / "pyproject.toml"
    assert '[project.entry-points.pytest11]\nllm_simulator = "simulator.testing.plugin"\n' in project.read_text()
