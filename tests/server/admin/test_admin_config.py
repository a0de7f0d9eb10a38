"""`/admin/config` and its reload, in one process."""

import json

import msgspec
import pytest
from admin_client import Operator
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.load import load
from simulator.server.admin.config import masked
from simulator.server.control import change as changing
from simulator.state.board import Board, Column, SlotState
from simulator.state.slot import Slot
from simulator.state.store import Conflict, StoreUnavailable

FAIL = {"errors": {"server_error": {"probability": 1}}}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "user.json"


@pytest.fixture
def operator(path):
    with Operator(path, watch={"enabled": False}) as operator:
        yield operator


def test_what_holds_is_shown_with_its_origins(path):
    sections = {"admin": {"api_key": "k-secret-1"}, "state": {"url": "redis://me:secret-2@h:1/0"}, "limits": {}}
    with Operator(path, **sections) as operator:
        assert operator.ask("GET", "/admin/config").status == 401
        assert b"secret" not in json.dumps(masked(msgspec.to_builtins(operator.house.config))).encode()
    loaded = load(path, environ={}, flags={"admin.api_key": None})
    with Operator(loaded=loaded) as operator:
        shown = operator.ask("GET", "/admin/config")
        assert b"secret" not in shown.body
        found = shown.json()
        assert found["config"]["state"]["url"] == "redis://me:***@h:1/0"
        assert found["origins"]["state.url"] == f"{path}:1"
        assert (found["file"], found["revision"], found["patch"]) == (str(path), 0, {})


def test_a_patch_is_merged_replaced_and_taken_away(operator):
    first = operator.ask("POST", "/admin/config", FAIL)
    assert (first.status, first.json()["revision"], first.json()["patch"]) == (200, 1, FAIL)
    assert first.json()["workers"] == {"ready": 1, "applied": 1, "behind": []}
    assert operator.chat() == 500
    shown = operator.ask("GET", "/admin/config").json()
    assert shown["config"]["errors"]["server_error"]["probability"] == 1
    assert shown["origins"]["errors.server_error.probability"] == "runtime"
    more = operator.ask("POST", "/admin/config", {"models": {"allow_unknown": True}, "errors": None}).json()
    assert more["patch"] == {"models": {"allow_unknown": True}}
    assert operator.chat("my-own") == 200
    other = operator.ask("POST", "/admin/config?replace=true", FAIL).json()
    assert other["patch"] == FAIL
    assert operator.ask("PUT", "/admin/config", {"response": {"id_prefix": None}}).json()["patch"] == {
        "response": {"id_prefix": None}
    }
    assert operator.chat() == 200
    cleared = operator.ask("DELETE", "/admin/config").json()
    assert (cleared["patch"], cleared["revision"]) == ({}, 5)
    again = operator.ask("DELETE", "/admin/config").json()
    assert again["revision"] == 5


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not valid JSON"),
        (b"[1]", "must be a JSON object"),
        (b'"x"', "must be a JSON object"),
        (b"\xff\xfe", "not valid JSON"),
        (b'{"a": NaN}', "not valid JSON"),
        (b'{"a": "\\ud800"}', "not valid JSON"),
        (b'{"a":' * 80 + b"1" + b"}" * 80, "nested more than 64"),
        (b'{"a":' * 200_000, "not valid JSON"),
        (b'{"models": {"aliases": {"x": ' + b"9" * 30 + b"}}}", "64 bits"),
        (b'{"simulation": {"latency_scale": 1e400}}', ""),
        ({"errrors": {}}, 'did you mean "errors"'),
        ({"errors": 5}, "a mapping"),
        ({"errors": {"server_error": {"probability": 2}}}, "a number from 0 to 1"),
        ({"response": {"length": {"min": 9, "max": 3}}}, "at least min"),
        ({"server": {"workers": 3}}, "send HUP"),
        ({"state": {"backend": "redis"}}, "start the fleet again"),
        ({"admin": {"api_key": "mine"}}, "where it is configured"),
        ({"scenarios": {"x": {"phases": [{"set": {"errors": {"nope": 1}}}]}}}, "scenarios.x.phases[0].set.errors.nope"),
        ({"limits": {"tier": "no-such-tier"}}, "tier"),
    ],
)
def test_a_patch_that_does_not_fit_is_refused_and_changes_nothing(operator, body, words):
    refused = operator.ask("POST", "/admin/config", body)
    assert refused.status == 400, refused.body
    assert words in refused.json()["error"]
    assert operator.ask("GET", "/admin/config").json()["revision"] == 0
    assert operator.chat() == 200


