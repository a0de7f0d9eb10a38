"""Environments of clients that cannot share the tests' own: made once beside it, and kept for the next run.

They lie below the tests' virtual environment, so that whatever removes it removes them too. Each is known by what went
into it: a changed list of packages makes it anew.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

MINUTES = 600
"""The most seconds that the making of an environment may take."""


def made(name, content, build):
    """The folder of an environment that holds `content`; `build(folder)` makes it where there is none yet.

    Of several processes that ask at once, one makes it and the others wait. Skips where it cannot be made.
    """
    if sys.prefix == sys.base_prefix:
        pytest.skip("other clients' environments are made below a virtual environment, and the tests run in none")
    folder = Path(sys.prefix) / name
    stamp = folder / ".made"
    wanted = hashlib.sha256(content + sys.version.encode()).hexdigest()
    with (Path(sys.prefix) / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            shutil.rmtree(folder, ignore_errors=True)
            build(folder)
            stamp.write_text(wanted)
    return folder


def with_packages(folder, *arguments):
    """Make a virtual environment and install what pip's arguments name, and nothing that these depend on; its Python.

    The list is whole and exact: resolving it anew takes minutes.
    """
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    run([*pip, "install", "--quiet", "--no-deps", "--no-compile", *arguments])
    return python


def run(command, **settings):
    """Run one step of the making; where it fails, the tests that need it are skipped with what it said."""
    ended = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, timeout=MINUTES, check=False, **settings
    )
    if ended.returncode:
        said = (ended.stderr or ended.stdout).strip().splitlines()[-3:]
        pytest.skip(f"{Path(command[0]).name} cannot install the clients: {' '.join(said)}")
    return ended.stdout
