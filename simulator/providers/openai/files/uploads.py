"""/v1/uploads: a file in parts. Actions on the shelf.

A part lies under a kind of its upload's own until the upload is completed or cancelled.
"""

import hashlib
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from simulator.providers.base import Asked, Desk, Problem, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.openai.files.stored import (
    ExpiresAfter,
    StoredFile,
    checked_purpose,
    json_reply,
    keep,
    new_id,
)
from simulator.providers.openai.media.forms import Form, only
from simulator.providers.openai.schema import Body
from simulator.providers.openai.wording import flawed, invalid

UPLOAD: Final = "upload"
LASTS: Final = 3_600
"""Seconds until an upload that was not completed expires."""
MOST_BYTES: Final = 8 * 1024**3
MOST_PART: Final = 64 * 1024 * 1024
MOST_PARTS: Final = 10_000


class UploadBody(Body):
    """The request for an upload."""

    bytes: Annotated[int, Meta(ge=1, le=MOST_BYTES)]
    filename: Annotated[str, Meta(min_length=1, max_length=1_024)]
    mime_type: Annotated[str, Meta(min_length=1, max_length=256)]
    purpose: str
    expires_after: ExpiresAfter | None = None


class CompleteBody(Body):
    """The request that puts the parts together, in this order."""

    part_ids: Annotated[list[str], Meta(min_length=1, max_length=MOST_PARTS)]
    md5: str | None = None


class PartFields(Body):
    """The fields beside a part: none."""


class Upload(msgspec.Struct, frozen=True):
    """What is known of an upload. Times are whole Unix seconds."""

    id: str
    bytes: int
    created_at: int
    filename: str
    purpose: str
    lasts: int | None
    status: str = "pending"
    file: StoredFile | None = None

    def status_at(self, now: float) -> str:
        """Its status, with the time that has passed."""
        return "expired" if self.status == "pending" and now >= self.created_at + LASTS else self.status

    def shown(self, now: float) -> dict[str, Any]:
        """The upload object."""
        return {
            "id": self.id,
            "object": "upload",
            "bytes": self.bytes,
            "created_at": self.created_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": self.status_at(now),
            "expires_at": self.created_at + LASTS,
            "file": None if self.file is None else self.file.shown(),
        }


_read = msgspec.json.Decoder(Upload).decode
_write = msgspec.json.Encoder().encode


class CreateUpload:
    """Begin an upload."""

    method = "POST"
    path = "/v1/uploads"
    label = "uploads"
    body = UploadBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(UploadBody)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        given = decode(asked.body, self._decoder, self._depth, flawed)
        purpose = checked_purpose(given.purpose, given.filename)
        lasts = None if given.expires_after is None else given.expires_after.seconds
        name = "upload_" + new_id(desk)[:16].hex()
        upload = Upload(name, given.bytes, int(desk.now), given.filename, purpose, lasts)
        await desk.shelf.put(UPLOAD, upload.id, _write(upload))
        return json_reply(upload.shown(desk.now), desk)


class AddPart:
    """Add a part; takes a form."""

    method = "POST"
    path = "/v1/uploads/{upload_id}/parts"
    label = "uploads_parts"
    form = PartFields
    files = ("data",)

    def __init__(self) -> None:
        self._form = Form(PartFields, ("data",))

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        upload, _ = await _pending(asked, desk)
        _, files = self._form.read(asked.body, asked.headers)
        data = only(files, "data").body
        if not data:
            raise invalid("The part is empty.", "data")
        if len(data) > MOST_PART:
            raise Refusal(Problem.TOO_LARGE, limit=MOST_PART)
        part = "part_" + new_id(desk)[:16].hex()
        await desk.shelf.put(_parts(upload.id), part, data, LASTS)
        shown = {"id": part, "object": "upload.part", "created_at": int(desk.now), "upload_id": upload.id}
        return json_reply(shown, desk)


class CompleteUpload:
    """Put the parts together into a file."""

    method = "POST"
    path = "/v1/uploads/{upload_id}/complete"
    label = "uploads_complete"
    body = CompleteBody

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(CompleteBody)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`. Of several at the same time one succeeds."""
        given = decode(asked.body, self._decoder, self._depth, flawed)
        upload, raw = await _pending(asked, desk)
        body = await _whole(desk, upload, given)
        claimed = msgspec.structs.replace(upload, status="completed")
        if not await desk.shelf.swap(UPLOAD, upload.id, raw, _write(claimed)):
            raise _not_pending(upload.id, "completed")
        try:
            file = await keep(desk, new_id(desk), upload.filename, upload.purpose, body, upload.lasts)
        except Refusal:
            await desk.shelf.swap(UPLOAD, upload.id, _write(claimed), raw)
            raise
        done = msgspec.structs.replace(claimed, file=file)
        await desk.shelf.put(UPLOAD, upload.id, _write(done))
        await _forget_parts(desk, upload.id)
        return json_reply(done.shown(desk.now), desk)


class CancelUpload:
    """Give an upload up."""

    method = "POST"
    path = "/v1/uploads/{upload_id}/cancel"
    label = "uploads_cancel"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        upload, raw = await _pending(asked, desk)
        cancelled = msgspec.structs.replace(upload, status="cancelled")
        if not await desk.shelf.swap(UPLOAD, upload.id, raw, _write(cancelled)):
            raise _not_pending(upload.id, "completed")
        await _forget_parts(desk, upload.id)
        return json_reply(cancelled.shown(desk.now), desk)


def _parts(upload: str) -> str:
    """The kind of an upload's parts."""
    return f"part.{upload}"


async def _pending(asked: Asked, desk: Desk) -> tuple[Upload, bytes]:
    """The upload of a path and as it is stored. Raises `Refusal` unless parts may be added to it."""
    name = asked.target.parameters["upload_id"]
    raw = await desk.shelf.get(UPLOAD, name)
    if raw is None:
        raise Refusal(Problem.NOT_FOUND, f"No such Upload object: {name[:100]}", param="upload_id")
    upload = _read(raw)
    status = upload.status_at(desk.now)
    if status != "pending":
        raise _not_pending(upload.id, status)
    return upload, raw


def _not_pending(name: str, status: str) -> Refusal:
    return invalid(f"Upload {name} is {status}; only a pending one can be changed.", "upload_id")


async def _whole(desk: Desk, upload: Upload, given: CompleteBody) -> bytes:
    """The parts in the order asked for. Raises `Refusal` unless they are what was announced."""
    pieces: list[bytes] = []
    size = 0
    for index, name in enumerate(given.part_ids):
        piece = await desk.shelf.get(_parts(upload.id), name)
        if piece is None:
            raise invalid(f"No such part of upload {upload.id}: {name[:100]}", f"part_ids[{index}]")
        pieces.append(piece)
        size += len(piece)
        if size > upload.bytes:
            break
    if size != upload.bytes:
        more = " or more" if size > upload.bytes else ""
        raise invalid(
            f"The parts have {size}{more} bytes, but the upload was created with {upload.bytes} bytes.", "part_ids"
        )
    body = b"".join(pieces)
    if given.md5 and hashlib.md5(body, usedforsecurity=False).hexdigest() != given.md5.lower():
        raise invalid("The md5 checksum does not match the contents of the parts.", "md5")
    return body


async def _forget_parts(desk: Desk, upload: str) -> None:
    while page := await desk.shelf.page(_parts(upload), most=16):
        for name, _ in page:
            await desk.shelf.drop(_parts(upload), name)
