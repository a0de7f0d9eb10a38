"""The control document: values in, values out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.config.activation import Activation
from simulator.config.scenarios import Phase, Scenario
from simulator.server.control.agenda import Agenda
from simulator.server.control.document import (
    EMPTY,
    Document,
    Unreadable,
    activated,
    deactivated,
    decode,
    encode,
    merged,
    patched,
    playing,
    pruned,
)

NAMELESS = b'{"name": "a", "definition": {"phases": [{"set": {"a": "${x}"}}]}, "parameters": {}, "started": 1}'


def one(name="a", started=10.0, ends=None, **values):
    return Activation(name, Scenario(phases=(Phase(set=values),)), {}, started, ends)


def test_what_is_encoded_is_decoded():
    document = activated(Document(patch={"errors": {"enabled": True}}), one(errors={}))
    assert decode(encode(document)) == document
    assert decode(b"") == EMPTY


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b'{"patch": 1}',
        b'{"scenarios": [{"name": "a"}]}',
        b'{"scenarios": [{"name": "a", "definition": {}, "parameters": {}, "started": 1e300}]}',
        b'{"scenarios": [%b]}' % NAMELESS,
        b'{"patch": {"a": ' + b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_not_a_document_is_told(body):
    with pytest.raises(Unreadable, match="cannot be read"):
        decode(body)


def test_a_document_of_a_later_version_may_hold_more():
    assert decode(b'{"patch": {"a": 1}, "more": 2}').patch == {"a": 1}


@pytest.mark.parametrize(
    ("lower", "upper", "result"),
    [
        ({}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({"a": {"b": 1}, "d": 3}, {"a": {"b": None}}, {"d": 3}),
        ({"a": {"b": 1}}, {"a": None}, {}),
        ({}, {"a": None}, {}),
        ({"a": {"b": 1}}, {"a": 5}, {"a": 5}),
        ({"a": 5}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({}, {"providers": {"x": {}}}, {"providers": {"x": {}}}),
        (
            {"t": {"distribution": "normal", "mean_ms": 1}},
            {"t": {"distribution": "constant", "value_ms": 2}},
            {"t": {"distribution": "constant", "value_ms": 2}},
        ),
        (
            {"t": {"distribution": "normal", "mean_ms": 1}},
            {"t": {"mean_ms": 3}},
            {"t": {"distribution": "normal", "mean_ms": 3}},
        ),
    ],
)
def test_patches_merge(lower, upper, result):
    assert merged(lower, upper) == result


VALUES = st.recursive(
    st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abcd"), inner, min_size=1, max_size=3),
    max_leaves=8,
)
PATCHES = st.dictionaries(st.sampled_from("abcd"), VALUES, max_size=3)


@given(PATCHES, PATCHES)
def test_merging_is_idempotent_and_the_upper_wins(lower, upper):
    once = merged(lower, upper)
    assert merged(once, upper) == once
    assert merged({}, upper) == upper
    assert merged(once, dict.fromkeys(once)) == {}
    for key, value in upper.items():
        if not isinstance(value, dict):
            assert once[key] == value


def test_a_patch_is_merged_or_replaced():
    document = Document(patch={"a": 1, "b": 2})
    assert patched(document, {"a": 3}, replace=False).patch == {"a": 3, "b": 2}
    assert patched(document, {"a": None}, replace=True).patch == {"a": None}


def test_switching_on_again_replaces_and_comes_last():
    document = activated(activated(activated(EMPTY, one("a")), one("b")), one("a", started=20.0))
    assert [(each.name, each.started) for each in playing(document, ())] == [("b", 10.0), ("a", 20.0)]
    assert [each.name for each in playing(deactivated(document, "b", 21.0), ())] == ["a"]


def test_a_scenario_of_the_start_counts_until_its_name_is_switched():
    first = (one("a", started=10.0),)
    assert playing(EMPTY, first) == list(first)
    assert playing(deactivated(EMPTY, "a", 11.0), first) == []
    for_a_while = activated(EMPTY, one("a", started=12.0, ends=13.0))
    assert [each.started for each in playing(for_a_while, first)] == [12.0]
    assert playing(pruned(for_a_while, 14.0), first) == []
    # A fleet that begins with it later is not meant by what was ended before.
    assert playing(deactivated(EMPTY, "a", 11.0), (one("a", started=12.0),)) == [one("a", started=12.0)]


def test_what_is_over_is_pruned():
    document = activated(activated(EMPTY, one("a", ends=20.0)), one("b"))
    assert pruned(document, 19.9) is document
    assert [each.name for each in pruned(document, 20.0).scenarios] == ["b"]


def test_an_agenda_tells_what_holds_when():
    flapping = Scenario(
        phases=(Phase(name="down", duration_secs=10, set={"errors": {}}), Phase(duration_secs=5)), repeat=True
    )
    document = Document(
        patch={"response": {}}, scenarios=(Activation("f", flapping, {}, 100.0), one("late", started=112.0, limits={}))
    )
    agenda = Agenda(document, ())
    before, down, up, both, down_again = [agenda.at(now) for now in (99, 100, 110, 112, 115)]
    assert (before.scenarios, before.until) == ({}, 100.0)
    assert (down.scenarios, down.until) == ({"f": "down"}, 110.0)
    assert (up.scenarios, up.until) == ({"f": "2"}, 112.0)
    assert (both.scenarios, both.until) == ({"f": "2", "late": "1"}, 115.0)
    assert [source for source, _ in down_again.layers] == ["runtime", "scenario f", "scenario late"]
    assert len({moment.key for moment in (before, down, up, both, down_again)}) == 5
    assert agenda.at(130).key == down_again.key
    tried = list(agenda.rehearsals())
    assert [len(layers) for layers in tried] == [1, 2, 2, 2]
