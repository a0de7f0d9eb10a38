"""Signatures belong to one text; those made elsewhere cannot be judged."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.anthropic.signatures import genuine, signature

# A recorded one's beginning (its length, a version, 64 bytes) with other bytes behind.
_BODY = bytes.fromhex("0a46080918022a40") + bytes(range(64)) + bytes.fromhex("120c") + bytes(300)
FOREIGN = base64.b64encode(b"\x12" + bytes([len(_BODY) & 0x7F | 0x80, len(_BODY) >> 7]) + _BODY).decode()

nonces = st.binary(min_size=12, max_size=32)


@given(st.text(), nonces)
def test_a_signature_belongs_to_its_text(text, nonce) -> None:
    made = signature(text, nonce)
    assert made == signature(text, nonce)
    assert genuine(made, text)
    assert not genuine(made, text + " ")
    assert made != signature(text, bytes(each ^ 1 for each in nonce))


@given(st.text(max_size=20), nonces, st.data())
def test_every_change_is_told(text, nonce, data) -> None:
    made = signature(text, nonce)
    place = data.draw(st.integers(0, len(made) - 1))
    other = data.draw(st.sampled_from("ABCDwxyz0189+/=") | st.characters())
    changed = made[:place] + other + made[place + 1 :]
    if changed != made:
        assert not genuine(changed, text)
    assert not genuine(made[:place], text)


def test_one_that_was_made_elsewhere_passes() -> None:
    assert genuine(FOREIGN, "anything")
    assert not genuine(FOREIGN[:-8], "anything")
    assert not genuine(FOREIGN[4:], "anything")


@pytest.mark.parametrize("given", ["", "sig", "EgA=", "Ev////8=", "é", "\ud800", "Eg==", "EoCAgIAB", "A" * 400])
def test_what_is_no_signature(given) -> None:
    assert not genuine(given, "")
