"""The examples of docs/faults.md are true, and it names every kind and every setting."""

import re
import shutil
import textwrap
import tomllib
from pathlib import Path
from typing import get_args

import pytest
import yaml
from consoles import blocks, consoles, typed
from serving import Simulator

from simulator.config.failure_checks import OWN
from simulator.config.failures import Burst, Failure, Kind, Ramp, Window

PAGE = Path(__file__).parents[3] / "docs" / "faults.md"
if not PAGE.exists():
    pytest.skip("the page is in the checkout, and the tests run away from it", allow_module_level=True)

TEXT = PAGE.read_text("utf-8")


def indented(word):
    """The indented block in which a word stands, as configuration."""
    (found,) = [block for block in re.findall(r"(?:^(?: {4}.*)?\n)+", TEXT, re.MULTILINE) if word in block]
    return yaml.safe_load(textwrap.dedent(found))


def install(folder):
    """The page's package, as pip would leave it there."""
    (module,) = blocks(TEXT, "python")
    (project,) = [tomllib.loads(block) for block in blocks(TEXT, "toml")]
    (points,) = project["project"]["entry-points"].items()
    name, version = project["project"]["name"], project["project"]["version"]
    folder.mkdir()
    (folder / module.partition("\n")[0].removeprefix("# ")).write_text(module)
    info = folder / f"{name}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[{points[0]}]\n" + "".join([f"{k} = {v}\n" for k, v in points[1].items()]))


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page uses curl")
def test_the_consoles_print_what_is_shown(tmp_path):
    shown = list(consoles(TEXT))
    assert len(shown) == 14
    install(tmp_path / "package")
    config = yaml.safe_load(blocks(TEXT, "yaml")[0])
    config["faults"] |= indented("strategy: primes")["faults"] | indented("storm:")["faults"]
    environ = {"PYTHONPATH": str(tmp_path / "package")}
    with Simulator(tmp_path / "fleet", config=config, workers=2, environ=environ) as fleet:
        assert [typed(command, fleet) for command, _ in shown] == [printed for _, printed in shown]


def test_the_page_names_every_kind_with_its_settings():
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", TEXT, re.MULTILINE))
    assert set(get_args(Kind)) <= set(rows)
    for kind, settings in OWN.items():
        if len(rows[kind].split(" | ")) > 1:
            own = settings - {"retry_after_secs"}
            assert {key for key in own if f"`{key}" not in rows[kind]} == set(), kind


def test_the_page_names_every_key():
    keys = {key for part in (Failure, Burst, Ramp, Window) for key in part.__struct_fields__}
    assert {key for key in keys if not re.search(rf"\b{key}\b", TEXT)} == set()
