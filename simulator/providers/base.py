"""What a provider is: one wire dialect, as pure functions over bytes and plans.

A provider decodes a body into a `Request`, encodes a `Plan` into a `Reply` or a `Stream`, and words every refusal in
its own shape. It knows no time, no randomness, no HTTP machinery and no other dialect. The server owns the address
headers (`x-llm-sim-*`), `content-length`, `date` and the sending.
"""

import enum
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import msgspec

from simulator.engine.plan import FaultKind, Plan
from simulator.engine.request import Operation, Request
from simulator.providers.quota import Quota, QuotaWriter

Header = tuple[bytes, bytes]


class Reply(msgspec.Struct, frozen=True, gc=False):
    """A whole response. `headers` has the content type and the provider's own, nothing of the server's."""

    status: int
    headers: Sequence[Header]
    body: bytes


class Stream(Protocol):
    """A streamed response, made a step at a time; step i is due at `plan.offsets[i]`.

    It may have `fail(refusal, sent) -> bytes` besides: what ends it in band after so many steps, where that differs
    from the provider's usual `stream_error`.
    """

    @property
    def headers(self) -> Sequence[Header]:
        """The provider's response headers, with the content type."""

    @property
    def steps(self) -> int:
        """How many steps there are, at least 1."""

    def frames(self, start: int, stop: int) -> bytes:
        """The wire bytes of steps `start` up to but not including `stop`.

        Step 0 opens with the dialect's prologue, the last step ends with its epilogue. Steps that the client is not
        shown have no bytes. Pure: any range may be asked for, in any order, and
        `frames(0, k) + frames(k, steps) == frames(0, steps)`.
        """


class Problem(enum.StrEnum):
    """What was wrong with a request, in neutral terms. A provider maps each to a status and its own words."""

    INVALID = "invalid"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
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
    INSUFFICIENT_QUOTA = "insufficient_quota"
    BAD_GATEWAY = "bad_gateway"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"


class Refusal(Exception):  # noqa: N818 - the word is the domain's: a refusal is an answer, not a crash
    """A request that is not answered, with what the provider needs to say so.

    `message` is the full sentence for the client; empty lets the provider use its own for the problem. NOT_FOUND and
    CONFLICT are about stored objects, and always have a sentence.
    `param` names the field at fault (`messages[0].role`), `code` is the dialect's own error code,
    `retry_after` is in seconds, `model` the model asked for, and `known` the models there are.
    For CONTEXT_LENGTH and OUTPUT_LIMIT `asked` tokens are beyond the model's `limit`; for TOO_LARGE
    `limit` is in bytes. For a RATE_LIMIT of a real limit `quota` is the limit that was reached.
    `status` and `kind` are told in place of the problem's own status and type.
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
        status: int | None = None,
        kind: str | None = None,
    ) -> None:
        super().__init__(message or problem.value)
        self.problem = problem
        self.message = message
        self.param, self.code = param, code
        self.retry_after = retry_after
        self.model, self.known = model, known
        self.limit, self.asked = limit, asked
        self.quota = quota
        self.status, self.kind = status, kind


FAULT_PROBLEM: Mapping[FaultKind, Problem] = {
    **{kind: Problem(kind.value) for kind in FaultKind if kind.name in Problem.__members__},
    FaultKind.BAD_REQUEST: Problem.INVALID,
    FaultKind.NOT_FOUND: Problem.UNKNOWN_MODEL,
}


class Target(msgspec.Struct, frozen=True, gc=False):
    """What the URL of a request tells beyond the endpoint's path: its parameters by name, and the query's values."""

    parameters: Mapping[str, str] = {}
    query: Mapping[str, Sequence[str]] = {}

    def first(self, name: str) -> str | None:
        """The first value that the query has by a name, or None."""
        values = self.query.get(name)
        return values[0] if values else None


NO_TARGET = Target()
"""Of a request to a path without parameters and with no query."""


class Prefix(msgspec.Struct, frozen=True, gc=False):
    """A beginning of a prompt: `digest` (1 to 64 bytes) stands for all of it, `share` (0 to 1) is how much that is.

    `ttl_secs` is how long the cache keeps it after each use.
    """

    digest: bytes
    share: float
    ttl_secs: float


class Cacheable(msgspec.Struct, frozen=True, gc=False):
    """What a prompt cache may hold of a prompt: at most 64 beginnings of it, each longer than the one before.

    `least`, `unit` and `writes` are the provider's rules, as `engine.prompt_cache.Warm` has them.
    """

    prefixes: Sequence[Prefix]
    least: int
    unit: int = 1
    writes: bool = False


class Call(msgspec.Struct, frozen=True, gc=False):
    """A decoded request: what the engine is asked, and what only the dialect needs to answer it.

    `echo` is the dialect's own decoded body (for example to know `stream_options`); nobody else reads it. `kept` says
    that the request reads or leaves stored objects: its endpoint is then asked to `recall` and `remember` (`Keeping`).
    `cache` is what the provider's prompt cache may hold of the prompt, None where that is nothing.
    `detached` is answered at once: the time that the plan takes passes for whoever asks for the outcome later.
    """

    request: Request
    stream: bool
    echo: Any
    kept: bool = False
    detached: bool = False
    cache: Cacheable | None = None


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
    """One operation of a dialect that the engine plans: the path it is served at and its three pure functions.

    `path` may have parameters, each a part of one segment: `/v1/models/{model}:generate`. The method is POST. It may
    have `reads` besides, the names of all headers that `decode` reads: then what is asked again is not decoded again.
    """

    path: str
    operation: Operation
    label: str
    """The value of the metrics label `endpoint`, such as `chat_completions`."""

    def decode(self, body: bytes, headers: Mapping[bytes, bytes], target: Target = NO_TARGET) -> Call:
        """Read a body. Raises `Refusal` for anything that the provider would refuse with a 4xx."""

    def reply(self, call: Call, plan: Plan) -> Reply:
        """The whole answer of a plan whose outcome is not a fault."""

    def stream(self, call: Call, plan: Plan) -> Stream:
        """The streamed answer of the same plan; only called when `call.stream`."""


class Shelf(Protocol):
    """Stored objects of one provider and one API key: bytes by kind and id.

    A kind is a short word of the dialect's (`response`), or one with the id of what its objects belong to
    (`item.conv_1`): at most 150 ASCII characters, as an id. Every worker sees what is put here before the call returns.
    Where the store cannot answer, an operation raises a `Refusal` (SERVER_ERROR).
    """

    async def get(self, kind: str, name: str) -> bytes | None:
        """The object, or None if there is none any more."""

    async def put(self, kind: str, name: str, body: bytes, ttl_secs: float | None = None) -> None:
        """Keep an object, in place of one that has its name; its place in listings is that of the first `put`.

        It is forgotten after `ttl_secs`, or after as long as configured, and earlier where there is no room for all.
        """

    async def swap(self, kind: str, name: str, old: bytes, new: bytes) -> bool:
        """Replace an object if it is still `old`; False if it is not, or is gone."""

    async def drop(self, kind: str, name: str) -> bool:
        """Forget an object; False if there was none."""

    async def page(
        self, kind: str, *, after: str = "", most: int = 100, oldest_first: bool = False
    ) -> Sequence[tuple[str, bytes]]:
        """Names and objects of a kind in the order of their first `put`, those behind the one named `after`.

        The latest come first unless asked otherwise. An `after` that is gone gives an empty page.
        """


class Desk(Protocol):
    """What an endpoint may use that stores objects or answers without a plan."""

    @property
    def shelf(self) -> Shelf:
        """The stored objects."""

    @property
    def now(self) -> float:
        """The wall clock in Unix seconds."""

    @property
    def request_bits(self) -> bytes:
        """16 bytes for the request id, unique to this arrival: ids of new objects are made of them."""

    @property
    def models(self) -> Sequence[ModelEntry]:
        """The provider's models."""

    @property
    def batch_rate(self) -> float:
        """How many requests of a batch are done in a second."""

    def run(self, path: str, body: bytes, ordinal: int = 0, headers: Mapping[bytes, bytes] | None = None) -> Reply:
        """What the provider's own planned endpoint at `path` would answer to a body, at once and without a fault.

        For the requests within a batch, whose number `ordinal` is. `headers` are those that it is decoded with, the
        present request's if None. A refusal is a reply in the provider's words.
        """


