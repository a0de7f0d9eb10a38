"""Row: what failures cost that do not strike.

Three fleets run at the same time (no failures, failures that are switched off, failures for another provider's models)
and are loaded in turn, A B C A B C; the ratios are medians over neighbouring runs.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks import wrk
from benchmarks.bodies import chat
from benchmarks.processes import Server, fleet
from benchmarks.setting import PROCESSES, Setting
from benchmarks.table import Seen

MUST = 0.97
BODIES = 400
KINDS = ("rate_limit", "server_error", "reset", "stall", "error_event")
OFF = {f"off_{kind}": {"kind": kind, "probability": 0} for kind in KINDS}
ELSEWHERE = {f"elsewhere_{kind}": {"kind": kind, "when": {"model": "claude*"}} for kind in KINDS}


def run(setting: Setting) -> list[Seen]:
    """The ratios to a fleet without failures."""
    wrk.available()
    configured: Mapping[str, Mapping[str, object]] = {
        "none": {},
        "off": {"faults": OFF},
        "elsewhere": {"faults": ELSEWHERE},
    }
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(_fleet(setting, name, config)) for name, config in configured.items()}
        lua = wrk.script(setting.folder, [chat(number) for number in range(BODIES)])
        rates = _rates(setting, servers, lua)
    rows = []
    for name, what, must in (
        ("off", "failures switched off: of none", MUST),
        ("elsewhere", "failures for other models: of none", None),
    ):
        ratios = [mine / plain for mine, plain in zip(rates[name], rates["none"], strict=True)]
        ratio = median(ratios)
        seen = f"{ratio:.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        wanted = "" if must is None else f">= {must}"
        rows.append(Seen(what, seen, wanted, None if must is None else ratio >= must, {"ratios": ratios}))
    return rows


def _fleet(setting: Setting, name: str, config: Mapping[str, object]) -> contextlib.AbstractContextManager[Server]:
    path = setting.folder / f"faults-{name}.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    return fleet(setting.folder, "--latency", "none", "--config", os.fspath(path), workers=PROCESSES)


def _rates(setting: Setting, servers: Mapping[str, Server], lua: Path) -> dict[str, list[float]]:
    rounds, seconds = (4, 2) if setting.quick else (8, 3)
    found: dict[str, list[float]] = {name: [] for name in servers}
    for server in servers.values():
        wrk.run(server.port, lua, 1)
    for _ in range(rounds):
        for name, server in servers.items():
            found[name].append(wrk.run(server.port, lua, seconds).rate)
    return found
