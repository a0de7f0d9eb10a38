import json

from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.frames import ESCAPED, Escaped, run


@given(st.text())
def test_a_literal_reads_back_as_its_text(text):
    assert json.loads(ESCAPED[text]) == text


def test_a_short_text_is_kept_and_a_long_one_is_not():
    escaped = Escaped(limit=10, longest=3)
    assert escaped["abc"] is escaped["abc"]
    assert json.loads(escaped["abcd"]) == "abcd"
    assert list(escaped) == ["abc"]


def test_the_memory_is_bounded():
    escaped = Escaped(limit=10)
    for number in range(1000):
        assert escaped[str(number)] == b'"%d"' % number
        assert len(escaped) <= 10


@given(st.lists(st.text(max_size=5)), st.binary(max_size=3), st.binary(max_size=3))
def test_a_run_is_its_frames_one_after_the_other(pieces, before, after):
    frames = b"".join(b"<" + json.dumps(piece, ensure_ascii=False).encode() + b">" for piece in pieces)
    made = run(pieces, b"<", b">", before, after)
    # DEL and the C1 controls may be escaped or not: JSON allows both, and both readings are equal.
    assert made.startswith(before)
    assert made.endswith(after)
    decoder = json.JSONDecoder()
    text, at, found = made[len(before) : len(made) - len(after)].decode(), 0, []
    while at < len(text):
        assert text[at] == "<"
        piece, at = decoder.raw_decode(text, at + 1)
        assert text[at] == ">"
        at += 1
        found.append(piece)
    assert found == pieces
    assert (not frames) == (made == before + after)


def test_a_run_of_a_tuple_slice_works_as_well():
    assert run(("a", "b", "c")[1:], b"[", b"]") == b'["b"]["c"]'
