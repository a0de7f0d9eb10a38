"""The configuration that a worker read again, for the other workers of its fleet. Edge: files in the state folder.

`base.json` holds the merged tree with the place of every value, `problem.json` why the latest change of the
configuration's file was not taken up. Both are written beside their place and moved there, so that nobody reads half of
one; a lock orders those who write. Files of another fleet, that used or uses the same folder, are not ours to read.
"""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simulator.config.faults import Place
from simulator.config.load import Loaded, Stamp, drawn_seed, stamp_of
from simulator.config.runtime import restored, taken_up
from simulator.config.tree import Branch, Leaf, Listing, Node

BASE = "base.json"
PROBLEM = "problem.json"
_LOCK = "base.lock"


class SharedBase:
    """One worker's view of what was read again. Without a folder there is nobody to share with."""

    def __init__(self, folder: Path | None, fleet: str) -> None:
        self._folder = folder
        self._fleet = fleet
        self._seen: Stamp | None = None
        self._problem = ""
        self._problem_seen: Stamp | None = None

    def changed(self) -> bool:
        """Whether there may be another base than the one that was taken last. Costs one look at a file's dates."""
        return self._folder is not None and stamp_of(self._folder / BASE) != self._seen

    def take(self, present: Loaded) -> Loaded:
        """The base that holds: what another worker has read, if that was later than `present`.

        What only takes effect where a worker begins is this worker's own, whoever has read. Raises `ConfigError`
        if it is not right for this worker, ValueError if it cannot be read.
        """
        if self._folder is None:
            return present
        # The date before the text: of two changes the second may be read twice, but is never missed.
        self._seen = stamp_of(self._folder / BASE)
        found = self._read(BASE)
        if found is None or found["read_ns"] <= present.read_ns:
            return present
        stamp = found["stamp"] and tuple(found["stamp"])
        fresh = restored(present, _branch(found["tree"]), found["read_ns"], stamp, found["drawn"])
        return taken_up(present, fresh).loaded

    def publish(self, loaded: Loaded) -> None:
        """Offer what was read to the other workers, unless one of them has read later. Raises OSError."""
        if self._folder is None:
            return
        with self._locked(self._folder):
            try:
                found = self._read(BASE)
                later = found is not None and bool(found["tree"]) and found["read_ns"] > loaded.read_ns
            except (ValueError, KeyError, TypeError):
                later = False  # it is damaged, and best replaced
            if not later:
                tree = _written(loaded.tree)
                told = {"read_ns": loaded.read_ns, "stamp": loaded.stamp, "drawn": drawn_seed(loaded), "tree": tree}
                self._write(self._folder / BASE, told)

    @property
    def problem(self) -> str:
        """Why the latest change of the file was not taken up; empty if it was. One line."""
        if self._folder is None:
            return self._problem
        seen = stamp_of(self._folder / PROBLEM)
        if seen != self._problem_seen:
            self._problem_seen = seen
            try:
                found = self._read(PROBLEM)
            except ValueError:
                found = None
            self._problem = "" if found is None else str(found.get("reason", ""))
        return self._problem

    def complain(self, reason: str) -> None:
        """Tell all workers why a change was not taken up; empty takes it back. Raises OSError."""
        if self._folder is None:
            self._problem = reason
        elif reason != self.problem:
            with self._locked(self._folder):
                if reason:
                    self._write(self._folder / PROBLEM, {"reason": reason})
                else:
                    (self._folder / PROBLEM).unlink(missing_ok=True)

    def _read(self, name: str) -> dict[str, Any] | None:
        """What a file holds; None if there is none, or if another fleet wrote it. Raises ValueError."""
        try:
            text = (self._folder / name).read_text("utf-8") if self._folder is not None else ""
        except OSError:
            return None
        found = json.loads(text)
        if not isinstance(found, dict) or found.get("fleet") != self._fleet:
            return None
        return found

    def _write(self, path: Path, values: dict[str, Any]) -> None:
        beside = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            beside.write_text(json.dumps({"fleet": self._fleet, **values}), "utf-8")
            beside.replace(path)
        except OSError:
            beside.unlink(missing_ok=True)
            raise

    @contextlib.contextmanager
    def _locked(self, folder: Path) -> Iterator[None]:
        with (folder / _LOCK).open("a") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def _written(node: Node) -> list[Any]:
    """A tree in plain lists: kind, value, source, line, and the text of a leaf."""
    at = [node.at.source, node.at.line]
    if isinstance(node, Branch):
        return [1, {key: _written(child) for key, child in node.entries.items()}, *at]
    if isinstance(node, Listing):
        return [2, [_written(child) for child in node.items], *at]
    return [0, node.value, *at, node.text]


def _node(written: list[Any]) -> Node:
    kind, value, source, line, *text = written
    at = Place(source, line)
    if kind == 1:
        return Branch({key: _node(child) for key, child in value.items()}, at)
    if kind == 2:
        return Listing([_node(child) for child in value], at)
    return Leaf(value, at, text[0])


def _branch(written: list[Any]) -> Branch:
    node = _node(written)
    if not isinstance(node, Branch):
        raise ValueError("the base is not a mapping")  # noqa: TRY004 - a value of a file, not of a program
    return node
