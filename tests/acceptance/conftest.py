"""Fleets of the real product for the tests of this folder."""

import contextlib
import os

import pytest
from serving import Simulator


@pytest.fixture(autouse=True, scope="module")
def product_speed():
    """Fleets of this folder run as they do for users: measuring coverage in their processes would slow them.

    What they reach is reached by the tests of the single rooms, too.
    """
    name = "COVERAGE_PROCESS_CONFIG"
    kept = os.environ.pop(name, None)
    yield
    if kept is not None:
        os.environ[name] = kept


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
