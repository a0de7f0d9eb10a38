"""A stored batch: what is known of it, how it is shown, and the files that it leaves. Edge of the shelf.

Its requests are run when it is made, and their outcomes lie under the kind `outcomes` until the time has passed that
they take: only then are they its output and error files. So whoever looks, and however often, finds it as far as the
clock says.
"""

from typing import Any, Final

import msgspec

from simulator.providers.base import Desk
from simulator.providers.openai.files import results
from simulator.providers.openai.files.lines import Wrong
from simulator.providers.openai.files.progress import FINAL, Course
from simulator.providers.openai.files.results import Outcome, Tokens
from simulator.providers.openai.files.stored import BATCH_DAYS, CONTENT, DAY, FILE, keep, new_id

BATCH: Final = "batch"
OUTCOMES: Final = "outcomes"
_LOST: Final = Wrong("results_lost", "The results of this batch have given way to newer objects.")
LASTS: Final = BATCH_DAYS * DAY
"""Seconds that a batch is kept."""
_ATTEMPTS: Final = 8
"""How often a change is tried again that others come before."""


class Filed(msgspec.Struct, frozen=True):
    """What a batch has left when it ended."""

    output: str | None = None
    errors: str | None = None
    tokens: Tokens = Tokens()
    lost: bool = False


class Batch(msgspec.Struct, frozen=True):
    """What is known of a batch.

    `fine` has a byte for each of its requests, 1 if it is answered and 0 if it is refused. `lasts` is after how many
    seconds its files expire.
    """

    id: str
    endpoint: str
    input_file: str
    course: Course
    fine: bytes = b""
    model: str | None = None
    metadata: dict[str, str] | None = None
    lasts: int | None = None
    wrong: tuple[Wrong, ...] = ()
    filed: Filed | None = None

    def shown(self, now: float) -> dict[str, Any]:
        """The batch object as it is at a time."""
        course = self.course
        status = course.status(now)
        filed = self.filed or Filed()
        if status in FINAL and self.filed is None:
            status = "finalizing"
        times = course.times(now)
        wrong = self.wrong if status == "failed" else ()
        if filed.lost:
            status, wrong = "failed", (_LOST,)
            times["failed_at"] = times.pop("completed_at", int(now))
        done = self.fine[: course.done(now)]
        return {
            "id": self.id,
            "object": "batch",
            "endpoint": self.endpoint,
            "model": self.model,
            "errors": {"object": "list", "data": [each.shown() for each in wrong]} if wrong else None,
            "input_file_id": self.input_file,
            "completion_window": "24h",
            "status": status,
            "output_file_id": filed.output,
            "error_file_id": filed.errors,
            "created_at": int(course.created),
            "in_progress_at": times.get("in_progress_at"),
            "expires_at": int(course.expires),
            "finalizing_at": times.get("finalizing_at"),
            "completed_at": times.get("completed_at"),
            "failed_at": times.get("failed_at"),
            "expired_at": times.get("expired_at"),
            "cancelling_at": times.get("cancelling_at"),
            "cancelled_at": times.get("cancelled_at"),
            "request_counts": {
                "total": 0 if status in {"validating", "failed"} else course.total,
                "completed": done.count(1),
                "failed": done.count(0),
            },
            "usage": filed.tokens.shown(),
            "metadata": self.metadata,
        }


class Kept(msgspec.Struct, frozen=True):
    """The outcomes of a batch and the names of its requests, by their order."""

    names: tuple[str, ...]
    made: tuple[Outcome, ...]


_read = msgspec.msgpack.Decoder(Batch).decode
_write = msgspec.msgpack.Encoder().encode
_read_kept = msgspec.msgpack.Decoder(Kept).decode


def read(raw: bytes) -> Batch:
    """A batch from the shelf."""
    return _read(raw)


async def store(desk: Desk, batch: Batch, kept: Kept | None) -> None:
    """Keep a new batch, and first its outcomes. Raises `Refusal` where there is no room for them."""
    if kept is not None:
        await desk.shelf.put(OUTCOMES, batch.id, _write(kept), LASTS)
    await desk.shelf.put(BATCH, batch.id, _write(batch), LASTS)


async def cancelled(desk: Desk, raw: bytes) -> Batch | None:
    """The batch, stopped; None if it is over, or another change came before every attempt."""
    for _ in range(_ATTEMPTS):
        batch = read(raw)
        course = batch.course
        if course.cancelled is not None:
            return batch
        if course.status(desk.now) not in {"validating", "in_progress", "finalizing"}:
            return None
        stopped = msgspec.structs.replace(batch, course=msgspec.structs.replace(course, cancelled=desk.now))
        if await desk.shelf.swap(BATCH, batch.id, raw, _write(stopped)):
            return stopped
        raw = await desk.shelf.get(BATCH, batch.id) or raw
    return None


async def settled(desk: Desk, raw: bytes) -> Batch:
    """The batch, with its files if it is over. Of several that look at the same time one makes them.

    A file that is made twice so is dropped by who came late.
    """
    batch = read(raw)
    if batch.filed is not None or batch.course.status(desk.now) not in FINAL:
        return batch
    stored = await desk.shelf.get(OUTCOMES, batch.id)
    filed = Filed(lost=True) if stored is None else await _files(desk, batch, _read_kept(stored))
    done = msgspec.structs.replace(batch, filed=filed)
    if await desk.shelf.swap(BATCH, batch.id, raw, _write(done)):
        await desk.shelf.drop(OUTCOMES, batch.id)
        return done
    for name in (filed.output, filed.errors):
        if name is not None:
            await desk.shelf.drop(FILE, name)
            await desk.shelf.drop(CONTENT, name)
    latest = await desk.shelf.get(BATCH, batch.id)
    return done if latest is None else read(latest)


async def _files(desk: Desk, batch: Batch, kept: Kept) -> Filed:
    """The files of what is done."""
    count = batch.course.done(desk.now)
    made = kept.made[:count]
    output = b"".join([each.line for each in made if each.fine])
    errors = b"".join([each.line for each in made if not each.fine])
    seed = batch.id.encode()
    if batch.course.status(desk.now) == "expired":
        errors += b"".join(
            [results.expired(name, seed, index) for index, name in enumerate(kept.names) if index >= count]
        )
    names: list[str | None] = []
    for kind, body in (("output", output), ("error", errors)):
        if not body:
            names.append(None)
            continue
        bits = new_id(desk, kind.encode())
        file = await keep(desk, bits, f"{batch.id}_{kind}.jsonl", "batch_output", body, batch.lasts)
        names.append(file.id)
    return Filed(names[0], names[1], results.total(made))
