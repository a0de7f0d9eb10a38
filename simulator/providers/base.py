"""What a provider is: one wire dialect, as pure functions over bytes and plans.

A provider decodes a body into a `Request`, encodes a `Plan` into a `Reply` or a `Stream`, and words every
refusal in its own shape. It knows no time, no randomness, no HTTP machinery and no other dialect. The
server owns the address headers (`x-llm-sim-*`), `content-length`, `date` and the sending.
"""

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from simulator.engine.plan import FaultKind, Plan
from simulator.engine.request import Operation, Request

Header = tuple[bytes, bytes]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A whole response. `headers` has the content type and the provider's own, nothing of the server's."""

    status: int
    headers: Sequence[Header]
    body: bytes


class Stream(Protocol):
    """A streamed response, made a step at a time; step i is due at `plan.offsets[i]`."""

    @property
    def headers(self) -> Sequence[Header]:
        """The provider's response headers, with the content type."""

    @property
    def steps(self) -> int:
        """How many steps there are, at least 1."""

    def frames(self, start: int, stop: int) -> bytes:
        """The wire bytes of steps `start` up to but not including `stop`.

        Step 0 opens with the dialect's prologue, the last step ends with its epilogue. Pure: any range may
        be asked for, in any order, and `frames(0, k) + frames(k, steps) == frames(0, steps)`.
        """


class Problem(enum.StrEnum):
    """What was wrong with a request, in neutral terms. A provider maps each to a status and its own words."""

    INVALID = "invalid"
    TOO_LARGE = "too_large"
    UNKNOWN_MODEL = "unknown_model"
    UNKNOWN_PATH = "unknown_path"
    WRONG_METHOD = "wrong_method"
    CONTEXT_LENGTH = "context_length"
    OUTPUT_LIMIT = "output_limit"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    RATE_LIMIT = "rate_limit"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"


class Quota(msgspec.Struct, frozen=True, gc=False):
    """How the rate limit stands that a request was refused for, for the provider's words.

    `resource` is `requests`, `tokens`, `input_tokens`, `output_tokens` or `concurrent`; `period` is `minute`, `day`,
    or empty for `concurrent`. `used` and `remaining` add up to `limit`; `asked` is what this request wanted.
    `reset` is the time in seconds until all of it is there again, `wait` until this request would be granted: 0 if it
    was, infinite if never. `scope` is `model`, `key` or `tenant`.
    """

    resource: str
    period: str
    limit: int
    remaining: int
    asked: int
    reset: float
    wait: float = 0.0
    scope: str = "model"

    @property
    def used(self) -> int:
        """What is used of it."""
        return self.limit - self.remaining


class Level(Protocol):
    """How one rate limit stands after a request, for the provider's headers.

    Of `limit` so much is `remaining`; all of it is there again after `reset_us` microseconds.
    """

    @property
    def limit(self) -> int: ...  # noqa: D102 - told above

    @property
    def remaining(self) -> int: ...  # noqa: D102 - told above

    @property
    def reset_us(self) -> int: ...  # noqa: D102 - told above


QuotaWriter = Callable[[Sequence[Level], float], bytes]
"""From how the limits stand, and the wall clock in Unix seconds, to header lines, each ended by CRLF."""


def tightest(levels: Sequence[Level], places: Sequence[int]) -> Level:
    """Of the levels at these places, one or more, the first of which the smallest share is left."""
    found = levels[places[0]]
    if len(places) == 1:
        return found
    for place in places[1:]:
        other = levels[place]
        if other.remaining * found.limit < found.remaining * other.limit:
            found = other
    return found


