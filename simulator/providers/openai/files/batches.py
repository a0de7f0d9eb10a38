"""/v1/batches: create, list, retrieve, cancel. Actions on the shelf."""

from typing import Final, Literal

import msgspec

from simulator.providers.base import Asked, Desk, Problem, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH, decode, quote
from simulator.providers.openai.files import batch as batches
from simulator.providers.openai.files import lines, results
from simulator.providers.openai.files.batch import BATCH, Batch, Kept
from simulator.providers.openai.files.progress import Course
from simulator.providers.openai.files.stored import (
    ExpiresAfter,
    content,
    found,
    json_reply,
    limit_of,
    new_id,
    page_of,
)
from simulator.providers.openai.schema import Body, Metadata
from simulator.providers.openai.wording import flawed, invalid, listed

ENDPOINTS: Final = (
    "/v1/responses",
    "/v1/chat/completions",
    "/v1/embeddings",
    "/v1/completions",
    "/v1/moderations",
    "/v1/images/generations",
)
"""Whose requests a batch may have. The service also takes those of image edits and of videos."""
MOST_LISTED: Final = 100
_LISTED: Final = 20
_SETTLED: Final = 4
"""Batches whose files one listing makes; those of others are made when they are asked for."""


class BatchBody(Body):
    """The request."""

    completion_window: Literal["24h"]
    endpoint: str
    input_file_id: str
    metadata: Metadata = None
    output_expires_after: ExpiresAfter | None = None


class CreateBatch:
    """Make a batch of the requests in a file."""

    method = "POST"
    path = "/v1/batches"
    label = "batches"
    body = BatchBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(BatchBody)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`. Wrong lines make a batch that fails, not a refusal."""
        given = decode(asked.body, self._decoder, self._depth, flawed)
        if given.endpoint not in ENDPOINTS:
            raise invalid(
                f"Invalid value: '{quote(given.endpoint)}'. Supported values are: {listed(ENDPOINTS)}.",
                "endpoint",
                "invalid_value",
            )
        file = await found(desk, given.input_file_id, "input_file_id")
        if file.purpose != "batch":
            raise invalid(
                f"Invalid file purpose: '{file.purpose}'. The input file of a batch must have the purpose 'batch'.",
                "input_file_id",
                "invalid_file_purpose",
            )
        read = lines.read(await content(desk, file), given.endpoint)
        name = "batch_" + new_id(desk)[:16].hex()
        made = [] if read.wrong else await results.outcomes(desk, given.endpoint, read.lines, name.encode())
        total = len(read.lines) or 1  # a file without a right line takes a moment to be refused, too
        course = Course(desk.now, total, desk.batch_rate, not read.wrong)
        batch = Batch(
            id=name,
            endpoint=given.endpoint,
            input_file=file.id,
            course=course,
            fine=bytes([each.fine for each in made]),
            model=results.model_of(made) or read.model,
            metadata=given.metadata,
            lasts=None if given.output_expires_after is None else given.output_expires_after.seconds,
            wrong=tuple(read.wrong),
        )
        kept = Kept(tuple([line.custom_id for line in read.lines]), tuple(made)) if made else None
        await batches.store(desk, batch, kept)
        return json_reply(batch.shown(desk.now), desk)


class ListBatches:
    """List batches, the latest first."""

    method = "GET"
    path = "/v1/batches"
    label = "batches"
    query = ("after", "limit")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        limit = limit_of(asked.target.first("limit"), _LISTED, MOST_LISTED)
        page = await desk.shelf.page(BATCH, after=asked.target.first("after") or "", most=limit + 1)
        shown = []
        settled = 0
        for _, raw in page[:limit]:
            batch = batches.read(raw)
            if settled < _SETTLED and batch.filed is None:
                batch = await batches.settled(desk, raw)
                settled += batch.filed is not None
            shown.append(batch.shown(desk.now))
        return json_reply(page_of(shown, more=len(page) > limit), desk)


class ShowBatch:
    """Retrieve a batch as far as it is."""

    method = "GET"
    path = "/v1/batches/{batch_id}"
    label = "batches"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        return json_reply((await batches.settled(desk, await _stored(asked, desk))).shown(desk.now), desk)


class CancelBatch:
    """Stop a batch: what is done by now stays done."""

    method = "POST"
    path = "/v1/batches/{batch_id}/cancel"
    label = "batches_cancel"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        raw = await _stored(asked, desk)
        stopped = await batches.cancelled(desk, raw)
        if stopped is None:
            status = batches.read(raw).course.status(desk.now)
            raise Refusal(Problem.CONFLICT, f"Cannot cancel a batch with status '{status}'.", param="batch_id")
        return json_reply(stopped.shown(desk.now), desk)


async def _stored(asked: Asked, desk: Desk) -> bytes:
    name = asked.target.parameters["batch_id"]
    raw = await desk.shelf.get(BATCH, name)
    if raw is None:
        raise Refusal(Problem.NOT_FOUND, f"No batch found with id '{quote(name)}'.", param="batch_id")
    return raw
