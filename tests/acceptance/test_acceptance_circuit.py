"""A circuit breaker under load walks closed, open, half-open, closed: on every worker at once, and seen in metrics."""

import asyncio

from loading import Steady, prepared, run, until

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
WORKERS = 4
PROBES = 3
PROBE_SECONDS = 0.5
OPEN_SECONDS = 1.5
MARGIN = 0.25
"""Seconds by which what a client sees of a moment may be off."""
CONFIG = {
    "circuit_breaker": {"enabled": True, "failure_threshold": 5, "open_secs": OPEN_SECONDS, "probes": PROBES},
    "providers": {
        "*": {
            "latency": {
                "ttft": {"distribution": "constant", "value_ms": PROBE_SECONDS * 1000},
                "itl": {"distribution": "constant", "value_ms": 0},
            }
        }
    },
}
STATE = 'llm_simulator_circuit_state{provider="openai"}'
ENTERED = 'llm_simulator_circuit_transitions_total{provider="openai",state="%s"}'


def fail(fleet, probability):
    answer = fleet.ask("/admin/config", {"errors": {"server_error": {"probability": probability}}})
    assert answer.status == 200, answer.body


def state(fleet):
    return fleet.metrics()[STATE]


def circuit_of(fleet):
    [found] = [one for one in fleet.ask("/admin/circuits").json()["circuits"] if one["provider"] == "openai"]
    return found


def test_it_walks_through_its_states_under_load(serve):
    fleet = serve(config=CONFIG, workers=WORKERS)

    async def scenario():
        async with Steady(fleet.port, prepared("/v1/chat/completions", CHAT), 200, 16) as load:
            await until(lambda: load.found, "the first answers")
            assert await asyncio.to_thread(state, fleet) == 0
            await asyncio.to_thread(fail, fleet, 1)
            await until(lambda: any(one.status == 503 for one in load.found), "a refusal")
            assert await asyncio.to_thread(state, fleet) == 2
            left = (await asyncio.to_thread(circuit_of, fleet))["open_for_seconds"]
            await asyncio.to_thread(fail, fleet, 0)
            await until(lambda: state(fleet) == 1, "the circuit to be half-open")
            probing = await asyncio.to_thread(circuit_of, fleet)
            await until(lambda: state(fleet) == 0, "the circuit to be closed")
            seen = len(load.found)
            await until(lambda: len(load.found) > seen + 40, "answers of the closed circuit")
        assert load.failures == []
        return load.found, left, probing

    found, left, probing = run(scenario)
    assert 0 < left <= OPEN_SECONDS
    assert (probing["state"], probing["probes"]["allowed"]) == ("half_open", PROBES)
    refused = [one for one in found if one.status == 503]
    opened = [one for one in refused if one.headers["x-llm-sim-circuit"] == "open"]
    crowded = [one for one in refused if one.headers["x-llm-sim-circuit"] == "half_open"]
    assert len(opened) + len(crowded) == len(refused)
    # Open: every worker refuses, and tells how long to wait.
    assert {one.headers["x-llm-sim-shard"] for one in opened} == {f"0.{ordinal}" for ordinal in range(WORKERS)}
    assert {int(one.headers["retry-after"]) for one in opened} == {1, 2}
    first = min(one.ended for one in opened)
    last = max(one.began for one in opened)
    assert OPEN_SECONDS - MARGIN < last - first < OPEN_SECONDS + MARGIN
    during = [one for one in found if first < one.began < last - MARGIN]
    assert {one.status for one in during} == {503}
    assert len([one for one in found if one.status == 500]) >= CONFIG["circuit_breaker"]["failure_threshold"]
    # Half-open: as many go through as there are probes, and everybody else is refused meanwhile.
    assert {int(one.headers["retry-after"]) for one in crowded} == {1}
    ends = max(one.began for one in crowded)
    assert ends - last > PROBE_SECONDS - MARGIN
    through = [one.status for one in found if last - MARGIN < one.began < ends - MARGIN and one.status != 503]
    assert through == [200] * PROBES
    # Closed: answers again, and each change has happened once in the whole fleet.
    assert {one.status for one in found if one.began > ends + MARGIN} == {200}
    counted = fleet.metrics()
    assert [counted[ENTERED % word] for word in ("open", "half_open", "closed")] == [1, 1, 1]
