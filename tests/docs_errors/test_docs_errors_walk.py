"""docs/errors.md keeps its word: every row that can be produced is produced, by a real fleet, as the row says."""

import json
import signal
from contextlib import ExitStack

import pytest
from errors_asking import ask, codes_of, message_of
from errors_page import PAGE, STOPPING, configuration, counted, rows
from serving import Simulator

from simulator.providers.registry import BUILT_IN

if not PAGE.exists():
    pytest.skip("the page is in the checkout, and the tests run away from it", allow_module_level=True)

ROWS = rows()
MOST_ROWS = 20
PRODUCED = 0.95
"""Of all rows, at least."""
ENDINGS = [row for row in ROWS if STOPPING in row.how]
DRAINING = {
    "simulation": {"latency": "profile"},
    "server": {"shutdown_timeout_secs": 0.3},
    "providers": {
        "*": {
            "latency": {
                "ttft": {"distribution": "constant", "value_ms": 1},
                "itl": {"distribution": "constant", "value_ms": 200},
            }
        }
    },
}
"""A fleet whose streams are still under way when their time to end is over."""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("errors"), config=configuration(), workers=2) as it:
        yield it


@pytest.mark.parametrize("provider", BUILT_IN)
def test_every_row_is_produced(fleet, provider):
    own = [row for row in ROWS if row.provider == provider]
    assert len(own) >= MOST_ROWS
    wrong = []
    for row in own:
        if row.produced and row not in ENDINGS:
            status, codes, message = ask(fleet, row)
            if (status, codes) != (row.status, row.codes) or (message and not row.says(message)):
                wrong.append((row.how, (status, codes, message), (row.status, row.codes, row.sentence)))
    assert not wrong


def test_the_page_counts_its_rows():
    produced = sum(row.produced for row in ROWS)
    assert counted() == (produced, len(ROWS))
    assert produced / len(ROWS) >= PRODUCED
    assert len({(row.provider, row.status, row.codes, row.sentence, row.how) for row in ROWS}) == len(ROWS)


def test_every_provider_has_the_errors_of_every_client_library():
    """The classes of exceptions that the official clients have stand for these statuses."""
    told = {provider: {row.status for row in ROWS if row.provider == provider} for provider in BUILT_IN}
    assert {"400", "401", "403", "404", "409", "422", "429", "500", "503", "closed"} <= told["openai"]
    assert {"400", "401", "402", "403", "404", "409", "413", "429", "500", "504", "529"} <= told["anthropic"]
    assert {"400", "403", "404", "429", "499", "500", "503", "504"} <= told["gemini"]
    assert {"400", "401", "403", "404", "408", "429", "500", "503"} <= told["azure"]
    statuses = {"400", "401", "403", "404", "422", "429", "498", "499", "500", "501", "503", "504"}
    assert statuses <= told["cohere"]
    assert {"400", "401", "402", "403", "404", "422", "429", "500", "502", "503", "504"} <= told["mistral"]
    assert {"400", "404", "429", "500", "502"} <= told["ollama"]


def test_streams_end_in_band_while_the_fleet_stops(tmp_path):
    assert {row.provider for row in ENDINGS} == set(BUILT_IN)
    with Simulator(tmp_path, config=DRAINING, workers=1) as stopping, ExitStack() as open_ones:
        streams = []
        for row in ENDINGS:
            (step,) = row.steps
            connection = open_ones.enter_context(stopping.connect())
            headers = {"content-type": "application/json", **step.headers}
            connection.request(step.method, step.path, step.body, headers)
            response = connection.getresponse()
            assert response.read1(1), row.provider
            streams.append((row, response))
        stopping.process.send_signal(signal.SIGTERM)
        for row, response in streams:
            assert str(response.status) == row.status

            body = _last(response.read().decode())
            assert codes_of(row.provider, body) == row.codes
            assert row.says(message_of(row.provider, body))


def _last(text):
    """The last frame of a stream that is JSON; Cohere's has its error as a text within."""
    lines = [line.removeprefix("data: ") for line in text.splitlines()]
    frame = json.loads([line for line in lines if line.startswith("{")][-1])
    return {"message": frame["delta"]["error"]} if "delta" in frame and "error" in frame["delta"] else frame
