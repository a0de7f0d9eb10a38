import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.ids import BASE62, base62, fingerprint


@given(st.binary(min_size=32, max_size=32), st.integers(0, 32))
def test_base62_is_as_long_as_asked_and_keeps_to_its_alphabet(bits, length):
    name = base62(bits, length)
    assert len(name) == length
    assert set(name.encode()) <= set(BASE62)
    assert base62(bits, 32).startswith(name)


def test_base62_reaches_every_character():
    assert sorted(set(base62(bytes(range(256)), 256))) == sorted(BASE62.decode())


def test_base62_tells_different_bits_apart():
    assert base62(b"\x00" * 32, 29) != base62(b"\x01" * 32, 29)


def test_too_few_bits_are_refused():
    with pytest.raises(ValueError, match="29 characters need as many bytes, not 3"):
        base62(b"abc", 29)


def test_fingerprint_depends_on_the_name_alone():
    assert fingerprint("gpt-4o", 10) == fingerprint("gpt-4o", 10)
    assert fingerprint("gpt-4o", 10) != fingerprint("gpt-4o-mini", 10)
    assert len(fingerprint("gpt-4o", 10)) == 10
    assert int(fingerprint("gpt-4o", 10), 16) >= 0
