"""The embedded store in trouble: damaged, or without a place. It serves on, and says so."""

import asyncio
import errno
import logging
import os

import lmdb
import pytest
from embedded_factory import MANY, embedded, opened, remember
from embedded_worker import Worker, demand

from simulator.state.embedded import files, places
from simulator.state.embedded.store import wall_clock_us
from simulator.state.store import DAY_US, Demand, StoreUnavailable

pytestmark = pytest.mark.usefixtures("spare")
MEGABYTE = 1 << 20


def fill(folder):
    """A file with something of everything in it."""
    with opened(folder) as store:
        for number in range(50):
            store.admit_now([Demand(b"limit %d" % number, 1, 9, DAY_US)])
            remember(store, f"{number}", 3000)
        store.write_control(0, None, b"document")
    return folder / "state.mdb"


def foreign(file):
    """An LMDB file of somebody else."""
    file.unlink()
    with lmdb.open(str(file), subdir=False) as env, env.begin(write=True) as txn:
        txn.put(b"their key", b"their value")


def overwrite(at, content):
    def damage(file):
        with file.open("r+b") as raw:
            raw.seek(at)
            raw.write(content)

    return damage


DAMAGES = {
    "garbage": lambda file: file.write_bytes(b"garbage " * 20_000),
    "short garbage": lambda file: file.write_bytes(b"x"),
    "zeros": lambda file: file.write_bytes(bytes(MEGABYTE)),
    "cut off": lambda file: os.truncate(file, 40_000),
    "cut off in its head": lambda file: os.truncate(file, 4096),
    "its tables are zeros": overwrite(8192, bytes(40 * 4096)),
    "somebody else's": foreign,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_set_aside_and_a_new_one_begun(folder, damage, caplog):
    file = fill(folder)
    damage(file)
    content = file.read_bytes()
    with opened(folder) as store:
        assert [store.admit_now([demand(2)]).admitted for _ in range(3)] == [True, True, False]
        assert store.health().state == "ok"
        assert store.read_control().revision == 0
    (aside,) = folder.glob("state.mdb.damaged-*")
    assert aside.read_bytes() == content
    told = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(told) == 1
    assert str(aside) in told[0].message


@pytest.mark.parametrize("intact", [lambda file: None, lambda file: file.unlink(), lambda file: os.truncate(file, 0)])
def test_a_file_that_is_whole_missing_or_empty_is_not_damaged(folder, intact, caplog):
    intact(fill(folder))
    with opened(folder) as store:
        assert store.admit_now([demand(2)]).admitted
    assert not list(folder.glob("*damaged*"))
    assert not caplog.records


def test_a_file_that_kills_whoever_looks_at_it_is_set_aside(folder):
    """LMDB ends the process upon some damages; its supervisor starts it again."""
    fill(folder)
    for deaths in range(files.DEATHS):
        (folder / "lock.opening").write_text("looking " * deaths)
        with opened(folder) as store:
            assert store.level_of(Demand(b"limit 1", 0, 9, DAY_US)) != (0, 0)
        assert not list(folder.glob("*damaged*"))
    (folder / "lock.opening").write_text("looking " * files.DEATHS)
    with opened(folder) as store:
        assert store.level_of(Demand(b"limit 1", 0, 9, DAY_US)) == (0, 0)
    assert len(list(folder.glob("*damaged*"))) == 1


def test_a_disk_without_room_for_all_of_the_file(folder, monkeypatch, caplog):
    """Written through a map, a file that the disk has no room for ends the process; so it is not."""

    def fails(file, offset, size):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", fails)
    with opened(folder) as store:
        assert not store._mount._opened.env.flags()["writemap"]
        assert "No space left" in caplog.text
        assert store.admit_now([demand(5, 2)]).admitted
        # The next worker could allocate it, but all must write in the same way.
        with Worker(folder, owner="1") as other:
            assert other.ask("admit", 5, 9) == 3
            assert (folder / "lock.opening").read_text() == "plain"
        assert not store.admit_now([demand(5)]).admitted
        assert store.health().state == "ok"


def test_a_file_is_written_through_its_map_if_it_is_allocated(folder):
    with opened(folder, size=5 * MEGABYTE) as store:
        assert store._mount._opened.env.flags()["writemap"]
        status = (folder / "state.mdb").stat()
        assert status.st_blocks * 512 >= status.st_size == 5 * MEGABYTE


def test_no_place_at_the_configured_path(tmp_path, spare, caplog):
    """The workers of a fleet meet elsewhere, so that limits stay what they are."""
    blocked = tmp_path / "blocked"
    blocked.write_text("a file where the folder should be")
    with opened(blocked) as store:
        assert [store.admit_now([demand(2)]).admitted for _ in range(3)] == [True, True, False]
        assert store.admit_now([demand(2)]).degraded
        health = store.health()
        assert health.state == "degraded"
        assert str(blocked) in health.reason
        assert str(spare) in health.reason
        assert health.reason in caplog.text
        (meeting,) = spare.iterdir()
        with opened(tmp_path / "else", fleet=b"another") as stranger:
            assert not stranger.admit_now([demand(2)]).degraded
    assert not list(spare.iterdir())
    assert meeting.name.startswith("llm-simulator-")


def test_workers_follow_to_the_place_that_one_had_to_take(tmp_path, spare, folder):
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    with opened(folder, owner=b"1") as store:
        store.write_control(0, None, b"document")
        # The other worker of the fleet, which cannot be in the same process and the same file.
        with opened(blocked, owner=b"2") as leaver:
            assert leaver.admit_now([demand(9, 4)]).admitted
            leaver._mount._opened.close()
            store._mount.tick()
            assert store.health().state == "degraded"
            assert store.admit_now([demand(9)]).standings[0].remaining == 4
            assert store.read_control().body == b"document"


@pytest.mark.parametrize("rude", [lambda path: path.symlink_to("/tmp"), lambda path: path.mkdir(mode=0o777)])  # noqa: S108
def test_a_folder_in_a_shared_place_that_is_not_ours_alone_is_not_used(spare, rude):
    (meeting,) = [folder for folder in places.spare_folders(b"fleet") if folder.parent == spare]
    meeting.rmdir()
    previous = os.umask(0)
    try:
        rude(meeting)
    finally:
        os.umask(previous)
    assert places.met(b"fleet") != meeting
    others = list(places.spare_folders(b"fleet"))
    assert meeting not in others
    for other in others:
        other.rmdir()


def test_nowhere_to_keep_it(tmp_path, spare, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    monkeypatch.setattr(places, "MEMORY", blocked)
    monkeypatch.setattr(places.tempfile, "tempdir", str(blocked))
    with pytest.raises(StoreUnavailable, match="nowhere"):
        embedded(blocked, wall_clock_us)._mount.open()


def test_a_place_that_is_lost_and_comes_back(folder, tmp_path, monkeypatch):
    """Without any place nothing can be answered; it is looked for again, but not by each request."""
    with opened(folder) as store:
        store._mount._opened.close()
        monkeypatch.setattr(store._mount, "_folder", tmp_path / "blocked" / "folder")
        (tmp_path / "blocked").write_text("")
        monkeypatch.setattr(places, "_bases", lambda: ())
        tried = []
        whole = files.open_file
        monkeypatch.setattr(files, "open_file", lambda *given: tried.append(1) or whole(*given))
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="nowhere"):
                store.admit_now([demand(5)])
        assert len(tried) == 1
        assert store.health().state == "degraded"
        (tmp_path / "blocked").unlink()
        store._mount._open_at = 0.0  # a second has passed
        assert store.admit_now([demand(5)]).admitted
        assert store.health().state == "ok"


def test_a_temporary_folder_that_cannot_be_made(spare, monkeypatch):
    def fails(base=None):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("simulator.state.embedded.mount.private_folder", fails)
    with opened(None) as store:
        assert store.admit_now([demand(5)]).admitted
        assert "No space left" in store.health().reason
    assert not list(spare.iterdir())


def test_a_look_at_a_large_file_ends_in_time(folder, monkeypatch):
    file = fill(folder)
    monkeypatch.setattr(files, "LOOK_S", -1.0)
    assert files.inspect(file) == ""


def test_damage_that_the_first_look_did_not_reach(folder, monkeypatch):
    overwrite(8192, bytes(40 * 4096))(fill(folder))
    monkeypatch.setattr(files, "inspect", lambda path: "")
    with opened(folder) as store:
        assert store.admit_now([demand(5)]).admitted
        assert store.health().state == "ok"
    assert len(list(folder.glob("*damaged*"))) == 1


def test_a_file_that_is_full_when_it_is_opened(folder):
    fill(folder)
    with opened(folder) as store:
        faults = [lmdb.MapFullError("")]

        def first_steps():
            if faults:
                raise faults.pop()

        before = asyncio.run(store.session_count(MANY))
        store._mount._in_room(first_steps)
        assert asyncio.run(store.session_count(MANY)) < before


def test_a_damaged_file_that_cannot_be_put_away(folder, monkeypatch, caplog):
    file = fill(folder)
    with opened(folder) as store:

        def fails(*given):
            raise PermissionError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(files, "_set_aside", fails)
        overwrite(8192, bytes(40 * 4096))(file)
        assert store.admit_now([demand(5)]).admitted
        assert "cannot be put away" in caplog.text
        assert store.health().state == "degraded"


@pytest.mark.parametrize("mistake", [lmdb.BadValsizeError, lmdb.InvalidParameterError])
def test_a_mistake_of_ours_costs_no_file(folder, mistake):
    with opened(folder) as store:

        def fails(mount):
            raise mistake("")

        with pytest.raises(StoreUnavailable, match="refuses"):
            store._mount.call(fails)
        assert store.health().state == "ok"
    assert not list(folder.glob("*damaged*"))


def test_readers_that_were_killed_are_cleared_away(folder):
    with opened(folder) as store:
        faults = [lmdb.ReadersFullError(""), lmdb.ReadersFullError("")]

        def sometimes(mount):
            if faults:
                raise faults.pop()
            return "answered"

        assert store._mount.call(sometimes) == "answered"


def test_trouble_that_does_not_end_is_told(folder):
    with opened(folder) as store:

        def fails(mount):
            raise lmdb.ReadersFullError("no reader")

        with pytest.raises(StoreUnavailable, match="no reader"):
            store._mount.call(fails)


def test_another_that_opens_for_long_is_not_waited_for_for_ever(folder, monkeypatch):
    monkeypatch.setattr(files, "PATIENCE_S", 0.05)
    with files._opening(folder), opened(folder) as store:
        assert "opening" in store.health().reason
        assert store.admit_now([demand(5)]).admitted
