"""Whose request it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits_asking import headers

from simulator.limits import identity
from simulator.limits.identity import Identities, digest, key_of


@pytest.mark.parametrize(
    "sent",
    [
        {b"authorization": b"Bearer sk-1"},
        {b"authorization": b"bearer   sk-1 "},
        {b"x-api-key": b"sk-1"},
        {b"api-key": b" sk-1"},
        {b"x-goog-api-key": b"sk-1"},
        {b"authorization": b"Basic dTpw", b"x-api-key": b"sk-1"},
        {b"authorization": b"Bearer ", b"x-api-key": b"", b"api-key": b"sk-1"},
        {b"authorization": b"Bearer sk-1", b"x-api-key": b"another"},
    ],
)
def test_a_key_is_the_same_however_it_is_sent(sent):
    assert key_of(sent) == b"sk-1"
    assert Identities().digest(sent) == digest(b"sk-1")


@pytest.mark.parametrize(
    "sent", [{}, {b"authorization": b"Bearer"}, {b"authorization": b"Basic x"}, {b"api-key": b" "}]
)
def test_requests_without_a_key_share_one(sent):
    assert key_of(sent) == b""
    assert Identities().digest(sent) == digest(b"")


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_different_keys_have_different_digests_that_do_not_tell_them(one, other):
    assert (digest(one) == digest(other)) == (one == other)
    assert len(digest(one)) == 16
    if len(one) > 3:
        assert one not in digest(one).hex().encode()


def test_a_header_that_comes_again_is_known(monkeypatch):
    identities = Identities()
    first = identities.digest(headers(b"sk-1"))
    monkeypatch.setattr(identity, "digest", None)
    assert identities.digest(headers(b"sk-1", user_agent=b"another")) == first


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(identity, "REMEMBERED", 20)
    identities = Identities()
    seen = {number: identities.digest(headers(b"sk-%d" % number)) for number in range(100)}
    assert len(identities._known) <= 20
    assert len(set(seen.values())) == 100
    assert identities.digest(headers(b"sk-3")) == seen[3]


def test_long_headers_are_not_kept():
    identities = Identities()
    for number in range(10):
        long = b"%d" % number + b"x" * identity.LONGEST
        assert identities.digest(headers(long)) == digest(long)
    assert identities._known == {}