class Asked(msgspec.Struct, frozen=True):
    """A request as it arrived."""

    method: str
    body: bytes
    headers: Mapping[bytes, bytes]
    target: Target


class Keeping(Protocol):
    """What an `Endpoint` has besides if its calls may be `kept`."""

    async def recall(self, call: Call, desk: Desk) -> Call:
        """The call with what it refers to, before it is planned. Raises `Refusal` for what is not there."""

    async def remember(self, call: Call, plan: Plan, desk: Desk) -> None:
        """Store what is to be found later. Called before anything of the answer is sent."""


class Action(Protocol):
    """One operation of a dialect that is answered without a plan: on stored objects, mostly.

    `path` may have parameters, as an `Endpoint`'s; several actions may share one, each with a `method` of its own.
    """

    method: str
    path: str
    label: str
    """The value of the metrics label `endpoint`."""

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """Answer. Raises `Refusal` for anything that the provider would refuse."""


class Provider(Protocol):
    """A dialect as the registry knows it; entry points of group `llm_simulator.providers` name its class.

    The class is built without arguments. It may have `models_of` besides: whose models it serves, if not its own.
    """

    name: str
    """Short and lower case: `openai`. The label `provider` of metrics and `ModelEntry.provider`."""

    endpoints: Sequence[Endpoint]
    """The POST endpoints that plan an answer."""

    actions: Sequence[Action]
    """All other operations but the listing of models."""

    models_paths: Sequence[str]
    """Where the models are listed; one model is at the same path and `/{id}`."""

    def claims(self, headers: Mapping[bytes, bytes]) -> bool:
        """Whether a request to a path shared with other providers is meant for this one."""

    def models(self, entries: Sequence[ModelEntry], query: Mapping[str, str], request_bits: bytes) -> Reply:
        """The listing of models; `query` holds the paging parameters, `request_bits` 16 bytes for the request id."""

    def model(self, entry: ModelEntry, request_bits: bytes) -> Reply:
        """One model."""

    def refuse(self, refusal: Refusal, request_bits: bytes) -> Reply:
        """The refusal in the provider's own status, headers and body; `request_bits` as above."""

    def quota_writer(self, resources: Sequence[str]) -> QuotaWriter:
        """What writes the rate-limit headers of responses to requests that count against these limits.

        `resources` are those of `Quota`, one for each limit; the writer is given the levels in the same order, and is
        kept: it runs for each response.
        """

    def stream_error(self, refusal: Refusal, request_bits: bytes) -> bytes:
        """The bytes that end a stream in band with this refusal."""
