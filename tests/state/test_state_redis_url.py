"""URLs of Redis: what they mean, what is refused, and that no password is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.state.redis.url import parse, shown


def test_a_plain_url_has_one_node():
    target = parse("redis://user:p%40ss@cache.internal:6380/3")
    assert (target.kind, target.nodes) == ("direct", (("cache.internal", 6380),))
    assert target.plain == "redis://user:p%40ss@cache.internal:6380/3"
    assert set(target.secrets) == {"p%40ss", "p@ss"}


def test_ports_and_databases_have_defaults():
    assert parse("redis://h").plain == "redis://h:6379/0"
    assert parse("rediss://h/").plain == "rediss://h:6379/0"
    assert parse("redis://[::1]:7000/2").nodes == (("::1", 7000),)
    assert parse("redis://[::1]:7000/2").plain == "redis://[::1]:7000/2"


def test_a_socket_has_a_path():
    target = parse("unix://:secret@/run/redis.sock?db=2")
    assert (target.kind, target.nodes, target.secrets) == ("direct", (), ("secret",))


def test_sentinels_are_many_and_name_a_service():
    target = parse("redis+sentinel://:pw@a:1,b,[::1]:3/mymaster/5?sentinel_password=other&ssl_cert_reqs=none")
    assert target.kind == "sentinel"
    assert target.nodes == (("a", 1), ("b", 26379), ("::1", 3))
    assert (target.service, target.sentinel_password) == ("mymaster", "other")
    assert target.plain == "redis://:pw@a:1/5?ssl_cert_reqs=none"
    assert parse("rediss+sentinel://a/s").plain == "rediss://a:26379/0"


def test_a_cluster_has_nodes_and_no_database():
    target = parse("rediss+cluster://a:7000,b:7001")
    assert (target.kind, target.nodes) == ("cluster", (("a", 7000), ("b", 7001)))
    assert target.plain == "rediss://a:7000/0"
    with pytest.raises(ValueError, match="only 0"):
        parse("redis+cluster://a:7000/1")


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("localhost:6379", "is not a URL"),
        ("http://h", "must begin with"),
        ("redis+other://h", "must begin with"),
        ("redis://", "host:port"),
        ("redis://h:port", "host:port"),
        ("redis://h:99999", "port"),
        ("redis://a,b", "several"),
        ("redis://h/abc", "number of a database"),
        ("redis+sentinel://h:1", "name of a service"),
        ("unix://relative", "path"),
        ("redis://h?decode_responses=1", "option that is not known"),
    ],
)
def test_what_means_nothing_is_told(url, what):
    with pytest.raises(ValueError, match=what):
        parse(url)


def test_no_fault_tells_a_password():
    for url in (
        "redis://u:hunter2@h:99999",
        "redis+sentinel://:hunter2@h",
        "redis://:hunter2@h/x",
        "http://:hunter2@h",
    ):
        with pytest.raises(ValueError, match=r"state\.url") as caught:
            parse(url)
        assert "hunter2" not in str(caught.value)


def test_a_target_does_not_show_its_secrets():
    target = parse("redis+sentinel://u:hunter2@h/s?sentinel_password=swordfish")
    assert "hunter2" not in repr(target)
    assert "swordfish" not in repr(target)
    assert target.redact("cannot log in with hunter2, swordfish") == "cannot log in with ***, ***"


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("redis://h:1/0", "redis://h:1/0"),
        ("redis://u:pw@h:1/0", "redis://u:***@h:1/0"),
        ("redis://:p@ss@h", "redis://:***@h"),
        ("redis://token@h", "redis://***@h"),
        ("redis+sentinel://:pw@a,b/s/0", "redis+sentinel://:***@a,b/s/0"),
        ("unix:///s?db=1&password=pw", "unix:///s?db=1&password=***"),
        ("redis://h?ssl_password=pw&ssl_ca_certs=/ca.pem", "redis://h?ssl_password=***&ssl_ca_certs=/ca.pem"),
        ("redis://h?pasword=pw", "redis://h?***=***"),
        ("redis://:p?w@h", "redis://***"),
        ("pw", "***"),
    ],
)
def test_a_url_is_shown_without_passwords(url, text):
    assert shown(url) == text


@given(st.text(min_size=6).filter(lambda text: text not in "redis://user:***@host.example:6379/0?ssl_ca_certs=/ca"))
def test_whatever_the_password_is_it_is_never_shown(password):
    assert password not in shown(f"redis://user:{password}@host.example:6379/0?ssl_ca_certs=/ca")