def test_faults_are_told_by_key(operator):
    refused = operator.ask(
        "POST", "/admin/config", {"errors": {"timeout": {"probability": 2}}, "watch": {"x": 1}}
    ).json()
    assert refused["error"].endswith("(and 1 more)")
    assert {fault["key"] for fault in refused["faults"]} == {"errors.timeout.probability", "watch.x"}
    assert {fault["place"] for fault in refused["faults"]} == {"runtime"}


def test_large_bodies_and_documents_are_refused(operator):
    refused = operator.ask("POST", "/admin/config", b" " * 1_048_577)
    assert refused.status == 413
    aliases = {"a" * 9_000 + str(n): "gpt-4o" for n in range(70)}
    half = {"models": {"aliases": aliases}}
    assert operator.ask("POST", "/admin/config", half).status == 200
    other = {"models": {"aliases": {"b" + name: "gpt-4o" for name in aliases}}}
    refused = operator.ask("POST", "/admin/config", other)
    assert refused.status == 413
    assert "control document" in refused.json()["error"]


def test_methods_and_query(operator):
    refused = operator.ask("PATCH", "/admin/config")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, POST, PUT, DELETE, HEAD")
    assert operator.ask("GET", "/admin/config/reload").status == 405
    assert operator.ask("POST", "/admin/config?replace=yes", {}).status == 400
    assert operator.ask("HEAD", "/admin/config").status == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["errors", "simulation", "providers", "*", "limits", "models", "scenarios", "phases", "set", "x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_no_patch_makes_a_fault_of_ours(shared, body):
    assert shared.ask("PUT", "/admin/config", body).status in (200, 400)
    assert shared.ask("GET", "/admin/config").status == 200
    assert shared.house.keeper.problem is None


@pytest.fixture(scope="module")
def shared():
    with Operator() as operator:
        yield operator


class Stand:
    """The store of an application, with a part that does something else."""

    def __init__(self, store, **parts):
        self._store = store
        for name, part in parts.items():
            setattr(self, name, part)

    def __getattr__(self, name):
        return getattr(self._store, name)


def test_a_document_that_others_change_is_read_again_some_times(operator):
    store = operator.house.store
    tries = []

    async def change(base, body):
        tries.append(base)
        if len(tries) < 3:
            await store.change(base, body)
            raise Conflict(base + 1)
        return await store.change(base, body)

    operator.house.store = Stand(store, change=change)
    assert operator.ask("POST", "/admin/config", {"models": {"allow_unknown": True}}).json()["revision"] == 1
    assert tries == [0]

    async def never(base, body):
        tries.append(base)
        raise Conflict(base + 1)

    operator.house.store = Stand(store, change=never)
    refused = operator.ask("POST", "/admin/config", FAIL)
    assert refused.status == 409
    assert len(tries) == 1 + changing.ATTEMPTS
    operator.house.store = store


def test_shared_state_that_is_away_refuses_changes_and_says_why(operator):
    async def change(base, body):
        raise StoreUnavailable("redis does not answer")

    store = operator.house.store
    operator.house.store = Stand(store, change=change)
    refused = operator.ask("POST", "/admin/config", FAIL)
    assert (refused.status, refused.json()["error"]) == (
        503,
        "the shared state cannot be reached: redis does not answer",
    )
    assert operator.chat() == 200
    reloaded = operator.ask("POST", "/admin/config/reload")
    assert reloaded.status == 200
    operator.house.store = store


def test_a_fault_of_ours_is_told_as_one(operator, caplog):
    async def change(base, body):
        raise RuntimeError("a bug")

    store = operator.house.store
    operator.house.store = Stand(store, change=change)
    failed = operator.ask("POST", "/admin/config", FAIL)
    assert failed.status == 500
    assert b"a bug" not in failed.body
    assert "a bug" in caplog.text
    operator.house.store = store


def test_a_worker_that_does_not_follow_is_told(operator, path, monkeypatch):
    board = Board(2)
    other = board.row(1)
    other[Column.STATE], other[Column.PID] = SlotState.READY, 4711
    monkeypatch.setattr(changing, "WAIT_SECONDS", 0.05)
    with Operator(path, slot=Slot(0, 0, board)) as first:
        board.row(0)[Column.STATE] = SlotState.READY
        workers = first.ask("POST", "/admin/config", FAIL).json()["workers"]
        assert workers == {"ready": 2, "applied": 1, "behind": [4711]}
        shown = first.ask("GET", "/admin/workers").json()
        assert (shown["ready"], shown["up_to_date"], shown["revision"]) == (2, 1, 1)
        other[Column.REVISION] = 1
        assert first.ask("GET", "/admin/workers").json()["up_to_date"] == 2


# Reload


def test_a_reload_takes_up_the_file_and_tells_what_changed(operator, path):
    path.write_text(json.dumps({**FAIL, "server": {"keep_alive_secs": 9, "port": 99}, "watch": {"enabled": False}}))
    done = operator.ask("POST", "/admin/config/reload").json()
    assert done["changed"] == ["errors.server_error.probability"]
    assert (done["needs_hup"], done["needs_restart"]) == (["server.keep_alive_secs"], ["server.port"])
    assert (done["status"], done["file"]) == ("reloaded", str(path))
    assert done["workers"] == {"ready": 1, "applied": 1, "behind": []}
    assert operator.chat() == 500
    shown = operator.ask("GET", "/admin/config").json()
    assert shown["origins"]["errors.server_error.probability"] == f"{path}:1"
    assert shown["config"]["server"]["port"] == 8080


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not valid JSON"),
        ('{"errors": {"server_error": {"probability": 2}}}', "errors.server_error.probability: found 2"),
        ('{"models": {"aliases": {"x": "nothing"}}}', "aliases"),
    ],
)
def test_a_reload_of_what_is_wrong_changes_nothing(operator, path, text, words):
    path.write_text(text)
    refused = operator.ask("POST", "/admin/config/reload")
    assert refused.status == 400
    assert words in refused.json()["error"]
    assert refused.json()["faults"][0]["place"].startswith(str(path))
    assert operator.chat() == 200
    path.unlink()
    assert operator.ask("POST", "/admin/config/reload").status == 400


