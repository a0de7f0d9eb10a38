"""What passes from one fleet to the next: the state folder, its lock, the sockets; and what a reload leaves behind."""

import fcntl
import gc
import json
import os
import socket
import weakref

import pytest

from simulator.state.board import Board, Shared
from supervisor.process import is_frozen
from supervisor.reloads import Reloads
from supervisor.state_folder import LOCK, StateError, StateFolder, state_folder
from supervisor.upgrade import VARIABLE, InheritanceError, Upgrade, inherit


@pytest.fixture(autouse=True)
def _temporary(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_a_temporary_folder_goes_with_its_fleet(tmp_path):
    with state_folder(None) as folder:
        assert folder.path.parent == tmp_path
        assert folder.lock is None
        (folder.path / "data.mdb").write_bytes(b"x")
    assert list(tmp_path.iterdir()) == []


def test_a_temporary_folder_that_was_taken_over_stays():
    with state_folder(None) as folder:
        folder.kept = True
    assert folder.path.is_dir()


@pytest.mark.parametrize("configured", [False, True])
def test_an_inherited_temporary_folder_is_ours_once_we_took_over(tmp_path, configured):
    path = tmp_path / "theirs"
    elsewhere = str(tmp_path / "ours") if configured else None
    path.mkdir()
    with state_folder(elsewhere, StateFolder(path, kept=True)) as folder:
        assert (folder.path == path) is not configured
    assert path.is_dir(), "the fleet that left it still serves"
    inherited = StateFolder(path, kept=True)
    with state_folder(elsewhere, inherited):
        inherited.kept = False
    assert not path.exists()


def test_a_configured_folder_is_locked_for_as_long_as_the_fleet_lives(tmp_path):
    path = tmp_path / "a" / "b"
    with state_folder(str(path)) as folder:
        assert (folder.path, (path / LOCK).exists()) == (path, True)
        with pytest.raises(StateError, match=r"is in use by another fleet; .*state\.path"), state_folder(str(path)):
            pass
    with state_folder(str(path)):
        pass
    assert path.is_dir(), "state that outlives the fleet"


def test_an_inherited_lock_is_used_and_another_is_let_go(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    with state_folder(str(here)) as first:
        copy = os.dup(first.lock)
        with state_folder(str(here), StateFolder(here, copy, kept=True)) as folder:
            assert folder.lock == copy
        copy = os.dup(first.lock)
        with state_folder(str(there), StateFolder(here, copy, kept=True)) as folder:
            assert folder.path == there
            with pytest.raises(OSError, match="Bad file descriptor"):
                os.fstat(copy)


def test_a_folder_that_cannot_be_used_is_one_line(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="cannot be used"), state_folder(str(tmp_path / "file")):
        pass

    def refuse(_descriptor, _how):
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(StateError, match="cannot be locked: no locks here"), state_folder(str(tmp_path / "x")):
        pass
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "file"))
    with pytest.raises(StateError, match="no state folder can be made"), state_folder(None):
        pass


def test_nothing_is_inherited_by_a_fleet_that_nobody_started_so():
    environ = {}
    assert inherit(environ) is None


def test_sockets_and_state_are_inherited_by_descriptor(tmp_path):
    ours, theirs = os.pipe()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        will = {"parent": 1, "sockets": [os.dup(listener.fileno())], "ready": theirs, "state": str(tmp_path)}
        environ = {VARIABLE: json.dumps(will)}
        inheritance = inherit(environ)
        assert environ == {}
        (inherited,) = inheritance.listeners
        assert inherited.getsockname() == listener.getsockname()
        assert not inherited.getblocking()
        inherited.close()
    assert inheritance.state == StateFolder(tmp_path, None, kept=True)
    os.set_blocking(ours, False)
    upgrade = Upgrade(0, ours)
    assert not upgrade.serves
    inheritance.take_over()
    assert upgrade.serves
    assert upgrade.serves, "it is said once and stays true"
    assert inheritance.private == []
    assert not inheritance.state.kept
    upgrade.close()


def test_a_pipe_that_was_closed_without_a_word_says_nothing():
    ours, theirs = os.pipe()
    os.close(theirs)
    upgrade = Upgrade(0, ours)
    assert not upgrade.serves
    upgrade.close()


@pytest.mark.parametrize(
    "text", ["", "{", '{"parent": 1}', '{"parent": 1, "sockets": [99999], "ready": 99998, "state": "x"}']
)
def test_a_variable_that_somebody_made_up_is_one_line(text):
    with pytest.raises(InheritanceError, match="only a running fleet sets it"):
        inherit({VARIABLE: text})


@pytest.mark.parametrize(
    ("stat", "frozen"), [("7 (a) T) T 1", True), ("7 (T) S 1", False), ("7 (a) t", True), ("", False)]
)
def test_a_stopped_process_is_told_by_its_state(tmp_path, stat, frozen):
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "stat").write_text(stat)
    assert is_frozen(7, tmp_path) is frozen
    assert not is_frozen(8, tmp_path)


class Release:
    """Something that refers to itself, as an application does."""

    def __init__(self):
        self.itself = self


def test_what_an_old_release_held_is_let_go_when_its_last_worker_has_left():
    reloads = Reloads(Board(1))
    try:
        release = Release()
        reloads.begun(1)
        told = weakref.ref(release)
        del release
        reloads.settled()
        assert told() is not None, "frozen, and the roll is not over"
        reloads.done(1)
        reloads.settled()
        assert told() is None
    finally:
        gc.unfreeze()


def test_reloads_are_counted_by_their_result():
    board = Board(1)
    reloads = Reloads(board)
    try:
        reloads.refused("no such\nkey")
        assert board.notice() == "no such key"
        reloads.begun(1)
        reloads.taken_back("broken")
        reloads.done(1)
        assert (board.notice(), board.shared[Shared.RELOADS], board.shared[Shared.RELOADS_FAILED]) == ("broken", 0, 2)
        reloads.begun(1)
        reloads.done(1)
        assert (board.notice(), board.shared[Shared.RELOADS], board.shared[Shared.RELOADS_FAILED]) == ("", 1, 2)
    finally:
        gc.unfreeze()
