"""Imports point one way. The arrows of the house, held by a test."""

import ast
from pathlib import Path

import pytest

import simulator
import supervisor

PACKAGES = {"simulator": Path(simulator.__file__).parent, "supervisor": Path(supervisor.__file__).parent}

MAY_IMPORT = {
    "simulator.config": {"simulator.config"},
    "simulator.engine": {"simulator.engine", "simulator.config"},
    "simulator.providers": {"simulator.providers", "simulator.engine", "simulator.config"},
    "simulator.state": {"simulator.state", "simulator.config"},
    "simulator.limits": {
        "simulator.limits",
        "simulator.providers",
        "simulator.engine",
        "simulator.state",
        "simulator.config",
    },
    "simulator.rules": {"simulator.rules", "simulator.engine", "simulator.config"},
    "simulator.contract": {"simulator.contract", "simulator.providers"},
    "simulator.scenarios": {"simulator.scenarios", "simulator.engine", "simulator.config"},
    "simulator.replay": {"simulator.replay"},
    "simulator.fitting": {"simulator.fitting", "simulator.engine", "simulator.config"},
    "simulator.telemetry": {"simulator.telemetry", "simulator.config"},
    "simulator.server": {
        "simulator.server",
        "simulator.providers",
        "simulator.engine",
        "simulator.contract",
        "simulator.limits",
        "simulator.rules",
        "simulator.state",
        "simulator.config",
        "simulator.telemetry",
    },
}
"""A room, and the rooms it may look into. `simulator` itself (the version) is open to all."""

FACTORY = "simulator.server.app"
SUPERVISOR_MAY_IMPORT = ("supervisor", "simulator.config", "simulator.state", "simulator.telemetry")

ENGINE_MUST_NOT = {"asyncio", "os", "random", "secrets", "socket", "subprocess", "sys", "threading", "time", "datetime"}
"""Modules of clocks, environment and chance. `pathlib` and `open` are covered by the purity test."""

FAMILY = {"azure": {"openai"}}
"""Dialects that are another one in an envelope of their own."""

PROVIDER_MUST_NOT = {"asyncio", "random", "secrets", "socket", "time", "starlette", "uvicorn"}


def modules():
    for package, root in PACKAGES.items():
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            name = ".".join((package, *parts)).removesuffix(".__init__")
            yield name, path


NAMES = {name for name, _ in modules()}


def imports(path):
    """Every module a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the arrows"
            for alias in node.names:
                # `from package import module` is an arrow to the module.
                whole = f"{node.module}.{alias.name}"
                yield whole if whole in NAMES else node.module or ""


def room_of(name):
    return ".".join(name.split(".")[:2])


ALL = list(modules())


@pytest.mark.parametrize(("name", "path"), ALL, ids=[name for name, _ in ALL])
def test_arrows(name, path):
    room = room_of(name)
    for imported in imports(path):
        if name.startswith("supervisor") and imported.startswith("simulator."):
            assert imported == FACTORY or imported.startswith(SUPERVISOR_MAY_IMPORT), f"{name} imports {imported}"
        elif room in MAY_IMPORT and imported.startswith(("simulator.", "supervisor")):
            assert room_of(imported) in MAY_IMPORT[room], f"{name} imports {imported}"
        top = imported.split(".")[0]
        if room == "simulator.engine":
            assert top not in ENGINE_MUST_NOT, f"the engine is pure, but {name} imports {imported}"
        if room == "simulator.providers":
            assert top not in PROVIDER_MUST_NOT, f"a dialect knows no time and no chance, but {name} imports {imported}"


def test_dialects_do_not_know_each_other():
    for name, path in ALL:
        parts = name.split(".")
        if parts[:2] != ["simulator", "providers"] or len(parts) < 3:
            continue
        folder = PACKAGES["simulator"] / "providers" / parts[2]
        if not folder.is_dir():
            continue
        known = {folder.name, *FAMILY.get(folder.name, ())}
        others = [
            f"simulator.providers.{each.name}"
            for each in folder.parent.iterdir()
            if each.is_dir() and each.name not in known
        ]
        for imported in imports(path):
            assert not imported.startswith(tuple(others)), f"{name} imports {imported}"


def test_there_are_no_circles():
    graph = {name: set(imports(path)) for name, path in ALL}
    known = set(graph)
    done, walking = set(), []

    def visit(name):
        if name in done:
            return
        assert name not in walking, f"circle: {' -> '.join([*walking[walking.index(name) :], name])}"
        walking.append(name)
        for target in graph[name] & known:
            if target != name:
                visit(target)
        walking.pop()
        done.add(name)

    for name in graph:
        visit(name)


def test_files_hold_one_idea():
    long = {name: len(path.read_text("utf-8").splitlines()) for name, path in ALL}
    assert not {name: lines for name, lines in long.items() if lines > 350}
