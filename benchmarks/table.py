"""What a row of the table is, and how the table is printed. Pure, but for reading what machine this is."""

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("llm-simulator", "uvicorn", "uvloop", "httptools", "gunicorn", "starlette", "msgspec", "orjson", "numpy")
HEADINGS = ("what", "must reach", "seen", "")


class BenchmarkError(Exception):
    """A measurement that could not be made; the message is one sentence for the person at the terminal."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One line of the table.

    `reached` is None where a line only informs. `values` are the raw numbers behind `seen`, for `--json`.
    """

    what: str
    seen: str
    must: str = ""
    reached: bool | None = None
    values: Mapping[str, float | Sequence[float]] | None = None


def machine() -> dict[str, str]:
    """This machine and the versions of everything that a figure depends on."""
    facts = {
        "cpu": _cpu_model(),
        "cores": str(len(os.sched_getaffinity(0))),
        "kernel": platform.release(),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "python": platform.python_version(),
    }
    for name in PACKAGES:
        try:
            facts[name] = version(name)
        except PackageNotFoundError:
            facts[name] = "not installed"
    facts["wrk"] = _wrk_version()
    return facts


def text(rows: Sequence[Seen]) -> str:
    """The table in plain characters, one line a measurement."""
    lines = [HEADINGS, *((row.what, row.must, row.seen, _mark(row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
    ruled = [lines[0], tuple("-" * width for width in widths), *lines[1:]]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in ruled)


def document(rows: Sequence[Seen], facts: Mapping[str, str], command: str) -> str:
    """The same as JSON."""
    return json.dumps({"command": command, "machine": dict(facts), "rows": [asdict(row) for row in rows]}, indent=2)


def _mark(row: Seen) -> str:
    return "" if row.reached is None else ("ok" if row.reached else "MISSED")


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _wrk_version() -> str:
    try:
        # wrk prints its version together with its usage and then exits with 1.
        told = subprocess.run(["wrk", "--version"], capture_output=True, text=True, check=False, timeout=5).stdout
    except FileNotFoundError:
        return "not installed"
    return " ".join(told.split()[1:2])
