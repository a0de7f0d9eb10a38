"""The page of clients keeps its word: its programs with Python's SDKs run as they stand, and print what the fleet says.

Those with frameworks are played with the frameworks' scenes.
"""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

from consoles import ADDRESS, blocks

HERE = Path(__file__).parent
PAGE = (HERE.parent.parent / "docs" / "clients.md").read_text("utf-8")
BY_ENVIRONMENT, *POINTED = blocks(PAGE, "python")
SDKS = [program for program in POINTED if not re.match(r"import litellm|from langchain", program)]


def printed(programs, environ):
    """What each program prints."""
    ended = subprocess.run(
        [sys.executable, HERE / "blocks.py"],
        input=json.dumps(programs),
        env=environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout.splitlines()[-1])


def test_the_page_has_a_program_for_each_sdk():
    assert len(SDKS) == 5
    assert all(ADDRESS in program for program in POINTED)
    assert ADDRESS not in BY_ENVIRONMENT


def test_the_programs_with_the_sdks(fleet, environ):
    told = printed([program.replace(ADDRESS, fleet.url) for program in SDKS], environ)
    assert min(len(each.strip()) for each in told) > 20


def test_the_program_that_knows_no_address(fleet, environ):
    (exports,) = blocks(PAGE, "sh")
    words = shlex.split(exports.replace(ADDRESS, fleet.url))
    variables = dict(word.split("=", 1) for word in words if word != "export")
    (told,) = printed([BY_ENVIRONMENT], {**environ, **variables})
    assert told.strip().count("\n") >= 5
