"""docs/fault-table.md tells what the official clients make of each failure, cell by cell."""

import re
from typing import get_args

import pytest
from faults_table import PACKAGES, PAGE, ROWS, cells, tables

from simulator.config.failures import Kind

if not PAGE.exists():
    pytest.skip("the page is in the checkout, and the tests run away from it", allow_module_level=True)


@pytest.fixture(scope="module")
def made(fleet):
    return tables(cells(fleet.url))


def test_every_kind_has_its_rows():
    assert {row.partition(";")[0] for row in ROWS} == set(get_args(Kind))


@pytest.mark.parametrize("name", PACKAGES)
def test_the_page_has_what_the_clients_make_of_it(made, name):
    """If a client has changed: `python tests/clients/faults_table.py` writes the page anew."""
    title = PACKAGES[name][0]
    sections = re.split(r"^## ", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    section = next(part for part in sections if part.startswith(title))
    assert section[section.index("| Failure") :].strip().splitlines() == made[name].splitlines()
    rows = [line.strip("| ").split(" | ") for line in made[name].splitlines()[2:]]
    assert len(rows) == len(ROWS)
    assert all(len(row) == 3 and all(row) for row in rows)
