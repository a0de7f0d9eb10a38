"""A fleet for the frameworks, the environment that they are in, and what their scripts tell."""

import json
import os
import subprocess
from pathlib import Path

import environments
import pytest
from consoles import ADDRESS, blocks
from serving import Simulator

HERE = Path(__file__).parent
PAGE = (HERE.parent.parent / "docs" / "clients.md").read_text("utf-8")
LIMITED = (
    "gpt-4-0314",
    "claude-opus-4-7",
    "gemini-2.5-flash-lite",
    "command-r7b-12-2024",
    "mistral-small-2506",
)
"""Models whose every request is one too many."""


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    """Workers that answer at once."""
    limited = {name: {"errors": {"rate_limit": {"probability": 1, "retry_after_secs": 7}}} for name in LIMITED}
    folder = tmp_path_factory.mktemp("frameworks")
    with Simulator(folder, "--latency", "none", config={"providers": limited}, workers=2) as it:
        yield it


@pytest.fixture(scope="session")
def python():
    """The Python that has the frameworks."""
    wanted = HERE / "requirements.txt"
    folder = environments.made(
        "frameworks", wanted.read_bytes(), lambda folder: environments.with_packages(folder, "-r", wanted)
    )
    return folder / "bin" / "python"


@pytest.fixture(scope="session")
def environ(fleet):
    """Where the fleet is, and nothing that frameworks might report to: no variable of the machine reaches them."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(fleet.folder),
        "SIMULATOR": fleet.url,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_TELEMETRY": "False",
        "LANGSMITH_TRACING": "false",
        "DO_NOT_TRACK": "1",
    }


class Scenes:
    """The outcomes of a script's scenes."""

    def __init__(self, told):
        self.outcomes = told["outcomes"]
        self.strays = told["strays"]

    def __call__(self, name):
        """What a scene returned; its test fails with what the scene raised."""
        outcome = self.outcomes[name]
        if "error" in outcome:
            pytest.fail(outcome["error"], pytrace=False)
        return outcome["value"]


@pytest.fixture(scope="session")
def play(python, environ, fleet):
    """Plays a script's scenes, and with them a program of the page of clients: importing a framework takes seconds."""

    def played(script, program=""):
        given = {**environ, "PROGRAM": program.replace(ADDRESS, fleet.url)}
        ended = subprocess.run(
            [python, HERE / script], env=given, capture_output=True, text=True, timeout=300, check=False
        )
        assert ended.returncode == 0, ended.stderr
        return Scenes(json.loads(ended.stdout.splitlines()[-1]))

    return played


@pytest.fixture(scope="session")
def program():
    """Finds the program of the page of clients that begins with some words."""

    def find(begins):
        (found,) = [each for each in blocks(PAGE, "python") if each.startswith(begins)]
        assert ADDRESS in found
        return found

    return find
