"""The engine with a load model and degradation: the same draws, and a plan that its circumstances repeat exactly."""

from itertools import pairwise

import msgspec
import pytest

from simulator.config.latency import Latency
from simulator.config.load import load
from simulator.config.load_model import Degradation, Load
from simulator.engine.circumstances import CALM, Circumstances
from simulator.engine.engine import Engine
from simulator.engine.plan import Address
from simulator.engine.request import Message, Operation, Request
from simulator.server.failing.told import read, told

HELLO = Request(Operation.CHAT, "openai", "gpt-4o", (Message("user", "Hello"),))
EMBED = Request(Operation.EMBEDDING, "openai", "text-embedding-3-small", inputs=("one", "two"))
LOAD = Load(knee=4, decode_slowdown=3, capacity=20, service_ms=2_000)
DEGRADATION = Degradation(per_hour=0.5)


def make(latency=None, **flags):
    """An engine whose every card has the latency's moment: what the catalogue and `providers` may both give."""
    loaded = load(environ={}, flags=flags)
    catalogue = loaded.catalogue
    if latency is not None:
        catalogue = {
            name: msgspec.structs.replace(
                card,
                latency=msgspec.structs.replace(card.latency, load=latency.load, degradation=latency.degradation),
            )
            for name, card in catalogue.items()
        }
    return Engine(loaded.config, catalogue)


PLAIN = make()
PRESSED = make(Latency(load=LOAD, degradation=DEGRADATION))


def at(sequence):
    return Address(42, 0, 0, sequence)


def test_a_plan_without_load_or_age_is_the_one_without_a_model_of_them():
    for request in (HELLO, EMBED):
        for sequence in range(20):
            assert PRESSED.plan(request, at(sequence)) == PLAIN.plan(request, at(sequence))
            quiet = PRESSED.plan(request, at(sequence), circumstances=Circumstances(load=4))
            assert quiet.offsets == PLAIN.plan(request, at(sequence)).offsets


def test_the_load_changes_what_is_made_of_the_draws_and_no_draw():
    for sequence in range(20):
        calm = PLAIN.plan(HELLO, at(sequence)).offsets
        busy = PRESSED.plan(HELLO, at(sequence), circumstances=Circumstances(load=8)).offsets
        assert busy[0] == pytest.approx(calm[0] * 2)
        gaps = [late - early for early, late in pairwise(calm)]
        assert [late - early for early, late in pairwise(busy)] == pytest.approx([gap * 3 for gap in gaps])


def test_an_answer_as_a_whole_waits_as_well():
    calm, busy = PLAIN.plan(EMBED, at(3)), PRESSED.plan(EMBED, at(3), circumstances=Circumstances(load=30))
    assert busy.offsets == pytest.approx([calm.offsets[0] * 5 + 1.0])
    assert busy.outcome == calm.outcome


def test_what_the_header_tells_makes_the_same_plan_again_on_another_engine():
    again = make(Latency(load=LOAD, degradation=DEGRADATION))
    for sequence in range(10):
        met = Circumstances(load=7 + sequence, age=1_234.567 * sequence)
        first = PRESSED.plan(HELLO, at(sequence), circumstances=met)
        before = read(told(met))
        replayed = Circumstances(load=int(before["load"]), age=before.get("age", 0.0))
        assert again.plan(HELLO, at(sequence), circumstances=replayed) == first
        assert PRESSED.plan(HELLO, at(sequence), circumstances=CALM).offsets != first.offsets


def test_an_engine_tells_whether_anything_depends_on_the_moment():
    assert (PLAIN.varies, PRESSED.varies) == (False, True)
    assert make(**{'providers."*".latency.load.knee': 4}).varies
    assert not make(**{'providers."*".latency.load.enabled': False}).varies


def test_without_latency_nothing_is_slow_whatever_the_load():
    at_once = make(Latency(load=LOAD, degradation=DEGRADATION), **{"simulation.latency": "none"})
    assert at_once.plan(HELLO, at(1), circumstances=Circumstances(load=900, age=1e6)).offsets == []


def test_the_scale_is_over_all():
    slow = make(Latency(load=LOAD, degradation=DEGRADATION), **{"simulation.latency_scale": 2.5})
    met = Circumstances(load=33, age=5_000.0)
    offsets = PRESSED.plan(HELLO, at(1), circumstances=met).offsets
    assert slow.plan(HELLO, at(1), circumstances=met).offsets == pytest.approx([2.5 * offset for offset in offsets])
