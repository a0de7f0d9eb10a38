"""The admin plane is never open: who is let in, by which key, from where."""

import asyncio
import logging

import pytest
from asgi_client import Response, ask, call, make

from simulator.config.schema import Admin
from simulator.server.admin.guard import Gate, Guard, guarded, names_this_machine
from simulator.server.admin.keyfile import MOST_BYTES, KeyFile, digest

HERE = ("127.0.0.1", 1)
THERE = ("203.0.113.9", 1)


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def scope(client=HERE, **headers):
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "GET", "path": "/admin/stats", "headers": pairs, "client": client}


def status(settings, client=HERE, **headers):
    """200, or the status of the refusal."""
    denial = Gate(lambda: settings, Clock()).denial(scope(client, **headers))
    return 200 if denial is None else denial[0]


@pytest.mark.parametrize(
    ("client", "headers", "expected"),
    [
        (HERE, {}, 200),
        (("::1", 1), {}, 200),
        (("::ffff:127.0.0.1", 1), {}, 200),
        (("127.9.9.9", 1), {"host": "127.0.0.1:8080"}, 200),
        (HERE, {"host": "localhost:8080"}, 200),
        (HERE, {"host": "[::1]:8080"}, 200),
        (HERE, {"host": "localhost:8080", "origin": "http://localhost:8080", "sec_fetch_site": "same-origin"}, 200),
        (HERE, {"host": "localhost:8080", "sec_fetch_site": "none"}, 200),
        (HERE, {"x_admin_key": "anything"}, 200),
        (THERE, {}, 403),
        (("::ffff:203.0.113.9", 1), {}, 403),
        (THERE, {"x_admin_key": "anything"}, 403),
        (None, {}, 403),
        (("", 0), {}, 403),
        (HERE, {"forwarded": "for=203.0.113.9"}, 403),
        (HERE, {"x_forwarded_for": "127.0.0.1"}, 403),
        (HERE, {"x_real_ip": "127.0.0.1"}, 403),
        (HERE, {"x_forwarded_for": ""}, 403),
        (HERE, {"host": "localhost:8080", "origin": "http://evil.test"}, 403),
        (HERE, {"host": "localhost:8080", "origin": "http://localhost:9090"}, 403),
        (HERE, {"host": "localhost:8080", "origin": "null"}, 403),
        (HERE, {"origin": "null"}, 403),
        (HERE, {"host": "localhost:8080", "sec_fetch_site": "cross-site"}, 403),
        (HERE, {"host": "localhost:8080", "sec_fetch_site": "same-site"}, 403),
        (HERE, {"host": "evil.test:8080", "origin": "http://evil.test:8080", "sec_fetch_site": "same-origin"}, 403),
        (HERE, {"host": "evil.test"}, 403),
    ],
)
def test_without_a_key_only_this_machine_itself(client, headers, expected):
    assert status(Admin(), client, **headers) == expected


def test_a_list_of_addresses_narrows_and_does_not_open():
    listed = Admin(allowed_ips=("203.0.113.0/24",))
    assert status(listed, THERE) == 403
    assert status(listed, HERE) == 403
    assert status(Admin(allowed_ips=("127.0.0.0/8",))) == 200
    keyed = Admin(allowed_ips=("203.0.113.0/24", "::1"), api_key="k7")
    assert status(keyed, THERE, x_admin_key="k7") == 200
    assert status(keyed, ("::1", 1), x_admin_key="k7") == 200
    assert status(keyed, HERE, x_admin_key="k7") == 403
    assert status(keyed, None, x_admin_key="k7") == 403


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x_admin_key": "key-é"}, 200),
        ({"x_admin_key": " key-é "}, 200),
        ({"authorization": "Bearer key-é"}, 200),
        ({"authorization": "bearer   key-é"}, 200),
        ({"authorization": "Basic key-é"}, 401),
        ({"authorization": "key-é"}, 401),
        ({"x_admin_key": "key-e"}, 401),
        ({"x_admin_key": "", "authorization": "Bearer key-é"}, 200),
        ({"x_admin_key": "wrong", "authorization": "Bearer key-é"}, 401),
        ({}, 401),
        ({"x_forwarded_for": "203.0.113.9", "origin": "http://far.test", "x_admin_key": "key-é"}, 200),
    ],
)
def test_with_a_key_the_key_counts_and_not_the_place(headers, expected):
    for client in (HERE, THERE, None):
        assert status(Admin(api_key="key-é"), client, **headers) == expected


def test_switched_off_is_not_there_for_anybody():
    assert status(Admin(enabled=False)) == 404
    assert status(Admin(enabled=False, api_key="k7"), x_admin_key="k7") == 404


def test_settings_that_change_hold_at_once():
    settings = [Admin()]
    gate = Gate(lambda: settings[0], Clock())
    assert gate.denial(scope()) is None
    settings[0] = Admin(api_key="k7")
    assert gate.denial(scope())[0] == 401
    assert gate.denial(scope(THERE, x_admin_key="k7")) is None
    settings[0] = Admin(api_key="k8")
    assert gate.denial(scope(THERE, x_admin_key="k7"))[0] == 401


def replace(path, key):
    """As a mounted secret is replaced: another file in its place."""
    other = path.with_suffix(".new")
    other.write_bytes(key)
    other.replace(path)


