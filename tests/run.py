"""Run all tests: `python -m tests.run [--coverage] [pytest arguments]`.

All run a file at a time for each processor, but for those of real fleets under load, of which two files run at a time
then, and for those of their pace and of a flood, which have the machine to themselves at last. A few that failed beside
others are run once more by themselves, since clocks and deadlines are in many of them: what fails twice has failed.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

LOADED = ("tests/acceptance", "tests/fleet")
ALONE = tuple(f"tests/acceptance/test_acceptance_{name}.py" for name in ("pace", "burst"))
OUTSIDE = tuple(f"tests/{name}" for name in ("clients", "docs_errors", "frameworks", "hostile", "node"))
"""Tests that ask a fleet as its users do: nothing of ours runs in their own process, so there is nothing to measure."""
NOTHING_TO_RUN = 5
"""What pytest ends with where its arguments leave no test."""
FAILED = 1
"""What it ends with where a test failed."""
FAILURES = Path(".pytest_cache/v/cache/lastfailed")
FEW = 3
"""More failures than these are no accident."""


def main(arguments: list[str]) -> int:
    """All runs; the status of the first that failed. Where none has a test, that is a failure too."""
    plain = [sys.executable, "-m"]
    python = plain
    if "--coverage" in arguments:
        arguments.remove("--coverage")
        python = [*plain, "coverage", "run", "-m"]
    together = ["--numprocesses=auto", "--dist=loadfile"]
    in_pairs = ["--numprocesses=2", "--dist=loadfile"]
    named = [argument.removeprefix("./") for argument in arguments if argument.startswith(("tests/", "./tests/"))]
    if named:
        # Whoever names tests gets just these, in one run.
        return subprocess.run([*python, "pytest", *arguments], check=False).returncode
    runs = [
        [*python, "pytest", *together, *[f"--ignore={folder}" for folder in (*LOADED, *OUTSIDE)]],
        [*plain, "pytest", *together, *OUTSIDE],
        [*python, "pytest", *in_pairs, *[f"--ignore={file}" for file in ALONE], *LOADED],
        [*plain, "pytest", *ALONE],
    ]
    found = []
    for run in runs:
        status = subprocess.run([*run, *arguments], check=False).returncode
        if status == FAILED and "--numprocesses" in " ".join(run):
            status = _alone(run[: run.index("pytest") + 1])
        if status not in (0, NOTHING_TO_RUN):
            return status
        found.append(status)
    return min(found)


def _alone(pytest: Sequence[str]) -> int:
    """Run the few tests that failed once more, one after the other; the status that then counts."""
    failed = list(json.loads(FAILURES.read_text("utf-8"))) if FAILURES.exists() else []
    if not 0 < len(failed) <= FEW:
        return FAILED
    sys.stdout.write("\n  ".join(["failed beside others, run once more alone:", *failed]) + "\n")
    sys.stdout.flush()
    return subprocess.run([*pytest, *failed], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
