"""Strategies of other packages: found by their entry point, made with their options, asked for each request."""

import importlib
import json
import os
import subprocess
import sys
import textwrap

import pytest

from simulator.config.failures import Failure
from simulator.engine.circumstances import Candidate
from simulator.engine.faults.failure import ReadyFailure
from simulator.engine.faults.plugins import GROUP, Situation, plugged
from simulator.engine.faults.striking import meet
from simulator.engine.plan import Embedded, Usage
from simulator.engine.seeds import Draws
from simulator.server.failing.book import FailureBook

MODULE = '''
    """A strategy that strikes every so many requests from the third on, and tells what it has seen."""

    SEEN = []


    class Third:
        def __init__(self, options):
            self.every = options["every"]
            if self.every < 1:
                raise ValueError("every must be at least 1")

        def factor(self, situation):
            SEEN.append(situation)
            return 1.0 if situation.sequence is not None and situation.sequence % self.every == 2 else 0.0
'''
NAME = "house_of_thirds"


@pytest.fixture
def installed(tmp_path):
    """A folder with a package as pip would leave it there."""
    (tmp_path / f"{NAME}.py").write_text(textwrap.dedent(MODULE))
    info = tmp_path / f"{NAME}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\nthirds = {NAME}:Third\nlate = {NAME}:Missing\n")
    return tmp_path


@pytest.fixture
def here(installed, monkeypatch):
    """The same, within reach of this process."""
    monkeypatch.syspath_prepend(installed)
    yield importlib.import_module(NAME)
    del sys.modules[NAME]


def test_a_strategy_is_found_by_its_name_and_made_with_its_options(here):
    strategy = plugged("thirds", {"every": 3})
    assert isinstance(strategy, here.Third)
    assert strategy.every == 3


def test_what_is_wrong_with_a_strategy_is_told(here):
    with pytest.raises(LookupError, match="no strategy 'third'; installed are: late, thirds"):
        plugged("third", {})
    with pytest.raises(ValueError, match="every must be at least 1"):
        plugged("thirds", {"every": 0})
    with pytest.raises((AttributeError, ValueError), match="has no attribute 'Missing'"):
        plugged("late", {})


def test_it_decides_which_requests_are_struck_and_sees_nothing_but_the_situation(here):
    settings = Failure(kind="server_error", strategy="thirds", options={"every": 4})
    book = FailureBook({"every-fourth": settings})
    ready = book.by_name["every-fourth"]
    assert isinstance(ready, ReadyFailure)
    assert ready.timed, "the time is told, so that a replay decides the same"
    outcome = Embedded((b"",), 1, Usage(1, 0))

    def names(sequence, *, keyed=False):
        candidates = [Candidate(ready, elapsed=1.5)]
        return meet(Draws(), (7, sequence, keyed), candidates, outcome, 0).names

    assert [sequence for sequence in range(12) if names(sequence)] == [2, 6, 10]
    assert names(2, keyed=True) == (), "keyed conditions have no sequence"
    assert [each.sequence for each in here.SEEN] == [*range(12), None]
    assert {each.elapsed for each in here.SEEN} == {1.5}
    draws = [each.draw for each in here.SEEN[:12]]
    assert len(set(draws)) == 12
    assert all(0 <= draw < 1 for draw in draws)
    assert Situation.__struct_fields__ == ("sequence", "elapsed", "count", "draw")


def validate(folder, settings, path=None):
    """What `validate` says of a configuration with a failure."""
    config = folder / "config.json"
    config.write_text(json.dumps({"faults": {"odd": {"kind": "server_error", **settings}}}))
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([*([] if path is None else [str(path)]), *sys.path])}
    ended = subprocess.run(
        [sys.executable, "-m", "simulator", "validate", "--config", str(config)],
        env=environ, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return ended.returncode, ended.stdout + ended.stderr


def test_validate_knows_what_is_installed_and_names_it(installed, tmp_path):
    code, told = validate(tmp_path, {"strategy": "thirds", "options": {"every": 2}}, installed)
    assert (code, told) == (0, f"{tmp_path / 'config.json'}: valid\n")
    code, told = validate(tmp_path, {"strategy": "third"}, installed)
    assert code == 1
    assert "faults.odd.strategy" in told
    assert "an installed strategy: late, thirds" in told
    code, told = validate(tmp_path, {"options": {"every": 2}}, installed)
    assert code == 1
    assert "faults.odd.strategy" in told
    code, told = validate(tmp_path, {"strategy": "thirds"})
    assert code == 1
    assert "there is none" in told
    assert "Traceback" not in told
