"""Recorded real traffic against ours: every difference in shape is known and listed, and every listed one is there."""

import re
from collections import Counter, defaultdict

import pytest
from recorded_cassettes import CHAT, CODEX, EMBEDDINGS, MESSAGES, RESPONSES, Unavailable, cassettes
from recorded_page import PAGE, SECTIONS, listed, rows, stale, unlisted
from recorded_replay import compare_all, configuration
from serving import Simulator

EXCHANGES = {CHAT: 5, EMBEDDINGS: 4, MESSAGES: 65, RESPONSES: 70, CODEX: 103}
"""How many the archives hold; none may be passed over."""

if not PAGE.exists():
    pytest.skip("the tests run away from the page that lists what is known", allow_module_level=True)


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Every exchange of the archives with how ours differs."""
    try:
        found = cassettes()
    except Unavailable as reason:
        pytest.skip(f"no recordings: {reason}")
    folder = tmp_path_factory.mktemp("recorded")
    with Simulator(folder, "--latency", "none", config=configuration(found), workers=1) as fleet:
        return compare_all(found, fleet)


@pytest.fixture(scope="module")
def differences(compared):
    """By kind of exchange: the sentences, and the exchanges that each of them is about."""
    found = {kind: defaultdict(list) for kind in EXCHANGES}
    for each in compared:
        for sentence in each.found:
            found[each.exchange.kind][sentence].append(each.exchange.name)
    return found


def test_every_exchange_was_compared(compared):
    assert Counter(each.exchange.kind for each in compared) == EXCHANGES


def test_what_was_recorded_streamed_or_plain_is_both_there(compared):
    """A comparison of one form alone would pass over half of the wire."""
    forms = {(each.exchange.kind, each.exchange.streamed) for each in compared}
    assert {(kind, form) for kind in (CHAT, MESSAGES, RESPONSES) for form in (True, False)} <= forms


@pytest.mark.parametrize("kind", EXCHANGES)
def test_every_difference_is_listed(differences, kind):
    found = differences[kind]
    new = unlisted(found, kind, listed())
    told = "\n".join(f"{sentence}  ({len(found[sentence])} times, first {found[sentence][0]})" for sentence in new)
    assert not new, f"not in {PAGE.name}, in a section about {kind}:\n{told}"


def test_every_listed_difference_is_there(differences):
    gone = stale(differences, listed())
    assert not gone, f"{PAGE.name} lists what is no longer so: {gone}"


def test_the_page_is_read_whole():
    """A row in an unknown section, or with words outside its pieces of code, would list nothing."""
    assert {section for section, _ in rows()} == SECTIONS.keys()
    for _, cell in rows():
        assert re.fullmatch(r"`[^`]+`( `[^`]+`)*", cell), cell
    sentences = listed()
    assert len(set(sentences)) == len(sentences)
