"""The store: what the fleet shares beyond a process, as a few operations that mean something.

Pure: the protocol and its values. Two stores keep it: `embedded` (LMDB, all workers of a host) and `redis` (many
pods). Every time is integer microseconds of the wall clock; every amount a whole number of requests or tokens.

What an implementation promises: an operation is atomic over all who share the store; it refuses nonsense (negative
amounts, empty names, limits of zero) with ValueError and changes nothing; it never blocks the loop for longer than
its own timeouts; and it raises `StoreUnavailable`, nothing else, where it cannot do what was asked.
"""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import msgspec

from simulator.state.circuit import CircuitRules, CircuitStanding, Event

MINUTE_US = 60_000_000
DAY_US = 86_400_000_000
NEVER = -1
"""A wait that does not end: more was asked for than the limit allows at all."""


class StoreUnavailable(Exception):  # noqa: N818 - it is answered, not a crash
    """The store cannot do what was asked; the message is one line for the operator."""


class Conflict(Exception):  # noqa: N818 - as above
    """The document has changed since it was read; `revision` is the present one."""

    def __init__(self, revision: int) -> None:
        super().__init__(f"the document is at revision {revision} already")
        self.revision = revision


class TooLarge(ValueError):  # noqa: N818 - as above
    """An object alone is larger than there is room for; `most` is how many bytes one may have, as things are."""

    def __init__(self, size: int, most: int, why: str) -> None:
        super().__init__(f"an object of {size} bytes; {why} {most}")
        self.most = most


class Demand(msgspec.Struct, frozen=True, gc=False):
    """What one request asks of one limit.

    `name` says whose limit (unique, at most 200 bytes). At most `capacity` are granted a period of `period_us`: as
    a token bucket that is full at first and refills steadily, or with `fixed` anew in each period, which begins with
    the first request in it. `amount` may be 0 (to read) and more than `capacity` (refused for ever).
    """

    name: bytes
    amount: int
    capacity: int
    period_us: int
    fixed: bool = False


Wanted = tuple[int, bytes, int]
"""A demand but for its size: the amount's place among those of a request, the limit's name and its capacity."""


class Level(Protocol):
    """What tells how a limit stands: a `Standing`, or what is kept of one."""

    limit: int
    remaining: int
    reset_us: int


class Lease(msgspec.Struct, frozen=True, gc=False):
    """A place among at most `limit` requests at the same time; given back by `settle`."""

    name: bytes
    limit: int


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a limit stands after an operation.

    `remaining` is what could still be asked for at once; `reset_us` the time until nothing is used; `wait_us` the
    time after which the same demand would be granted if nobody else came: 0 if it was granted, `NEVER` if it is more
    than the limit itself. A lease's wait is not known and told as a second.
    """

    limit: int
    remaining: int
    reset_us: int
    wait_us: int = 0


class Verdict(msgspec.Struct, frozen=True, gc=False):
    """Whether a request is admitted, with a standing for each demand and then for each lease, in their order.

    All demands and leases are granted or none. `degraded`: the answer is this pod's share of the limits, because
    what is shared between pods cannot be reached.
    """

    admitted: bool
    standings: tuple[Standing, ...]
    degraded: bool = False


class Turn(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One remembered turn of a conversation: `body` is the turn as its writer encoded it, `tokens` its size."""

    body: bytes
    tokens: int


class Session(msgspec.Struct, frozen=True, gc=False):
    """A remembered conversation; times are microseconds of the wall clock."""

    scope: str
    name: str
    created_us: int
    used_us: int
    turns: tuple[Turn, ...]

    @property
    def tokens(self) -> int:
        """The size of all turns."""
        return sum([turn.tokens for turn in self.turns])


class SessionLimits(msgspec.Struct, frozen=True, gc=False):
    """How much is remembered: the oldest turns, and the sessions unused for longest, give way."""

    max_sessions: int
    ttl_us: int
    max_tokens: int


class SessionSummary(msgspec.Struct, frozen=True, gc=False):
    """A session as a listing shows it."""

    scope: str
    name: str
    created_us: int
    used_us: int
    turns: int
    tokens: int


class Control(msgspec.Struct, frozen=True, gc=False):
    """The control document: `body` at a revision, which grows by one with each change; (0, empty) at first."""

    revision: int = 0
    body: bytes = b""


class ObjectLimits(msgspec.Struct, frozen=True, gc=False):
    """How many objects are kept, and how many bytes of them together; the oldest give way, whosever they are."""

    max_objects: int
    max_bytes: int


RECALL_MOST = 64
"""Names of one `recall`."""
PROMPT_NAME_MOST = 64
"""Bytes of such a name."""
PROMPTS_MOST = 100_000
"""How many names are remembered at the most; those that were not met for longest give way."""


class StoreHealth(msgspec.Struct, frozen=True, gc=False):
    """How the store does. `state` is `ok` or `degraded`, `reason` one line, empty if ok.

    `redis_up` is None where there is no Redis.
    """

    backend: str
    state: str = "ok"
    reason: str = ""
    redis_up: bool | None = None


