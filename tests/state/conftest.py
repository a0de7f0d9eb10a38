"""The stores under test and the clock they go by: time passes when a test says so."""

import asyncio
import importlib
import importlib.util

import pytest

from simulator.state.embedded import places

MAKERS = ("embedded_factory", "redis_factory", "redis_server")
"""Modules beside this one that may offer `FACTORIES`."""


def factories():
    found = {}
    for name in MAKERS:
        if importlib.util.find_spec(name) is not None:
            found |= getattr(importlib.import_module(name), "FACTORIES", {})
    return found


FOUND = factories()


class Clock:
    """Microseconds of a wall clock that a test moves."""

    def __init__(self):
        self.now_us = 1_750_000_000_000_000

    def __call__(self):
        return self.now_us

    def advance(self, us):
        self.now_us += us


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(params=FOUND.values(), ids=FOUND.keys())
def run(request, clock):
    """Runs `async scenario(store, clock)` with an open store, and returns what it returns."""

    def runner(scenario):
        async def main():
            async with request.param(clock) as store:
                return await scenario(store, clock)

        return asyncio.run(asyncio.wait_for(main(), 60))

    return runner


@pytest.fixture
def spare(tmp_path, monkeypatch):
    """Where embedded stores of this process go on when they must."""
    base = tmp_path / "spare"
    base.mkdir()
    monkeypatch.setattr(places, "MEMORY", base)
    return base


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "state"
