"""Fleets of the real product for the tests of this folder."""

import contextlib

import pytest
from serving import Simulator


@pytest.fixture
def serve(tmp_path):
    """A maker of fleets, all stopped at the end: `serve("--latency", "none", workers=4, config={...})`."""
    with contextlib.ExitStack() as stack:
        count = 0

        def make(*arguments, **options):
            nonlocal count
            count += 1
            return stack.enter_context(Simulator(tmp_path / str(count), *arguments, **options))

        yield make
