"""Every kind of URL against a real server: password, TLS, a socket's path, sentinel, cluster."""

import asyncio
import functools
import logging
import shutil
import subprocess
import time

import pytest
from redis.crc import key_slot
from redis_server import RedisServer, free_port, go, healthy, opened, settings, until

from simulator.state.store import DAY_US, Demand

PASSWORD = "pass/word@1"  # noqa: S105 - of a server that lives for a second
QUOTED = "pass%2Fword%401"


def daily(amount=1):
    return Demand(b"k", amount, 100, DAY_US)


async def works(store):
    """Limits are counted in Redis."""
    verdict = await store.admit([daily()])
    return healthy(store) and verdict.admitted and not verdict.degraded


def test_the_password_opens_the_door():
    async def scenario():
        with RedisServer("--requirepass", PASSWORD) as server:
            async with opened(settings(f"redis://:{QUOTED}@127.0.0.1:{server.port}/3")) as store:
                assert await works(store)

    go(scenario)


@pytest.mark.parametrize("login", ["", ":wrong%2Fsecret@", "nobody:wrong%2Fsecret@"])
def test_a_wrong_password_is_told_without_being_shown(login, caplog):
    async def scenario():
        with RedisServer("--requirepass", PASSWORD) as server:
            async with opened(settings(f"redis://{login}127.0.0.1:{server.port}")) as store:
                health = store.health()
                assert health.state == "degraded"
                assert "password" in health.reason.lower() or "auth" in health.reason.lower()
                assert "secret" not in health.reason
                assert (await store.admit([daily()])).degraded

    caplog.set_level(logging.DEBUG)
    go(scenario)
    assert "secret" not in caplog.text


def test_a_password_that_changes_is_a_redis_that_is_away():
    async def scenario():
        with RedisServer("--requirepass", "first") as server:
            async with opened(settings(f"redis://:first@127.0.0.1:{server.port}", probe_ms=100)) as store:
                assert await works(store)
                server.stop()
                server.arguments = ("--requirepass", "second")
                server.start()
                await until(lambda: "password" in store.health().reason.lower(), "the fault to be told")
                assert not healthy(store)

    go(scenario)


def test_a_path_names_a_socket(tmp_path):
    async def scenario():
        path = tmp_path / "s"
        with RedisServer("--unixsocket", str(path)):
            async with opened(settings(f"unix://{path}?db=1")) as store:
                assert await works(store)

    go(scenario)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-days", "2", "-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", str(key), "-out", str(chain)),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


class SecureServer(RedisServer):
    """Speaks TLS alone."""

    def __init__(self, chain, key):
        tls_port = free_port()
        super().__init__(
            *("--tls-port", str(tls_port), "--tls-cert-file", str(chain), "--tls-key-file", str(key)),
            *("--tls-ca-cert-file", str(chain), "--tls-auth-clients", "no"),
        )
        self.tls_port = tls_port


def test_tls_is_verified_against_the_authority(certificate):
    async def scenario():
        chain, key = certificate
        with SecureServer(chain, key) as server:
            url = f"rediss://127.0.0.1:{server.tls_port}/0"
            given = {"connect_timeout_ms": 2_000}
            async with opened(settings(f"{url}?ssl_ca_certs={chain}", **given)) as store:
                assert await works(store)
            async with opened(settings(url, **given)) as store:
                assert not healthy(store)
                assert "certificate" in store.health().reason.lower()
            async with opened(settings(f"rediss://localhost:{server.tls_port}?ssl_ca_certs={chain}", **given)) as store:
                # The certificate is for the address, not for the name.
                assert not healthy(store)
            async with opened(settings(f"{url}?ssl_cert_reqs=none&ssl_check_hostname=no", **given)) as store:
                assert await works(store)
            async with opened(settings(f"redis://127.0.0.1:{server.tls_port}/0", **given)) as store:
                assert not healthy(store)

    go(scenario)


