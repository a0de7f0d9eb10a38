"""Real sessions of pytest, in processes of their own, with the plugin as a user has it."""

import os
import re
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "testing.md"
SECONDS = 120
OWN = ("PYTEST_", "LLM_SIM", "OPENAI_", "ANTHROPIC_")
"""What the beginning of a variable is called that is not for the session."""


def environ():
    """The environment of a session that has no plugin but those it names: whichever else is installed is not asked."""
    own = {name: value for name, value in os.environ.items() if not name.upper().startswith(OWN)}
    return {**own, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


def command(*arguments):
    plugins = ("-p", "xdist", "-p", "simulator.testing.plugin", "-p", "no:cacheprovider")
    return [sys.executable, "-m", "pytest", *plugins, "-W", "error", *arguments]


def written(folder, tests, **files):
    """Write a module of tests, and files by name (`pytest_ini` is `pytest.ini`)."""
    (folder / "test_user.py").write_text(dedent(tests))
    (folder / "pytest.ini").write_text("[pytest]\n")
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(dedent(text))


class Session:
    """A session that has ended: `counts` by outcome, and all that it printed."""

    def __init__(self, folder, *arguments):
        ended = subprocess.run(
            command(*arguments),
            cwd=folder,
            env=environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        self.status = ended.returncode
        self.text = ended.stdout
        last = next((line for line in reversed(self.text.splitlines()) if " in " in line), "")
        self.counts = {name.rstrip("s"): int(number) for number, name in re.findall(r"(\d+) ([a-z]+)", last)}


def pytest_run(folder, tests, *arguments, **files):
    """Run a module of tests in `folder`."""
    written(folder, tests, **files)
    return Session(folder, *arguments)
