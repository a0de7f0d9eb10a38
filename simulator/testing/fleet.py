"""A simulator and the tests that use it, one after the other or side by side. Edge of its admin plane.

What tests say is put together here, so that one test's words never take away another's. When the last one has ended,
all is as it was at the start.
"""

import secrets
import threading
from collections.abc import Mapping
from typing import Any

from simulator.limits.identity import digest
from simulator.testing.admin import Admin
from simulator.testing.environment import TEST_HEADER
from simulator.testing.process import Process
from simulator.testing.rules import KEY_PREFIX, Sayings, composed
from simulator.testing.sent import SentRequest, told

FAULTS = frozenset({"authentication", "rate_limit", "overloaded", "server_error", "timeout"})
"""Failures that come of a plan, as answers do."""
MOST = 10_000


class Test:
    """One test at the simulator: its name, its key, and what it says."""

    __test__ = False
    """It is no test of its own, whatever pytest's conventions make of its name."""

    def __init__(self) -> None:
        self.name = secrets.token_hex(6)
        self.key = KEY_PREFIX + self.name
        self.digest = digest(self.key.encode()).hex()
        self.sayings = Sayings(self.name)
        self.patch: dict[str, Any] = {}
        self.scenarios: set[str] = set()


class Fleet:
    """A running simulator, shared by the tests of one process."""

    def __init__(self, process: Process) -> None:
        """`process` runs. Raises `SimulatorError` if it cannot be asked."""
        self.process = process
        self.admin = Admin(process.url)
        self._lock = threading.RLock()
        self._tests: dict[str, Test] = {}
        self._past: set[str] = set()
        """Digests of the keys of tests that have ended."""
        self._patch: dict[str, Any] = {}
        rules = self.admin.ask("GET", "/admin/config")["config"]["rules"]
        self._base = [_given(rule) for rule in rules]

    def begin(self) -> Test:
        """A test begins. Raises `NotStartedError` if the simulator does not run any more."""
        self.process.check()
        test = Test()
        with self._lock:
            self._tests[test.key] = test
            self.apply()
        return test

    def end(self, test: Test) -> None:
        """A test ends: nothing that it said holds any longer."""
        with self._lock:
            if self._tests.pop(test.key, None) is None:
                return
            self._past.add(test.digest)
            for name in test.scenarios:
                self.admin.ask("POST", f"/admin/scenarios/{name}/deactivate", {})
            self.apply()
            if not self._tests:
                self.admin.ask("DELETE", "/admin/requests")
                self.admin.ask("DELETE", "/admin/sessions?all=true")

    def close(self) -> None:
        """Ask nothing any more."""
        self.admin.close()

    def apply(self) -> None:
        """Have the simulator do what the tests say; when this returns it holds. Raises `RefusedError`."""
        with self._lock:
            patch: dict[str, Any] = {}
            for test in self._tests.values():
                patch = merged(patch, test.patch)
            rules = composed({test.key: test.sayings for test in self._tests.values()}, self._base)
            if rules is not None:
                patch["rules"] = rules
            if patch != self._patch:
                self.admin.ask("PUT", "/admin/config", patch)
                self._patch = patch

    def begin_scenario(self, test: Test, name: str, parameters: Mapping[str, Any]) -> None:
        """Let a scenario begin. Raises `RefusedError`."""
        self.admin.ask("POST", f"/admin/scenarios/{name}/activate", {"parameters": dict(parameters)})
        test.scenarios.add(name)

    def sent(self, test: Test) -> tuple[list[SentRequest], int]:
        """The requests of a test in their order, and how many came that are other tests'.

        One that names no test is that of whichever test runs, if only one does.
        """
        records = self.admin.ask("GET", f"/admin/requests?limit={MOST}")["requests"]
        alone = len(self._tests) == 1
        own = [one for one in records if belongs(one, test) or (alone and not self._named(one))]
        return told(own), len(records) - len(own)

    def planned(self, test: Test) -> int:
        """How many requests of a test have come that a rule could have been for."""
        requests, _ = self.sent(test)
        return len([one for one in requests if one.reason in FAULTS or (not one.failed and one.input_tokens)])

    def _named(self, record: Mapping[str, Any]) -> bool:
        """Whether a request says of which test it is."""
        return TEST_HEADER in record["headers"] or record["key"] in self._past


def belongs(record: Mapping[str, Any], test: Test) -> bool:
    """Whether a request says that it is a test's."""
    named = record["headers"].get(TEST_HEADER)
    return bool(named == test.name) if named is not None else bool(record["key"] == test.digest)


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two patches as one; where both say something of a key the second counts."""
    found = dict(one)
    for key, value in other.items():
        before = found.get(key)
        found[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def _given(value: Any) -> Any:
    """A value without the keys that nobody gave."""
    if isinstance(value, dict):
        return {key: _given(one) for key, one in value.items() if one is not None}
    return [_given(one) for one in value] if isinstance(value, list) else value
