"""A timeline as data, as text and as a picture in a file."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scenarios_stage import LOADED

from simulator.config.activation import Activation
from simulator.config.failures import Burst, Failure, Ramp, Window
from simulator.config.library import activated, find
from simulator.config.rules import Match
from simulator.config.scenarios import Phase, Scenario
from simulator.scenarios.chances import chance, edges, lasting, seconds, words
from simulator.scenarios.text import ASCII, UNICODE, lines, shared
from simulator.scenarios.timeline import Chart, Curve, Stretch, chart

FAULT = {"kind": "rate_limit", "probability": 0.4}


def drawn(*phases, repeat=False, **parameters):
    definition = Scenario(phases=phases, repeat=repeat, parameters=parameters)
    return chart(LOADED, Activation("mine", definition, parameters, 0.0))


def shipped(name, **parameters):
    return chart(LOADED, activated(find(LOADED.config, name, "test"), parameters, started=0.0, source="test"))


# Chances


def test_a_chance_is_what_its_conditions_make_of_it():
    assert chance(Failure(probability=0.5, every=5), 3.0) == 0.1
    assert chance(Failure(enabled=False), 3.0) == 0
    ramp = Failure(probability=0.5, ramp=Ramp(begin=1.0, end=0.2, over_secs=10))
    assert [chance(ramp, at) for at in (0, 5, 10, 99)] == [
        0.5,
        pytest.approx(0.3),
        pytest.approx(0.1),
        pytest.approx(0.1),
    ]
    burst = Failure(burst=Burst(begin=0.1, end=0.3, inside=0.8, outside=0.4))
    assert chance(burst, 0) == pytest.approx(0.25 * 0.8 + 0.75 * 0.4)
    window = Failure(window=Window(after_secs=2, for_secs=1, every_secs=5))
    assert [chance(window, at) for at in (1.9, 2, 2.9, 3, 6.9, 7, 8)] == [0, 1, 1, 0, 0, 1, 0]
    assert list(edges(window, 13)) == [2, 3, 7, 8, 12]
    assert lasting(window) == 13
    assert list(edges(Failure(window=Window(after_secs=1)), 9)) == [1]


def test_failures_in_words():
    failure = Failure(
        kind="rate_limit", probability=0.5, every=3, first=2, count_by="key", when=Match(model="gpt*", stream=True),
        burst=Burst(begin=0.01, end=0.25), ramp=Ramp(over_secs=90), retry_after_secs=7, status=498,
        window=Window(after_secs=5, for_secs=1, every_secs=10),
    )  # fmt: skip
    assert words(failure) == (
        "rate_limit, probability 0.5, model gpt*, stream true, 1 of 3, the first 2 of each key, in bursts of 4 "
        "requests, 100 apart, times 0 to 1 over 1m30s, from 5s on for 1s, every 10s, status 498, retry_after_secs 7"
    )
    assert [seconds(value) for value in (0, 0.25, 59, 60, 3600, 90_061)] == [
        "0s",
        "0.25s",
        "59s",
        "1m",
        "1h",
        "1d1h1m1s",
    ]


# Data


def test_a_timeline_has_its_phases_and_its_curves():
    first = Phase(name="up", duration_secs=10, set={"simulation": {"latency_scale": 1}, "faults": {"x": {
        **FAULT, "ramp": {"over_secs": 5}}}}, to={"simulation": {"latency_scale": 3}}, steps=5)  # fmt: skip
    found = drawn(first, Phase(duration_secs="${rest}"), Phase(name="on", set={"faults": {"x": FAULT}}), rest=30)
    assert [(one.name, one.begins, one.ends, one.endless) for one in found.stretches] == [
        ("up", 0, 10, False), ("2", 10, 40, False), ("on", 40, 50, True)]  # fmt: skip
    assert found.stretches[0].sets == (
        "simulation.latency_scale: 1 to 3 in 5 steps",
        "faults.x: rate_limit, probability 0.4, times 0 to 1 over 5s",
    )
    scale, x = found.curves
    assert (scale.name, scale.peak, x.name, x.peak) == ("latency_scale", 3.0, "faults.x", 0.4)
    assert [scale.highest(at, at + 0.1) for at in (0, 1.9, 2, 5, 8, 9.9, 10, 45)] == [1, 1, 1.5, 2, 3, 3, 1, 1]
    assert [x.highest(at, at + 1e-9) for at in (0, 2.5, 5, 9, 11, 41)] == pytest.approx(
        [0, 0.2, 0.4, 0.4, 0, 0.4], abs=1e-9
    )


def test_a_window_is_seen_however_short():
    phase = Phase(duration_secs=1000, set={"faults": {"x": {"window": {"after_secs": 500, "for_secs": 0.5}}}})
    (curve,) = drawn(phase).curves
    assert curve.points[0] == (0, 0)
    assert curve.highest(400, 600) == 1
    assert curve.highest(0, 500) == 0
    assert curve.highest(500.5, 1000) == 0


def test_a_failure_of_the_configuration_goes_on_where_the_phases_do_not_set_it():
    ramp = {"faults": {"x": {"ramp": {"over_secs": 20}}}}
    (curve,) = drawn(Phase(duration_secs=10, set=ramp), Phase(duration_secs=10, set=ramp)).curves
    assert [curve.highest(at, at + 1e-9) for at in (0, 5, 10, 15)] == pytest.approx([0, 0.25, 0, 0.25], abs=1e-9)


@settings(max_examples=50)
@given(
    points=st.lists(st.tuples(st.integers(0, 20), st.floats(0, 1)), min_size=2, max_size=12),
    spans=st.tuples(st.integers(0, 19), st.integers(1, 20)),
)
def test_the_highest_of_a_span_is_that_of_its_parts(points, spans):
    times = sorted(time for time, _ in points)
    assume(max(map(times.count, times)) <= 2)  # a jump has two points
    curve = Curve("c", tuple([(float(time), value) for time, (_, value) in zip(times, points, strict=True)]))
    low, high = max(times[0], min(spans)), min(times[-1], max(spans))
    assume(low < high)
    middle = (low + high) / 2
    whole = curve.highest(low, high)
    assert whole == pytest.approx(max(curve.highest(low, middle), curve.highest(middle, high)))
    assert whole <= curve.peak


# Text


@pytest.mark.parametrize("signs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", [40, 57, 80, 200])
def test_no_line_is_wider_than_asked_for(width, signs):
    for name in ("brownout", "multi_provider_incident", "outage", "flapping", "flaky_network"):
        shown = lines(shipped(name), width, signs)
        assert max(map(len, shown)) <= width
        assert signs is UNICODE or "\n".join(shown).isascii()


@settings(max_examples=50)
@given(st.lists(st.floats(0.01, 1e6), min_size=1, max_size=30), st.integers(30, 300))
def test_columns_are_shared_out_in_whole(lengths, columns):
    sizes = shared(lengths, columns)
    assert sum(sizes) == columns
    assert min(sizes) >= 1
    for one, size in zip(lengths, sizes, strict=True):
        assert all(size <= other_size for other, other_size in zip(lengths, sizes, strict=True) if one < 0.99 * other)


def test_a_picture_line_by_line():
    phases = (
        Phase(name="down", duration_secs=10, set={"faults": {"x": {"kind": "reset", "probability": 0.5}}}),
        Phase(name="up", duration_secs=20),
    )
    assert lines(drawn(*phases, repeat=True, rate=0.5), 50, ASCII) == [
        "mine",
        "parameters: rate=0.5",
        "",
        "      0s            10s                30s",
        "phase |down---------|up================|",
        "x     @@@@@@@@@@@@@@                     up to 0.5",
        "then again, until it is ended",
        "",
        "down: 0s to 10s (10s)",
        "  faults.x: reset, probability 0.5",
        "",
        "up: 10s to 30s (20s)",
        "  nothing is set",
    ]


def test_no_name_moves_the_cursor():
    shown = lines(drawn(Phase(name="a\x1b[2J\nb", set={"response": {"kind": "echo"}})), 80)
    assert all(line.isprintable() for line in shown)
    assert any("a?[2J?b" in line for line in shown)


def test_more_phases_than_columns_are_told_in_words():
    many = tuple([Stretch(f"p{place}", place, place + 1.0, False, ()) for place in range(100)])
    shown = lines(Chart("many", "", {}, 3, many, ()), 60)
    assert max(map(len, shown)) <= 60
    assert "3 times in all" in shown
    assert "p99: 1m39s to 1m40s (1s)" in shown


# Pictures in files


def test_a_plot_is_a_picture_that_differs_where_the_timeline_does(tmp_path):
    pytest.importorskip("matplotlib")
    from simulator.scenarios.plot import plot

    files = []
    for place, chart_ in enumerate((shipped("brownout"), shipped("brownout"), shipped("brownout", latency_scale=9.0))):
        for suffix in ("png", "svg"):
            path = tmp_path / f"{place}.{suffix}"
            plot(chart_, path)
            files.append(path.read_bytes())
    png, svg, again, svg_again, other, other_svg = files
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.endswith(b"IEND\xaeB`\x82")
    assert (png, svg) == (again, svg_again)
    assert png != other
    assert svg != other_svg
    text = svg.decode()
    assert all(f">{word}<" in text for word in ("brownout", "rising", "plateau", "falling", "latency scale"))


def test_names_are_drawn_as_they_are(tmp_path):
    pytest.importorskip("matplotlib")
    from simulator.scenarios.plot import plot

    phase = Phase(name="$a_{b}$ \u4e16", set={"providers": {"$x$*": {"errors": {"timeout": {"probability": 1}}}}})
    for suffix in ("png", "svg"):
        plot(drawn(phase, repeat=False), tmp_path / f"x.{suffix}")
    assert "$a_{b}$ \u4e16 …" in (tmp_path / "x.svg").read_text("utf-8")
