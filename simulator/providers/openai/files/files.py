"""/v1/files: upload, list, retrieve, delete, content. Actions on the shelf."""

from urllib.parse import quote

from simulator.providers.base import Asked, Desk, Reply
from simulator.providers.openai.files.stored import (
    CONTENT,
    FILE,
    ExpiresAfter,
    StoredFile,
    checked_purpose,
    content,
    expired,
    found,
    json_reply,
    keep,
    limit_of,
    listing,
    new_id,
    order_of,
    page_of,
)
from simulator.providers.openai.headers import bare_headers
from simulator.providers.openai.media.forms import Form, only
from simulator.providers.openai.schema import Body
from simulator.providers.openai.wording import invalid

MOST_LISTED = 10_000
_PAGE = 500
_LOOKED_AT = 20_000
"""Files that one listing looks through for those of its purpose."""
_KEPT_BACK = frozenset({"assistants", "user_data", "vision"})
"""Purposes whose files the service takes but does not give back."""


class FileFields(Body):
    """The fields of an upload."""

    purpose: str
    expires_after: ExpiresAfter | None = None


class CreateFile:
    """Upload a file; takes a form."""

    method = "POST"
    path = "/v1/files"
    label = "files"
    form = FileFields
    files = ("file",)

    def __init__(self) -> None:
        self._form = Form(FileFields, ("file",))

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        given, files = self._form.read(asked.body, asked.headers)
        part = only(files, "file")
        filename = part.filename or "upload"
        purpose = checked_purpose(given.purpose, filename)
        if not part.body:
            raise invalid("File is empty.", "file")
        lasts = None if given.expires_after is None else given.expires_after.seconds
        return json_reply((await keep(desk, new_id(desk), filename, purpose, part.body, lasts)).shown(), desk)


class ListFiles:
    """List files, the latest first unless asked otherwise."""

    method = "GET"
    path = "/v1/files"
    label = "files"
    query = ("after", "limit", "order", "purpose")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`. Looks through a bounded number of files of other purposes."""
        target = asked.target
        limit = limit_of(target.first("limit"), MOST_LISTED, MOST_LISTED)
        oldest_first = order_of(target.first("order"))
        purpose = target.first("purpose")
        after = target.first("after") or ""
        chosen: list[StoredFile] = []
        seen = 0
        while len(chosen) <= limit and seen < _LOOKED_AT:
            page = await listing(desk, after, min(_PAGE, limit + 1), oldest_first=oldest_first)
            if not page:
                break
            chosen += [file for file in page if purpose in {None, file.purpose} and not expired(file, desk)]
            seen += len(page)
            after = page[-1].id
        return json_reply(page_of([file.shown() for file in chosen[:limit]], more=len(chosen) > limit), desk)


class ShowFile:
    """Retrieve what is known of a file."""

    method = "GET"
    path = "/v1/files/{file_id}"
    label = "files"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        return json_reply((await found(desk, asked.target.parameters["file_id"])).shown(), desk)


class DeleteFile:
    """Forget a file."""

    method = "DELETE"
    path = "/v1/files/{file_id}"
    label = "files"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        file = await found(desk, asked.target.parameters["file_id"])
        await desk.shelf.drop(FILE, file.id)
        await desk.shelf.drop(CONTENT, file.id)
        return json_reply({"object": "file", "id": file.id, "deleted": True}, desk)


class FileContent:
    """Retrieve the bytes of a file."""

    method = "GET"
    path = "/v1/files/{file_id}/content"
    label = "files_content"
    answers = "application/octet-stream"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        file = await found(desk, asked.target.parameters["file_id"])
        if file.purpose in _KEPT_BACK:
            raise invalid(f"Not allowed to download files of purpose: {file.purpose}", "file_id")
        body = await content(desk, file)
        name = quote(file.filename.encode("utf-8", "replace")[:600], safe="")
        headers = [
            (b"content-type", b"application/octet-stream"),
            (b"content-disposition", b"attachment; filename*=UTF-8''" + name.encode("ascii")),
            *[header for header in bare_headers(desk.request_bits) if header[0] != b"content-type"],
        ]
        return Reply(200, headers, body)
