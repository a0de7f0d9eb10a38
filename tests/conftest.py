"""What every test shares."""

import os

import pytest
from hypothesis import HealthCheck, settings

# Machines that run tests are shared and slow by turns: a property is about values, never about time.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

# Set before numpy is imported by any test: its BLAS would start threads, and a fork with threads is unsafe.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

MEASURED = ("fleet", "supervisor", "test_cli")
"""Where the processes that tests start are measured for coverage too. Elsewhere they run as fast as they do for users,
and what they reach is reached by the tests of the single rooms."""
COVERAGE = "COVERAGE_PROCESS_CONFIG"
"""Makes processes that are started measure their coverage."""

IN_CI = os.environ.get("CI") == "true"


def _no_skip(report):
    """A machine of a user may lack a tool; in CI a test that does not run has failed."""
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    return _no_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report():
    return _no_skip((yield))


def pytest_configure(config):
    # Of several processes that run tests the first one only starts the others, which are measured.
    if hasattr(config, "workerinput") or not getattr(config.option, "numprocesses", None):
        config.stash[KEPT] = os.environ.pop(COVERAGE, None)


KEPT = pytest.StashKey()


@pytest.fixture(autouse=True, scope="module")
def _measured(request):
    """See `MEASURED`."""
    kept = request.config.stash.get(KEPT, None)
    wanted = any(part.startswith(MEASURED) for part in request.path.parts[-2:])
    if kept is None or not wanted:
        yield
        return
    os.environ[COVERAGE] = kept
    yield
    del os.environ[COVERAGE]