class Refusal(Exception):  # noqa: N818 - the word is the domain's: a refusal is an answer, not a crash
    """A request that is not answered, with what the provider needs to say so.

    `message` is the full sentence for the client; empty lets the provider use its own for the problem.
    `param` names the field at fault (`messages[0].role`), `code` is the dialect's own error code,
    `retry_after` is in seconds, `model` the model asked for, and `known` the models there are.
    For CONTEXT_LENGTH and OUTPUT_LIMIT `asked` tokens are beyond the model's `limit`; for TOO_LARGE
    `limit` is in bytes. For a RATE_LIMIT of a real limit `quota` is the limit that was reached.
    """

    def __init__(
        self,
        problem: Problem,
        message: str = "",
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        model: str = "",
        known: Sequence[str] = (),
        limit: int | None = None,
        asked: int | None = None,
        quota: Quota | None = None,
    ) -> None:
        super().__init__(message or problem.value)
        self.problem = problem
        self.message = message
        self.param = param
        self.code = code
        self.retry_after = retry_after
        self.model = model
        self.known = known
        self.limit = limit
        self.asked = asked
        self.quota = quota


FAULT_PROBLEM: Mapping[FaultKind, Problem] = {
    FaultKind.RATE_LIMIT: Problem.RATE_LIMIT,
    FaultKind.TIMEOUT: Problem.TIMEOUT,
    FaultKind.SERVER_ERROR: Problem.SERVER_ERROR,
    FaultKind.AUTHENTICATION: Problem.AUTHENTICATION,
    FaultKind.OVERLOADED: Problem.OVERLOADED,
}


class Call(msgspec.Struct, frozen=True, gc=False):
    """A decoded request: what the engine is asked, and what only the dialect needs to answer it.

    `echo` is the dialect's own decoded body (for example to know `stream_options`); nobody else reads it.
    """

    request: Request
    stream: bool
    echo: Any


class ModelEntry(msgspec.Struct, frozen=True, gc=False):
    """One model as a provider's listing shows it; made from the catalogue by the server."""

    id: str
    provider: str
    display_name: str
    created: int
    context_window: int
    max_output_tokens: int
    kind: str
    alias_of: str = ""
    """The id of the model that this name stands for, where it is not a model's own id."""


class Endpoint(Protocol):
    """One operation of a dialect: the path it is served at and its three pure functions."""

    path: str
    operation: Operation
    label: str
    """The value of the metrics label `endpoint`, such as `chat_completions`."""

    def decode(self, body: bytes, headers: Mapping[bytes, bytes]) -> Call:
        """Read a body. Raises `Refusal` for anything that the provider would refuse with a 4xx."""

    def reply(self, call: Call, plan: Plan) -> Reply:
        """The whole answer of a plan whose outcome is not a fault."""

    def stream(self, call: Call, plan: Plan) -> Stream:
        """The streamed answer of the same plan; only called when `call.stream`."""


class Provider(Protocol):
    """A dialect as the registry knows it; entry points of group `llm_simulator.providers` name its class.

    The class is built without arguments.
    """

    name: str
    """Short and lower case: `openai`. The label `provider` of metrics and `ModelEntry.provider`."""

    endpoints: Sequence[Endpoint]
    """The POST endpoints that plan an answer."""

    models_path: str
    """Where the models are listed; one model is at `{models_path}/{id}`."""

    def claims(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request to a path shared with other providers is meant for this one."""

    def models(self, entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
        """The listing of models; `query` holds the paging parameters, `request_bits` 16 bytes for the request id."""

    def model(self, entry: ModelEntry, request_bits: bytes) -> Reply:
        """One model."""

    def refuse(self, refusal: Refusal, request_bits: bytes) -> Reply:
        """The refusal in the provider's own status, headers and body.

        `request_bits` are 16 bytes for the request id.
        """

    def quota_writer(self, resources: Sequence[str]) -> QuotaWriter:
        """What writes the rate-limit headers of responses to requests that count against these limits.

        `resources` are those of `Quota`, one for each limit; the writer is given the levels in the same order, and is
        kept: it runs for each response.
        """

    def stream_error(self, refusal: Refusal, request_bits: bytes) -> bytes:
        """The bytes that end a stream in band with this refusal."""
