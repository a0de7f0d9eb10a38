"""The official clients retry as their sources say: how often, after how long, and what they leave alone.

Most of these tests take the place of `time.sleep`, which all of the clients wait with, and look at what they meant to
wait; one waits.
"""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from faults_retrying import CONFIG, LONG, RETRIES, TOLD, arrived, failing, retrying, statuses
from serving import Simulator

RETRIERS = ("openai", "anthropic", "azure", "cohere", "mistral", "gemini")
OBEDIENT = ("openai", "anthropic", "azure", "cohere", "mistral")


@pytest.fixture(scope="module")
def unreliable(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("retries"), "--latency", "none", config=CONFIG, workers=1) as it:
        yield it


@pytest.fixture
def slept(monkeypatch):
    """What the clients meant to wait, in seconds; none of them waits."""
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


def asked(fleet, name, failure, *, stream=False, key=None):
    """Ask once for a failure; the error that was raised in the end, or None."""
    with retrying(fleet.url, name, key or f"{name}-{failure}") as ask:
        try:
            for _ in ask(failing(name, failure), stream, 20):
                pass
        except Exception as error:  # noqa: BLE001 - the tests look at it
            return error
    return None


def status_of(error):
    return getattr(error, "status_code", None) or getattr(error, "code", None)


def within(waits, *bounds):
    """Whether there are as many waits as bounds, each between its two."""
    return len(waits) == len(bounds) and all(
        low <= wait <= high for wait, (low, high) in zip(waits, bounds, strict=True)
    )


def test_the_wait_that_is_told_is_waited(unreliable):
    """`Retry-After: 1`, for real: the second try arrives a second after the first, and is answered."""
    with ThreadPoolExecutor(len(OBEDIENT)) as pool:
        errors = list(pool.map(lambda name: asked(unreliable, name, "limited"), OBEDIENT))
    assert errors == [None] * len(OBEDIENT)
    for name in OBEDIENT:
        (first, began), (second, again) = arrived(unreliable, name, "limited")
        assert (first, second) == (429, 200), name
        assert again - began >= TOLD, name


@pytest.mark.parametrize(
    ("name", "wait"), [("openai", 0.25), ("azure", 0.25), ("anthropic", 1), ("cohere", 1), ("mistral", 1)]
)
def test_milliseconds_are_preferred_where_they_are_told(unreliable, slept, name, wait):
    """OpenAI and Azure send `retry-after-ms` besides, which their client reads first (`_parse_retry_after_header` of
    openai, `_base_client.py`); the others are told whole seconds, rounded up."""
    assert asked(unreliable, name, "precise") is None
    assert slept == [wait]
    assert statuses(unreliable, name, "precise") == [429, 200]


@pytest.mark.parametrize(
    ("name", "waits"),
    [("openai", []), ("azure", []), ("anthropic", [LONG]), ("cohere", [60]), ("mistral", [LONG])],
)
def test_a_long_wait(unreliable, slept, name, waits):
    """openai gives up above two minutes (`_should_retry`, `MAX_RETRY_AFTER_DELAY`), anthropic obeys whatever is told
    (`_calculate_retry_timeout`), so does mistralai (`_get_sleep_interval`), and cohere comes after a minute, too early
    (`_retry_timeout`, `MAX_RETRY_DELAY_SECONDS`)."""
    error = asked(unreliable, name, "long")
    assert slept == waits
    assert statuses(unreliable, name, "long") == ([429, 200] if waits else [429])
    assert status_of(error) == (None if waits else 429)


@pytest.mark.parametrize(
    ("name", "bounds"),
    [
        ("openai", [(0.375, 0.5), (0.75, 1)]),
        ("azure", [(0.375, 0.5), (0.75, 1)]),
        ("anthropic", [(0.375, 0.5), (0.75, 1)]),
        ("cohere", [(0.9, 1.1), (1.8, 2.2)]),
        ("mistral", [(0.5, 1.5), (0.75, 1.75)]),
        ("gemini", [(1, 2), (2, 3)]),
    ],
)
def test_the_pauses_grow_where_none_is_told(unreliable, slept, name, bounds):
    """openai and anthropic: half a second, doubled, less up to a quarter (`_calculate_retry_timeout`). cohere: a
    second, doubled, a tenth more or less (`_retry_timeout`). mistralai: as its `BackoffStrategy` says, and up to a
    second more (`_get_sleep_interval`). google-genai: a second, doubled, and up to a second more (`retry_args`)."""
    assert asked(unreliable, name, "failing") is None
    assert within(slept, *bounds), slept
    assert statuses(unreliable, name, "failing") == [500] * RETRIES + [200]


