"""From a request to its call, once for the same bytes."""

import pytest

from simulator.engine.seeds import digest_of
from simulator.providers.anthropic.messages import Messages
from simulator.providers.base import Refusal
from simulator.providers.openai.chat import Chat
from simulator.server.decoding import BYTES, ENTRIES, LONGEST, Decoding, KnownBodies

BODY = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}'
SCOPE = {"query_string": b"", "path": "/v1/chat/completions"}


class Counting:
    """An endpoint that counts how often it decodes."""

    def __init__(self, endpoint, **given):
        self._endpoint = endpoint
        self.count = 0
        for name, value in given.items():
            setattr(self, name, value)

    def decode(self, body, headers, target):
        self.count += 1
        return self._endpoint.decode(body, headers, target)


def test_a_body_that_comes_again_is_kept():
    endpoint = Counting(Chat(), reads=())
    decoding = Decoding(endpoint)
    first = decoding.read(SCOPE, {b"x": b"1"}, BODY)
    second = decoding.read(SCOPE, {b"x": b"2"}, bytes(bytearray(BODY)))
    assert endpoint.count == 2
    third = decoding.read(SCOPE, {b"x": b"3"}, bytes(bytearray(BODY)))
    assert endpoint.count == 2
    assert third.call is second.call
    assert first.call.request == third.call.request
    assert first.digest == third.digest == digest_of(first.call.request)
    assert decoding.read(SCOPE, {}, BODY.replace(b"Hello", b"Hallo")).call.request != first.call.request
    assert endpoint.count == 3


def test_an_endpoint_that_does_not_say_what_it_reads_decodes_each_time():
    endpoint = Counting(Chat())
    decoding = Decoding(endpoint)
    assert decoding.read(SCOPE, {}, BODY) == decoding.read(SCOPE, {}, BODY)
    assert endpoint.count == 2
    assert decoding.read(SCOPE, {}, BODY).digest is None


def test_another_path_query_or_header_is_another_request():
    endpoint = Counting(Chat(), reads=(b"version",))
    decoding = Decoding(endpoint)
    for scope, headers in (
        (SCOPE, {}),
        (SCOPE, {b"version": b"1"}),
        (SCOPE, {b"version": b"2"}),
        ({**SCOPE, "query_string": b"a=1"}, {}),
        ({**SCOPE, "path": "/other", "path_params": {"model": "a"}}, {}),
    ):
        before = endpoint.count
        for _ in range(4):
            decoding.read(scope, headers, BODY)
        assert endpoint.count == before + 2


def test_a_version_that_refuses_what_another_takes_goes_on_refusing_it():
    body = (
        b'{"model": "claude-haiku-4-5", "max_tokens": 9, "temperature": 0.5,'
        b' "messages": [{"role": "user", "content": "Hello"}]}'
    )
    decoding = Decoding(Messages())
    scope = {"query_string": b"", "path": "/v1/messages"}
    for _ in range(4):
        assert decoding.read(scope, {b"anthropic-version": b"2023-06-01"}, body).call.request.sampling.temperature
        with pytest.raises(Refusal):
            decoding.read(scope, {b"anthropic-version": b"2026-10-21"}, body)


def test_what_stores_or_is_long_is_not_kept():
    endpoint = Counting(Chat(), reads=())
    decoding = Decoding(endpoint)
    for body in (BODY.replace(b"{", b'{"store": true, ', 1), BODY.replace(b"Hello", b"Hello " * (LONGEST // 5))):
        before = endpoint.count
        for _ in range(4):
            decoding.read(SCOPE, {}, body)
        assert endpoint.count == before + 4


@pytest.mark.parametrize(("size", "most"), [(1, 2 * ENTRIES), (LONGEST, 2 * (BYTES // LONGEST))])
def test_what_is_kept_is_bounded_and_what_is_asked_for_stays(size, most):
    known = KnownBodies()
    call = Decoding(Chat()).read(SCOPE, {}, BODY).call
    known.learn(b"often", size, call)
    kept = known.learn(b"often", size, call)
    for number in range(3 * most):
        known.learn(number, size, call)
        known.learn(number, size, call)
        assert known.get(b"often", size) is kept
        assert len(known) <= most
    assert known.get(0, size) is None