class ClusterServer(RedisServer):
    """One node, which holds all slots or none."""

    def __init__(self, *, holds=True):
        super().__init__("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
        self.holds = holds

    def start(self):
        super().start()
        if not self.holds:
            return self
        assert self.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383") == b"+OK\r\n"
        deadline = time.monotonic() + 10
        while b"cluster_state:ok" not in self.ask("CLUSTER", "INFO"):
            assert time.monotonic() < deadline
            self._pause()
        return self


def test_a_cluster_is_asked_who_holds_the_keys():
    async def scenario():
        with ClusterServer() as server:
            nobody = free_port()
            url = f"redis+cluster://127.0.0.1:{nobody},127.0.0.1:{server.port}"
            async with opened(settings(url)) as store:
                assert await works(store)
                assert await store.count(b"n", DAY_US) == 1
                assert await store.change(0, b"document") == 1

    go(scenario)


def test_a_cluster_that_moved_the_keys_is_asked_again():
    async def scenario():
        with ClusterServer() as one, ClusterServer(holds=False) as other:
            bus = other.arguments[-1]
            assert one.ask("CLUSTER", "MEET", "127.0.0.1", str(other.port), bus).startswith(b"+OK")
            for server in (one, other):
                await until(functools.partial(knows_two_nodes, server), "the nodes to meet")
            new = other.ask("CLUSTER", "MYID").split(b"\r\n")[1]
            config = settings(f"redis+cluster://127.0.0.1:{one.port},127.0.0.1:{other.port}", probe_ms=100)
            async with opened(config) as store:
                assert await works(store)
                slot = str(key_slot(store._link._tag))
                # The keys' slot changes hands; the first node says so when it is asked.
                one.ask("FLUSHALL")
                for server in (other, one):
                    assert server.ask("CLUSTER", "SETSLOT", slot, "NODE", new).startswith(b"+OK")
                assert (await store.admit([daily()])).admitted
                assert not healthy(store)
                await until(lambda: healthy(store), "the other node to be found")
                assert await works(store)
                assert b"db0:keys" in other.ask("INFO", "keyspace")

    go(scenario)


def knows_two_nodes(server):
    told = server.ask("CLUSTER", "INFO")
    return b"cluster_known_nodes:2" in told and b"cluster_state:ok" in told


class SentinelServer(RedisServer):
    """Watches one master, alone."""

    def __init__(self, master, *lines):
        super().__init__()
        self.settings = self.folder / "sentinel.conf"
        self.settings.write_text(
            "\n".join(
                [
                    f"port {self.port}",
                    "bind 127.0.0.1",
                    f"dir {self.folder}",
                    f"sentinel monitor house 127.0.0.1 {master.port} 1",
                    "sentinel down-after-milliseconds house 60000",
                    *lines,
                ]
            )
        )

    def command(self):
        return [self.binary, str(self.settings), "--sentinel", "--loglevel", "warning"]


def test_a_sentinel_is_asked_for_the_master_each_time():
    async def scenario():
        with RedisServer() as first, RedisServer() as second, SentinelServer(first) as sentinel:
            url = f"redis+sentinel://127.0.0.1:{free_port()},127.0.0.1:{sentinel.port}/house/0"
            async with opened(settings(url, probe_ms=100)) as store:
                assert await works(store)
                assert sentinel.ask("SENTINEL", "REMOVE", "house").startswith(b"+OK")
                assert sentinel.ask("SENTINEL", "MONITOR", "house", "127.0.0.1", str(second.port), "1").startswith(
                    b"+OK"
                )
                first.stop()
                await until(lambda: not healthy(store), "the master to be missed")
                await until(lambda: healthy(store), "the new master to be found")
                assert await works(store)
                left = (await store.admit([daily(0)])).standings[0].remaining
                # What the first master was seen to hold was put into the second.
                assert left == 98

    go(scenario)


def test_a_sentinel_has_a_password_of_its_own():
    async def scenario():
        with (
            RedisServer() as master,
            SentinelServer(master, "requirepass watch", "sentinel sentinel-pass watch") as sentinel,
        ):
            place = f"127.0.0.1:{sentinel.port}"
            async with opened(settings(f"redis+sentinel://{place}/house?sentinel_password=watch")) as store:
                assert await works(store)
            async with opened(settings(f"redis+sentinel://{place}/house")) as store:
                assert not healthy(store)
            async with opened(settings(f"redis+sentinel://{place}/other?sentinel_password=watch")) as store:
                assert "no service 'other'" in store.health().reason

    go(scenario)


def test_options_that_mean_nothing_are_refused_before_a_worker_serves():
    for url in ("redis://h?ssl_ca_certs=/x", "rediss://h?ssl_min_version=x", "redis://h?db=x"):
        with pytest.raises(ValueError, match=r"state\.url"):
            go(lambda url=url: enter(url))


async def enter(url):
    async with opened(settings(url)):
        await asyncio.sleep(0)
