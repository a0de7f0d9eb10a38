"""A scenario is everywhere the moment that the admin call has returned, and nowhere once it is over."""

import asyncio
import datetime as dt
import time

import pytest
from loading import Steady, prepared, run
from serving import Simulator

CHAT = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 5}
SWITCHES = 100
MARGIN = 0.1
"""Seconds: how far from its time an expiry may be seen."""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("scenarios"), "--latency", "none", workers=4) as simulator:
        yield simulator


def switch(fleet, what, body=None):
    answer = fleet.ask(f"/admin/scenarios/outage/{what}", body if body is not None else {})
    assert answer.status == 200, answer.body
    return answer.json()


def test_no_request_after_the_reply_sees_the_old_state(fleet):
    async def scenario():
        spans = []
        async with Steady(fleet.port, prepared("/v1/chat/completions", CHAT), 400, 32) as load:
            for _ in range(SWITCHES):
                for what, works in (("activate", False), ("deactivate", True)):
                    await asyncio.to_thread(switch, fleet, what)
                    spans.append([time.monotonic(), None, works])
                    seen = len(load.found)
                    while len(load.found) < seen + 8:
                        await asyncio.sleep(0.002)
                    spans[-1][1] = time.monotonic()
        assert load.failures == []
        wrong, judged = [], 0
        for start, end, works in spans:
            for response in load.found:
                if response.began >= start and response.ended <= end:
                    judged += 1
                    if (response.status == 200) is not works:
                        wrong.append((response.status, works, response.began - start))
        assert judged > 4 * SWITCHES
        assert wrong == []

    run(scenario)


def test_every_worker_has_applied_it_when_the_call_returns(fleet):
    switched = switch(fleet, "activate")
    workers = fleet.ask("/admin/workers").json()["workers"]
    assert len(workers) == 4
    assert {worker["applied_revision"] for worker in workers} == {switched["revision"]}
    switch(fleet, "deactivate")


def test_it_ends_at_its_time(fleet):
    async def scenario():
        async with Steady(fleet.port, prepared("/v1/chat/completions", CHAT), 400, 32) as load:
            skew = time.time() - time.monotonic()
            told = await asyncio.to_thread(switch, fleet, "activate", {"duration_seconds": 1.5})
            returned = time.monotonic()
            ends = dt.datetime.fromisoformat(told["expires_at"]).timestamp() - skew
            while time.monotonic() < ends + 3 * MARGIN:
                await asyncio.sleep(0.01)
        assert 1.0 < ends - returned < 1.6
        during = [response for response in load.found if response.began > returned and response.ended < ends - MARGIN]
        after = [response for response in load.found if response.began > ends + MARGIN]
        assert len(during) > 100
        assert len(after) > 20
        assert all(response.status != 200 for response in during)
        assert all(response.status == 200 for response in after)
        active = (await asyncio.to_thread(fleet.ask, "/admin/scenarios")).json()["active"]
        assert active == []

    run(scenario)