def test_a_reload_must_fit_what_was_set_meanwhile(operator, path):
    assert operator.ask("POST", "/admin/config", {"response": {"length": {"p95": 70}}}).status == 200
    path.write_text(json.dumps({"response": {"length": {"p50": 90}}}))
    refused = operator.ask("POST", "/admin/config/reload")
    assert refused.status == 400
    assert "response.length.p95" in refused.json()["error"]


def test_the_patch_stays_over_what_is_read_again(operator, path):
    operator.ask("POST", "/admin/config", FAIL)
    path.write_text(json.dumps({"errors": {"server_error": {"probability": 0}}, "models": {"allow_unknown": True}}))
    assert operator.ask("POST", "/admin/config/reload").status == 200
    assert operator.chat("my-own") == 500
    operator.ask("DELETE", "/admin/config")
    assert operator.chat("my-own") == 200


# Watching the file


@pytest.mark.parametrize("shared_folder", [False, True])
def test_a_changed_file_is_taken_up_and_a_bad_one_is_told_once(path, tmp_path, caplog, shared_folder):
    slot = None
    if shared_folder:
        slot = Slot(0, 0, Board(2), fleet="f", state=tmp_path / "state")
        slot.state.mkdir()
    with Operator(path, slot=slot, watch={"interval_secs": 0.05}) as operator:
        operator.house.row[Column.STATE] = SlotState.READY
        keeper = operator.house.keeper
        path.write_text(json.dumps({**FAIL, "watch": {"interval_secs": 0.05}}))
        operator.wait_until(lambda: operator.house.config.errors.server_error.probability == 1)
        path.write_text("{bad")
        operator.wait_until(lambda: keeper.problem)
        assert "was not taken up" in keeper.problem
        assert operator.chat() == 500
        seen = operator.house.clock()
        operator.wait_until(lambda: operator.house.clock() > seen + 0.3)
        assert caplog.text.count("is not taken up and the running one stays") == 1
        path.write_text(json.dumps({"watch": {"interval_secs": 0.05}}))
        operator.wait_until(lambda: keeper.problem is None)
        assert operator.chat() == 200


def test_only_the_first_worker_that_serves_watches(path):
    board = Board(2)
    with Operator(path, slot=Slot(1, 0, board), watch={"interval_secs": 0.05}) as operator:
        row, first = operator.house.row, board.row(0)
        row[Column.STATE] = first[Column.STATE] = SlotState.READY
        path.write_text(json.dumps(FAIL))
        seen = operator.house.clock()
        operator.wait_until(lambda: operator.house.clock() > seen + 0.4)
        assert operator.house.config.errors.server_error.probability == 0
        first[Column.STATE] = SlotState.DRAINING
        operator.wait_until(lambda: operator.house.config.errors.server_error.probability == 1)
