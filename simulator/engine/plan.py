"""The plan of one response: an immutable value that says everything before anything is sent.

Pure data. Times are seconds from the request's arrival. `server.play` is the only reader that waits.
The values hold no cycles, so the garbage collector need not track them (`gc=False`).
"""

import enum
from collections.abc import Sequence

import msgspec

from simulator.engine.content.passage import Passage


class Finish(enum.StrEnum):
    """Why a choice ended, in neutral terms; each dialect has its own word for it."""

    STOP = "stop"
    LENGTH = "length"
    STOP_SEQUENCE = "stop_sequence"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"


class FaultKind(enum.StrEnum):
    """What fails in place of an answer."""

    BAD_REQUEST = "bad_request"
    AUTHENTICATION = "authentication"
    PERMISSION = "permission"
    NOT_FOUND = "not_found"
    TOO_LARGE = "too_large"
    CONTEXT_LENGTH = "context_length"
    RATE_LIMIT = "rate_limit"
    INSUFFICIENT_QUOTA = "insufficient_quota"
    SERVER_ERROR = "server_error"
    BAD_GATEWAY = "bad_gateway"
    OVERLOADED = "overloaded"
    UNAVAILABLE = "unavailable"
    GATEWAY_TIMEOUT = "gateway_timeout"
    TIMEOUT = "timeout"


class Trouble(enum.StrEnum):
    """What happens to the bytes of an answer on their way. Each is one file in `server/transport/`."""

    RESET = "reset"
    CUT = "cut"
    STALL = "stall"
    TRICKLE = "trickle"
    MALFORMED = "malformed"
    TRUNCATED_JSON = "truncated_json"
    MISSING_TERMINATOR = "missing_terminator"
    WRONG_LENGTH = "wrong_length"
    ERROR_EVENT = "error_event"


class Address(msgspec.Struct, frozen=True, gc=False):
    """Where every random draw of a response comes from; with the request it is all that `explain` needs.

    `key` is None for conditions by shard and sequence; otherwise the conditions are keyed by (seed, digest,
    key, retry) and `pod`, `worker`, `sequence` only tell who answered.
    """

    seed: int
    pod: int
    worker: int
    sequence: int
    key: str | None = None
    retry: int = 0


class Usage(msgspec.Struct, frozen=True, gc=False):
    """Token counts as they are billed.

    `cached_tokens` of the input were read from the prompt cache and `written_tokens` written to it; `reasoning_tokens`
    are a part of the output.
    """

    input_tokens: int
    output_tokens: int
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    written_tokens: int = 0


class Call(msgspec.Struct, frozen=True, gc=False):
    """A tool call in an answer. `pieces` concatenate to the JSON text of its arguments, a token each, at least one.

    `id_bits` are 16 random bytes for the dialect's own id. `tool` is the place of the tool in the request's `tools`.
    """

    id_bits: bytes
    name: str
    pieces: tuple[str, ...]
    tool: int = 0


class Choice(msgspec.Struct, frozen=True, gc=False):
    """One alternative of an answer. `pieces` concatenate to its text, one piece a token.

    What the model thought (`reasoning`, a token a piece) comes before the text, and the text before the calls. Text and
    arguments are incomplete where `finish` is LENGTH. Where it is REFUSAL the text says why nothing else is said.
    """

    pieces: Sequence[str]
    finish: Finish
    stop_sequence: str | None = None
    calls: tuple[Call, ...] = ()
    reasoning: Sequence[str] = ()

    @property
    def text(self) -> str:
        """All of its text; cheaper than joining `pieces`."""
        pieces = self.pieces
        return pieces.text if isinstance(pieces, Passage) else "".join(pieces)

    @property
    def steps(self) -> int:
        """The pieces of the reasoning, of the text and of all calls, at least 1."""
        return max(1, len(self.reasoning) + len(self.pieces) + sum([len(call.pieces) for call in self.calls]))


class Answer(msgspec.Struct, frozen=True, gc=False):
    """What is said: text, calls of tools. `id_bits` are 32 random bytes for ids; `created` is in Unix seconds.

    The output tokens of `usage` are those of the reasoning, of the texts, of the calls' arguments and of the names of
    their tools.
    """

    choices: tuple[Choice, ...]
    usage: Usage
    id_bits: bytes
    created: int

    @property
    def steps(self) -> int:
        """Steps of the longest choice, at least 1."""
        return max([1, *[_steps(choice) for choice in self.choices]])

    @property
    def blocked(self) -> bool:
        """Whether a filter leaves nothing of it at all: it is the prompt, then, that is not let through."""
        return bool(self.choices) and all(
            choice.finish is Finish.CONTENT_FILTER and not (len(choice.pieces) or choice.reasoning or choice.calls)
            for choice in self.choices
        )


def _steps(choice: Choice) -> int:
    return choice.steps if choice.calls or choice.reasoning else len(choice.pieces)


class Embedded(msgspec.Struct, frozen=True, gc=False):
    """Embeddings: one float32 unit vector an input, as little-endian bytes of `dimensions` floats."""

    vectors: tuple[bytes, ...]
    dimensions: int
    usage: Usage


class Synthetic(msgspec.Struct, frozen=True, gc=False):
    """What is no text: a picture, speech, a moderation's scores. The dialect makes it from `bits`, 32 random bytes.

    `created` is in Unix seconds. The same request has the same bits.
    """

    bits: bytes
    usage: Usage
    created: int


class Fault(msgspec.Struct, frozen=True, gc=False):
    """A failure to be shown to the client.

    `after` is the time in seconds that the request is held first. `retry_after` is in seconds, None when
    the provider would name none. `hang_up` closes the connection instead of answering. `status`, `type`, `code` and
    `message` are told in place of the provider's usual ones where they are given.
    """

    kind: FaultKind
    after: float = 0.0
    retry_after: float | None = None
    hang_up: bool = False
    status: int | None = None
    type: str | None = None
    code: str | None = None
    message: str = ""
    limit: int | None = None
    asked: int | None = None
    """For a context length: the model's window and the tokens that are told to be beyond it."""


class Disturbance(msgspec.Struct, frozen=True, gc=False):
    """Something that happens to the bytes of the answer on their way.

    It begins with step `step` of the answer: 0 is before anything is sent. Of an answer that is not streamed the bytes
    count as steps of equal size. `seconds` is how long it stalls, `rate` bytes a second, `amount` a number of bytes,
    `error` what an event tells.
    """

    kind: Trouble
    step: int = 0
    seconds: float = 0.0
    rate: float = 0.0
    amount: int = 0
    mid_frame: bool = False
    error: Fault | None = None


class Plan(msgspec.Struct, frozen=True, gc=False):
    """What is answered, and when each token is due.

    `offsets[i]` is when step i of every choice that has one is due, ascending: a token of the reasoning, then of the
    text, and after the text a token of the arguments of each call in turn. What opens a call is due with its first
    token. The length of `offsets` is the number of steps of the longest choice, at least 1. An empty `offsets` means:
    all at once.
    `model` is the name to show.
    `request_bits` are 16 random bytes for the id of this very arrival (a repeated request has the same
    answer id but another request id).
    """

    address: Address
    digest: bytes
    model: str
    outcome: Answer | Embedded | Synthetic | Fault
    offsets: Sequence[float]
    request_bits: bytes
    id_prefix: str | None = None
    """Replaces the provider's own prefix of answer ids where it is given."""
    disturbances: tuple[Disturbance, ...] = ()
    """What happens on the way, one after the other."""
    struck: tuple[str, ...] = ()
    """The names of the configured failures that this request meets."""