def test_a_key_file_is_read_again_within_a_second(tmp_path):
    path, clock = tmp_path / "key", Clock()
    path.write_bytes(b" first-one\n")
    settings = Admin(api_key_file=str(path))
    gate = Gate(lambda: settings, clock)
    assert gate.denial(scope(THERE, x_admin_key="first-one")) is None
    replace(path, b"second-one\n")
    assert gate.denial(scope(THERE, x_admin_key="first-one")) is None
    clock.now += 1
    assert gate.denial(scope(THERE, x_admin_key="first-one"))[0] == 401
    assert gate.denial(scope(THERE, x_admin_key="second-one")) is None


def test_a_key_and_a_key_file_are_both_valid_while_one_follows_the_other(tmp_path):
    path = tmp_path / "key"
    path.write_bytes(b"new-one")
    both = Admin(api_key="old-one", api_key_file=str(path))
    assert [status(both, THERE, x_admin_key=key) for key in ("old-one", "new-one", "other")] == [200, 200, 401]
    path.write_bytes(b"")
    assert [status(both, THERE, x_admin_key=key) for key in ("old-one", "new-one")] == [200, 401]


@pytest.mark.parametrize("content", [b"", b" \n", b"changeme\n", b"SECRET", b"x" * (MOST_BYTES + 1), None])
def test_a_key_file_without_a_key_lets_nobody_in_and_says_so_once(tmp_path, caplog, content):
    path, clock = tmp_path / "key", Clock()
    if content is not None:
        path.write_bytes(content)
    settings = Admin(api_key_file=str(path))
    with caplog.at_level(logging.WARNING, "simulator.admin"):
        gate = Gate(lambda: settings, clock)
        for given in ({}, {"x_admin_key": ""}, {"x_admin_key": "changeme"}, {"x_admin_key": "x" * (MOST_BYTES + 1)}):
            clock.now += 2
            assert gate.denial(scope(HERE, **given))[0] == 403
    assert len(caplog.messages) == 1
    assert caplog.messages[0].startswith(f"admin.api_key_file {path} ")
    assert "changeme" not in caplog.text
    path.write_bytes(b"a-good-one")
    clock.now += 2
    assert gate.denial(scope(THERE, x_admin_key="a-good-one")) is None


def test_a_folder_and_an_impossible_path_are_no_key_file(tmp_path):
    for path in (str(tmp_path), "", "a\0b"):
        assert status(Admin(api_key_file=path)) == 403


def test_a_key_file_is_looked_at_at_most_once_a_second(tmp_path):
    looks = []

    class Watched:
        def stat(self):
            looks.append(clock.now)
            return (tmp_path / "key").stat()

        def open(self, mode):
            return (tmp_path / "key").open(mode)

    (tmp_path / "key").write_bytes(b"the-one")
    clock = Clock()
    kept = KeyFile(Watched(), clock)
    for _ in range(25):
        assert kept.digest() == digest(b"the-one")
        clock.now += 0.1
    assert len(looks) == 3


def test_a_wrong_key_is_logged_without_it_and_at_most_once_a_second(caplog):
    clock = Clock()
    settings = Admin(api_key="the-one")
    gate = Gate(lambda: settings, clock)
    with caplog.at_level(logging.WARNING, "simulator.admin"):
        for number in range(50):
            assert gate.denial(scope(THERE, x_admin_key=f"guess{number}"))[0] == 401
            clock.now += 0.05
        assert gate.denial(scope(THERE))[0] == 401
    assert caplog.messages == ["a wrong admin key was given from 203.0.113.9"] * 3


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        (b"", True),
        (b"localhost", True),
        (b"sim.localhost:80", True),
        (b"10.0.0.7:8080", True),
        (b"[::1]", True),
        (b"[fe80::1%eth0]:80", True),
        (b"localhost.evil.test", False),
        (b"127.0.0.1.evil.test", False),
        (b"[::1].evil.test", False),
        (b"[evil.test]", False),
        (b"\xff", False),
    ],
)
def test_which_hosts_name_this_machine(host, expected):
    assert names_this_machine(host) is expected


def test_every_route_of_the_plane_is_guarded():
    """Whatever is added to the routes: from elsewhere and without a key nothing of it answers."""
    app = make(simulation__latency="none")
    paths = [route.path for route in app._router.routes if route.path.split("/")[1] == "admin"]
    assert {"/admin/config", "/admin/stats", "/admin/sessions", "/admin/sessions/{name:path}"} <= set(paths)
    for path in paths:
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"):
            where = path.replace("{name:path}", "some").replace("{name}", "outage")
            assert ask(app, method, where, client=THERE).status == 403, (method, path)
    keyed = make(simulation__latency="none", admin__api_key="k7")
    for path in paths:
        refused = ask(keyed, "GET", path.replace("{name:path}", "some").replace("{name}", "outage"))
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer"), path
        assert "admin key is required" in refused.json()["error"]


def test_a_path_at_or_below_the_plane_cannot_be_left_out():
    async def open_to_all(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    house = make()._house
    applications = guarded(
        house, dict.fromkeys(("/admin", "/admin/new/{id}", "/administration", "/health"), open_to_all)
    )
    assert [isinstance(app, Guard) for app in applications.values()] == [True, True, False, False]
    response = Response()
    assert asyncio.run(call(applications["/admin"], "GET", "/admin", client=THERE, into=response)).status == 403
    assert asyncio.run(call(applications["/admin"], "GET", "/admin")).status == 200
    assert asyncio.run(call(Guard(open_to_all, house), "GET", "/admin", client=THERE)).status == 403
