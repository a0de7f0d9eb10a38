"""The tables that ship with the package, ready to be asked. Edge: reads files of the package, once."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from simulator.contract.notation import Operation, Table, read
from simulator.providers.paths import Paths

PROVIDERS = ("openai", "anthropic")
"""Whose documented endpoints have a table."""
BETA = "?beta=true"
_FOLDER = Path(__file__).parent


class Index:
    """The operations of one provider by path and method."""

    def __init__(self, table: Table) -> None:
        self.table = table
        found: dict[str, dict[str, Operation]] = {}
        for operation in table.operations:
            path = operation.path.removesuffix(BETA)
            found.setdefault(path, {})[operation.method + operation.path[len(path) :]] = operation
        self._paths: Paths[Mapping[str, Operation]] = Paths(found)

    def find(self, method: str, path: str, *, beta: bool) -> tuple[Operation, Mapping[str, str]] | None:
        """The operation and its path's parameters; None if there is none. `beta` prefers one that is another thing."""
        found = self._paths.find(path)
        if found is None:
            return None
        methods, parameters = found
        operation = (methods.get(method + BETA) if beta else None) or methods.get(method) or methods.get(method + BETA)
        return None if operation is None else (operation, parameters)

    def lists(self, path: str) -> bool:
        """Whether what is at a path is a collection: something can be listed there."""
        found = self._paths.find(path)
        return found is not None and "GET" in found[0]


@cache
def indexes() -> Mapping[str, Index]:
    """Every provider's table."""
    return {name: Index(read((_FOLDER / f"{name}.txt").read_text("utf-8"))) for name in PROVIDERS}