def test_gemini_does_not_read_retry_after(unreliable, slept):
    """`retry_args` of google-genai knows of a growing pause alone: it comes before the time that it was told."""
    assert asked(unreliable, "gemini", "long") is None
    assert within(slept, (1, 2)), slept
    assert statuses(unreliable, "gemini", "long") == [429, 200]


@pytest.mark.parametrize("name", [name for name in RETRIERS if name != "mistral"])
def test_tries_run_out(unreliable, slept, name):
    """Mistral's client counts no tries: it goes on until its `max_elapsed_time` is over."""
    assert status_of(asked(unreliable, name, "down")) == 503
    assert statuses(unreliable, name, "down") == [503] * (RETRIES + 1)
    assert len(slept) == RETRIES


@pytest.mark.parametrize("name", RETRIERS)
def test_what_is_wrong_is_not_asked_again(unreliable, slept, name):
    """A 400; anthropic is told `x-should-retry: false` besides."""
    assert status_of(asked(unreliable, name, "wrong")) == 400
    assert statuses(unreliable, name, "wrong") == [400]
    assert slept == []


@pytest.mark.parametrize(
    ("name", "status", "tries"),
    [
        ("openai", 429, 2),
        ("azure", 429, 2),
        ("gemini", 429, 2),
        ("anthropic", 400, 1),
        ("cohere", 402, 1),
        ("mistral", 402, 1),
    ],
)
def test_who_has_no_money_left_asks_in_vain(unreliable, slept, name, status, tries):
    """Where it is a 429 the client cannot tell it from a limit that time heals, and asks again."""
    error = asked(unreliable, name, "poor")
    assert statuses(unreliable, name, "poor") == [status, 200][:tries]
    assert len(slept) == tries - 1
    assert status_of(error) == (status if tries == 1 else None)


@pytest.mark.parametrize("failure", ["late", "conflict"])
@pytest.mark.parametrize(
    ("name", "statuses_retried"),
    [
        ("openai", {408, 409}),
        ("azure", {408, 409}),
        ("anthropic", {408, 409}),
        ("cohere", {408, 409}),
        ("gemini", {408}),
        ("mistral", set()),
    ],
)
def test_timeouts_and_conflicts(unreliable, slept, name, statuses_retried, failure):
    """openai, anthropic and cohere try 408 and 409 again (`_should_retry`), google-genai 408 alone
    (`_RETRY_HTTP_STATUS_CODES`), mistralai neither (the list in each method, `retry_config`)."""
    status = {"late": 408, "conflict": 409}[failure]
    error = asked(unreliable, name, failure)
    again = status in statuses_retried
    assert statuses(unreliable, name, failure) == ([status, 200] if again else [status])
    assert (error is None) is again


@pytest.mark.parametrize("name", ["openai", "azure", "anthropic"])
def test_x_should_retry_false_stops_them(unreliable, slept, name):
    """A request that is larger than its limit allows in a minute will never be admitted: the 429 says so."""
    error = asked(unreliable, name, "nothing", key=f"small-{name}")
    assert error.status_code == 429
    assert error.response.headers["x-should-retry"] == "false"
    assert statuses(unreliable, name, "nothing") == [429]
    assert slept == []


@pytest.mark.parametrize(
    ("name", "tries"),
    [("openai", 2), ("azure", 2), ("anthropic", 2), ("mistral", 2), ("cohere", 1), ("gemini", 1)],
)
def test_a_connection_that_is_reset(unreliable, slept, name, tries):
    """openai and anthropic ask again after any error of the connection, mistralai after those of the network if
    `retry_connection_errors` is on. cohere and google-genai do so only if there was no connection, or after a time-out
    (`HttpClient.request`, `retry_args`)."""
    error = asked(unreliable, name, "away")
    assert statuses(unreliable, name, "away") == [None, 200][:tries]
    assert (error is None) is (tries == 2)
    assert len(slept) == tries - 1


@pytest.mark.parametrize("name", RETRIERS)
def test_a_stream_that_breaks_off_is_not_asked_again(unreliable, slept, name):
    """What was read of it cannot be taken back."""
    assert asked(unreliable, name, "cut", stream=True) is not None
    assert statuses(unreliable, name, "cut") == [200]
    assert slept == []


def test_ollamas_client_never_asks_again(unreliable, slept):
    assert status_of(asked(unreliable, "ollama", "limited")) == 429
    assert statuses(unreliable, "ollama", "limited") == [429]
    assert slept == []