@runtime_checkable
class Immediate(Protocol):
    """What a store offers besides if it never waits: the hottest operations without a coroutine."""

    def admit_now(self, demands: Sequence[Demand], leases: Sequence[Lease] = ()) -> Verdict:
        """As `Store.admit`."""

    def draw_now(self, wanted: Sequence[Wanted], amounts: Sequence[int]) -> Sequence[Level] | None:
        """Grant everything from memory, or nothing: then None, and `admit_now` is to be asked.

        The amounts are not negative. What is returned tells its limits until the next call.
        """

    def settle_now(self, changes: Sequence[Demand], released: Sequence[bytes] = ()) -> None:
        """As `Store.settle`."""

    def recall_now(self, prefixes: Sequence[bytes], ttl_us: int) -> int:
        """As `Store.recall`."""

    def circuit_now(self, name: bytes, event: Event, ticket: int, rules: CircuitRules) -> CircuitStanding:
        """As `Store.circuit`."""


class Store(Protocol):
    """Shared state, as the server uses it. Made and opened in a worker, after the fork."""

    async def open(self) -> None:
        """Begin; called once in the worker's loop. Raises `StoreUnavailable` only if nothing can be kept at all."""

    async def close(self) -> None:
        """Write what must last and let go; nothing may be called afterwards."""

    def health(self) -> StoreHealth:
        """How the store does, from memory: never waits."""

    async def admit(self, demands: Sequence[Demand], leases: Sequence[Lease] = ()) -> Verdict:
        """Grant all that a request asks for, or nothing."""

    async def settle(self, changes: Sequence[Demand], released: Sequence[bytes] = ()) -> None:
        """Correct what was granted: a demand's `amount` is charged without asking, or given back if negative.

        Nothing is given back twice below zero use. `released` are names of leases.
        """

    async def session(self, scope: str, name: str, limits: SessionLimits) -> Session | None:
        """A session that has not expired, and count it as used; None if there is none."""

    async def remember(self, scope: str, name: str, turns: Sequence[Turn], limits: SessionLimits) -> Session:
        """Append turns; makes the session if there is none. Drops what is beyond the limits, oldest first."""

    async def sessions(self, limits: SessionLimits, *, after: str = "", most: int = 100) -> list[SessionSummary]:
        """Sessions that have not expired, ordered by `scope/name`, those after `after`, at most `most`."""

    async def forget(self, scope: str, name: str) -> bool:
        """End a session; False if there was none."""

    async def session_count(self, limits: SessionLimits) -> int:
        """How many sessions there are, expired ones that nobody has met again perhaps included."""

    async def control(self) -> Control:
        """The control document."""

    def read_control(self) -> Control:
        """The control document as this host knows it, from memory or the host's own file: never waits."""

    async def change(self, base: int, body: bytes) -> int:
        """Replace the control document that was read at revision `base`; returns the new revision.

        Raises `Conflict` if it has changed since.
        """

    async def count(self, name: bytes, ttl_us: int) -> int:
        """Count one more and return the count; forgotten `ttl_us` after the first."""

    async def object(self, scope: str, kind: str, name: str) -> bytes | None:
        """A stored object that has not expired. `scope`, `kind` and `name` have 1 to 150 ASCII characters each."""

    async def put(self, scope: str, kind: str, name: str, body: bytes, ttl_us: int, limits: ObjectLimits) -> None:
        """Store an object, or replace it; its place in listings is that of the first `put`.

        What is beyond the limits is dropped, oldest first. Raises `TooLarge` for one that alone is beyond them, or
        for which the store has no room at all.
        """

    async def swap(self, scope: str, kind: str, name: str, old: bytes, new: bytes) -> bool:
        """Replace an object's body if it is `old`; its expiry stays. False if it is another, or there is none.

        The next `put` drops what is then beyond the limits. Raises `TooLarge` for what the store cannot keep.
        """

    async def drop(self, scope: str, kind: str, name: str) -> bool:
        """Forget an object; False if there was none."""

    async def objects(
        self, scope: str, kind: str, *, after: str = "", most: int = 100, oldest_first: bool = False
    ) -> list[tuple[str, bytes]]:
        """Names and bodies in the order of their first `put`, the latest first unless asked otherwise.

        Those behind the one named `after`; none if that is not there.
        """

    async def recall(self, prefixes: Sequence[bytes], ttl_us: int) -> int:
        """The place, from 1, of the last of these names that is known, 0 if none is; makes all of them known.

        They are until `ttl_us` from now. A name stands for a longer beginning of a prompt than the one before it:
        whoever knows it has met those before it, whether or not they were asked for. There are at most `RECALL_MOST`,
        each of 1 to `PROMPT_NAME_MOST` bytes. A name may be forgotten a second before its time is over, or a 64th of
        `ttl_us` if that is less, and earlier where there is no room for all; a later end that it has already stays.
        """

    async def circuit(self, name: bytes, event: Event, ticket: int, rules: CircuitRules) -> CircuitStanding:
        """Tell a circuit breaker one of `circuit.TOLD`; how it stands then. `name` has 1 to 200 bytes.

        `ticket` is that of the standing which let a request through, for its outcome; 0 for what is no outcome.
        """
