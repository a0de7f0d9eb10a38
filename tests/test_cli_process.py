"""The command line as a user's shell sees it: real processes."""

import os
import subprocess
import sys
from pathlib import Path

from simulator import __version__


def start(*command, **environment):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LLM_SIM__")}
    return subprocess.run(
        command, env={**clean, **environment}, capture_output=True, text=True, timeout=30, check=False
    )


def test_a_bad_configuration_ends_with_lines_and_no_traceback(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text("[server]\nprot = 1\n")
    result = start(sys.executable, "-m", "simulator", "--config", str(path), LLM_SIM__SERVER__WORKERS="many")
    assert (result.returncode, result.stdout) == (1, "")
    lines = result.stderr.splitlines()
    assert lines[0] == "Error: the configuration has 2 faults"
    assert sorted(line.split(": ")[0].strip() for line in lines[1:]) == [
        f"{path}:2",
        "environment LLM_SIM__SERVER__WORKERS",
    ]
    assert "Traceback" not in result.stderr
    debugging = start(sys.executable, "-m", "simulator", "--debug", "--config", str(path))
    assert debugging.returncode != 0
    assert "Traceback" in debugging.stderr


def test_validate_and_version_by_the_installed_command(tmp_path):
    command = str(Path(sys.executable).parent / "llm-simulator")
    path = tmp_path / "good.yaml"
    path.write_text("server: {port: 0}\n")
    result = start(command, "validate", "--config", str(path))
    assert (result.returncode, result.stdout, result.stderr) == (0, f"{path}: valid\n", "")
    assert start(command, "--version").stdout == f"llm-simulator, version {__version__}\n"


def test_a_reader_that_leaves_is_no_error():
    """`config show | head -1` must not end in words about a broken pipe."""
    with subprocess.Popen(
        [sys.executable, "-m", "simulator", "config", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        process.wait(30)
