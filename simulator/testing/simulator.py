"""The simulator as one test sees it. Wiring of what the test says and asks to the fleet that runs."""

import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simulator.testing.calls import Calls, Usage
from simulator.testing.environment import TEST_HEADER, base_url, variables
from simulator.testing.fleet import Fleet, Test, merged
from simulator.testing.rules import When, condition
from simulator.testing.sent import SentRequest

ERRORS = ("authentication", "rate_limit", "overloaded", "server_error", "timeout")
DISTRIBUTIONS = ("ttft", "itl")


class Simulator:
    """A simulator for one test: where it is, what it answers the test with, and what the test's clients sent.

    What is said here holds for the test's own requests, which bring its key (`api_key`) or name it in a header
    (`headers`), and ends with the test. Requests that name no test are those of the one that runs. Every method may be
    called from any thread; when one returns, what it says holds.
    """

    def __init__(self, fleet: Fleet, test: Test) -> None:
        self._fleet = fleet
        self._test = test
        self._lock = threading.RLock()
        self.url = fleet.process.url
        """The address, such as `http://127.0.0.1:40123`."""
        self.api_key = test.key
        """The test's own key; any provider's client takes it."""
        self.headers: Mapping[str, str] = {TEST_HEADER: test.name}
        """For clients that bring a key of their own."""

    def base_url(self, provider: str) -> str:
        """The base address that a provider's client wants. Raises KeyError for one that there is not."""
        return base_url(self.url, provider)

    @property
    def openai_base_url(self) -> str:
        """For `OpenAI(base_url=…)`."""
        return self.base_url("openai")

    @property
    def anthropic_base_url(self) -> str:
        """For `Anthropic(base_url=…)`."""
        return self.base_url("anthropic")

    @property
    def gemini_base_url(self) -> str:
        """For `genai.Client(http_options={"base_url": …})`."""
        return self.base_url("gemini")

    @property
    def azure_endpoint(self) -> str:
        """For `AzureOpenAI(azure_endpoint=…)`."""
        return self.base_url("azure")

    @property
    def cohere_base_url(self) -> str:
        """For `cohere.ClientV2(base_url=…)`."""
        return self.base_url("cohere")

    @property
    def mistral_base_url(self) -> str:
        """For `Mistral(server_url=…)`."""
        return self.base_url("mistral")

    @property
    def ollama_base_url(self) -> str:
        """For `ollama.Client(host=…)`."""
        return self.base_url("ollama")

    def environment(self, present: Mapping[str, str]) -> dict[str, str | None]:
        """What the clients' environment variables are to be; None takes one away. `present` is the environment."""
        return variables(self.url, self.api_key, self._test.name, present)

    def rules(self, rules: Iterable[Mapping[str, Any]]) -> None:
        """Answer by these rules, written as in the configuration. They hold before all else that the test says.

        Another call puts others in their place. Raises `RefusedError` for what is no rule, and then changes nothing.
        """
        given = list(rules)
        with self._lock:
            before = self._test.sayings.saved()
            self._test.sayings.replace(given)
            self._apply(before)

    def answer(
        self,
        text: str | None = None,
        *,
        when: When | str | None = None,
        times: int | None = None,
        json: Any = None,
        tool_calls: Sequence[Mapping[str, Any]] | None = None,
        refusal: str | None = None,
        reasoning: str | None = None,
        finish: str | None = None,
        echo: bool = False,
    ) -> None:
        """Answer requests that fit `when`: a part of the last message, or a mapping as under `when` of a rule.

        So many `times`, after what was said before, or all from then on. Raises `RefusedError` as `rules` does.
        """
        given = {"text": text, "json": json, "refusal": refusal, "reasoning": reasoning, "finish": finish}
        answer: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
        if tool_calls is not None:
            answer["tool_calls"] = [dict(call) for call in tool_calls]
        if echo:
            answer["echo"] = True
        self._say(when, answer, times)

    def fail(
        self,
        error: str = "server_error",
        *,
        times: int | None = None,
        when: When | str | None = None,
        retry_after: float | None = None,
        after_ms: float = 0,
    ) -> None:
        """Fail, in the provider's own shape: one of `ERRORS`. The rest as in `answer`.

        `retry_after` is what the header says, in seconds. A `timeout` closes the connection after `after_ms`.
        """
        failure: dict[str, Any] = {"error": error, "after_ms": after_ms}
        if retry_after is not None:
            failure["retry_after_secs"] = retry_after
        self._say(when, failure, times)

    def latency(
        self,
        ttft_ms: float | Mapping[str, Any] = 0,
        itl_ms: float | Mapping[str, Any] = 0,
        *,
        model: str = "*",
    ) -> None:
        """Answer at this pace: the time to the first token and between two, in milliseconds, or distributions.

        It holds for every request while the test runs. Where the configuration names a model of its own, `model` must
        name it too.
        """
        paces = dict(zip(DISTRIBUTIONS, map(_distribution, (ttft_ms, itl_ms)), strict=True))
        pace = {**paces, "prefill_ms_per_token": 0}
        self.configure({"simulation": {"latency": "profile"}, "providers": {model: {"latency": pace}}})

    def configure(self, patch: Mapping[str, Any]) -> None:
        """Change any other part of the configuration, for every request while the test runs. Raises `RefusedError`."""
        with self._lock:
            before = self._test.patch
            self._test.patch = merged(before, patch)
            try:
                self._fleet.apply()
            except BaseException:
                self._test.patch = before
                raise

    def seed(self, seed: int) -> None:
        """Draw answers, latencies and failures from another seed while the test runs."""
        self.configure({"simulation": {"seed": seed}})

    def scenario(self, name: str, **parameters: Any) -> None:
        """Let a scenario begin, for every request; it ends with the test. Raises `RefusedError`."""
        self._fleet.begin_scenario(self._test, name, parameters)

    def reset(self) -> None:
        """Take back all that the test has said; scenarios go on to the test's end."""
        with self._lock:
            self._test.sayings.clear()
            self._test.patch = {}
            self._fleet.apply()

    @property
    def requests(self) -> Calls:
        """What the test's clients have sent so far, in the order of arrival.

        A request is here before the first byte of its answer is sent.
        """
        found, strays = self._fleet.sent(self._test)
        return Calls(found, strays)

    def calls(self, name: str) -> Calls:
        """Those of one endpoint, by its name (`chat_completions`, `messages`) or its path (`/v1/messages`)."""
        return self.requests.where(**{"path" if name.startswith("/") else "endpoint": name})

    @property
    def last_request(self) -> SentRequest:
        """The last one. Raises AssertionError if there is none."""
        __tracebackhide__ = True
        return self.requests.last

    @property
    def retries(self) -> Calls:
        """Requests that repeat another one."""
        return self.requests.retries

    @property
    def usage(self) -> Usage:
        """What the test's requests are billed with."""
        return self.requests.usage

    def assert_called(self, times: int | None = None, **conditions: Any) -> Calls:
        """As `Calls.assert_called`, of all requests."""
        __tracebackhide__ = True
        return self.requests.assert_called(times, **conditions)

    def assert_called_once(self, **conditions: Any) -> SentRequest:
        """As `Calls.assert_called_once`, of all requests."""
        __tracebackhide__ = True
        return self.requests.assert_called_once(**conditions)

    def assert_not_called(self, **conditions: Any) -> None:
        """As `Calls.assert_not_called`, of all requests."""
        __tracebackhide__ = True
        self.requests.assert_not_called(**conditions)

    def assert_last(self, **conditions: Any) -> SentRequest:
        """As `Calls.assert_last`, of all requests."""
        __tracebackhide__ = True
        return self.requests.assert_last(**conditions)

    def _say(self, when: "When | str | None", answer: Mapping[str, Any], times: int | None) -> None:
        if times is not None and times < 1:
            raise ValueError("times must be 1 or more, or None for all requests from then on")
        with self._lock:
            sayings = self._test.sayings
            before = sayings.saved()
            sayings.say(condition(when), answer, times, self._fleet.planned(self._test) if sayings.rules else 0)
            self._apply(before)

    def _apply(self, before: Any) -> None:
        """Have what is said hold; what the simulator refuses is taken back."""
        try:
            self._fleet.apply()
        except BaseException:
            self._test.sayings.restore(before)
            raise


def _distribution(value: "float | Mapping[str, Any]") -> dict[str, Any]:
    """A latency as the configuration has it."""
    return dict(value) if isinstance(value, Mapping) else {"distribution": "constant", "value_ms": value}
