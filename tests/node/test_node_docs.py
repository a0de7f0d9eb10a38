"""The page of clients keeps its word: its programs for Node run as they stand, and print what the fleet says."""

import shlex
from pathlib import Path

import pytest
from consoles import ADDRESS, blocks

PAGE = (Path(__file__).parent.parent.parent / "docs" / "clients.md").read_text("utf-8")
BY_ENVIRONMENT, *POINTED = blocks(PAGE, "js")
CLIENTS = ["openai", "anthropic", "google", "vercel"]


@pytest.mark.parametrize(("name", "program"), list(zip(CLIENTS, POINTED, strict=True)), ids=CLIENTS)
def test_the_programs(node, fleet, name, program):
    assert ADDRESS in program
    told = node(f"page-{name}.mjs", {}, program.replace(ADDRESS, fleet.url))
    assert len(told.strip()) > 20


def test_the_program_that_knows_no_address(node, fleet):
    (text,) = blocks(PAGE, "sh")
    words = shlex.split(text.replace(ADDRESS, fleet.url))
    told = node("page-variables.mjs", dict(word.split("=", 1) for word in words if word != "export"), BY_ENVIRONMENT)
    assert len(told.strip().splitlines()) >= 4
