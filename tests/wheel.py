"""Run the tests against the built wheel, away from the checkout: `python -m tests.wheel [pytest arguments]`.

The wheel is installed into an environment of its own and the tests are copied out, so that nothing of the
checkout can be imported by accident: a file that the wheel forgets fails here. Only the tests of the README and the
Makefile stay behind: these are not in the wheel.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def run(*command: str | Path, cwd: Path, environ: dict[str, str] | None = None) -> None:
    """Run a command; its failure is ours."""
    subprocess.run([str(part) for part in command], cwd=cwd, env=environ, check=True)


def main(arguments: list[str]) -> None:
    """Build, install, copy, test."""
    with tempfile.TemporaryDirectory(prefix="llm-simulator-wheel-") as folder:
        away = Path(folder)
        pip = ("-m", "pip", "--quiet", "--disable-pip-version-check")
        run(sys.executable, *pip, "wheel", "--no-deps", "--wheel-dir", away, ROOT, cwd=away)
        (wheel,) = away.glob("*.whl")
        venv.create(away / "env", with_pip=True)
        python = away / "env" / "bin" / "python"
        run(python, *pip, "install", f"{wheel}[test]", cwd=away)
        shutil.copytree(ROOT / "tests", away / "tests", ignore=shutil.ignore_patterns("__pycache__", "test_docs.py"))
        for name in ("pyproject.toml", "docs"):
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, away / name)
            else:
                shutil.copy(source, away)
        environ = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environ["PATH"] = f"{python.parent}{os.pathsep}{environ['PATH']}"
        options = ("-p", "no:cacheprovider", "--numprocesses=auto", "--dist=loadfile")
        run(python, "-m", "pytest", *options, *arguments, cwd=away, environ=environ)


if __name__ == "__main__":
    main(sys.argv[1:])
