"""Run all tests: `python -m tests.run [--coverage] [pytest arguments]`.

Those of real fleets, their pace and their behaviour under load have the machine to themselves; all others run side by
side first, a file at a time for each processor.
"""

import subprocess
import sys

ALONE = ("tests/acceptance", "tests/fleet")
NOTHING_TO_RUN = 5
"""What pytest ends with where its arguments leave no test."""


def main(arguments: list[str]) -> int:
    """Both runs; the status of the first that failed. Where neither has a test, that is a failure too."""
    python = [sys.executable, "-m"]
    if "--coverage" in arguments:
        arguments.remove("--coverage")
        python += ["coverage", "run", "-m"]
    together = ["--numprocesses=auto", "--dist=loadfile", *[f"--ignore={folder}" for folder in ALONE]]
    named = [argument.removeprefix("./") for argument in arguments if argument.startswith(("tests/", "./tests/"))]
    if named:
        # Whoever names tests gets just these, in one run.
        return subprocess.run([*python, "pytest", *arguments], check=False).returncode
    found = []
    for own in (together, list(ALONE)):
        status = subprocess.run([*python, "pytest", *own, *arguments], check=False).returncode
        if status not in (0, NOTHING_TO_RUN):
            return status
        found.append(status)
    return min(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
