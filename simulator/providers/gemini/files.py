"""Files: uploaded, listed, read, deleted. Each operation is an `Action`.

Contents are not kept, only what is said of them: nobody reads an uploaded file back from this API. The address that a
resumable upload goes to is a capability: it is used without a key, so it tells by itself what is uploaded, and the file
is on its owner's shelf from the beginning of the upload.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from simulator.providers.base import Action, Asked, Desk, Header, Problem, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH, quote
from simulator.providers.gemini.schema import FileBody, FileFields
from simulator.providers.gemini.shelf import FILES, FileRecord, encode, file_of, no_file, page_of, read_files, token_of
from simulator.providers.gemini.wire import bare_headers, base36, told
from simulator.providers.gemini.wording import invalid, read

LIFETIME: Final = 48 * 3_600.0
MOST_BYTES: Final = 2_000_000_000
LONGEST_NAME: Final = 512
USUAL: Final = 10
MOST: Final = 100
GRANULARITY: Final = 262_144
_LATEST: Final = 32_503_680_000.0
"""The year 3000: beyond it a time may have no form."""
_NAME_LENGTH: Final = 12
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
_MIME: Final = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}", re.ASCII)
_HOST: Final = re.compile(rb"[A-Za-z0-9.:\[\]_-]{1,255}")
_BOUNDARY: Final = re.compile(rb'boundary="?([^";,\s]{1,70})"?')
_read_ticket = msgspec.json.Decoder(FileRecord).decode


class Upload:
    """POST /upload/{version}/files in each of the three protocols: resumable, multipart and raw."""

    method = "POST"
    label = "file_upload"
    query = ("upload_id", "upload_protocol", "uploadType")
    body = FileBody

    def __init__(self, version: str, max_depth: int = DEFAULT_DEPTH) -> None:
        self.path = f"/upload/{version}/files"
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(FileBody)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        ticket = asked.target.first("upload_id")
        if ticket is not None:
            return await _continue(asked, desk, ticket)
        protocol = asked.headers.get(b"x-goog-upload-protocol", b"").lower()
        kind = asked.headers.get(b"content-type", b"")
        if protocol == b"resumable":
            return await self._start(asked, desk)
        if protocol == b"multipart" or kind.lower().startswith(b"multipart/related"):
            return await self._whole(asked, desk, kind)
        record = _record(FileFields(), _text(kind) or "application/octet-stream", len(asked.body), asked, desk)
        return await _finished(record, asked.body, desk)

    async def _start(self, asked: Asked, desk: Desk) -> Reply:
        if _commands(asked.headers) != {"start"}:
            raise invalid("Invalid X-Goog-Upload-Command header: an upload begins with `start`.")
        fields = self._fields(asked.body)
        mime = fields.mime_type or _text(asked.headers.get(b"x-goog-upload-header-content-type", b""))
        size = _size(asked.headers.get(b"x-goog-upload-header-content-length", b""))
        if size is None:
            size = _size(str(fields.size_bytes or 0).encode()) or 0
        record = _record(fields, mime or "application/octet-stream", size, asked, desk)
        await _keep_new(record, desk)
        ticket = base64.urlsafe_b64encode(encode(record)).decode().rstrip("=")
        address = f"{_home(asked.headers)}{self.path}?upload_id={ticket}&upload_protocol=resumable".encode()
        headers: list[Header] = [
            *_plain(),
            (b"x-goog-upload-status", b"active"),
            (b"x-goog-upload-url", address),
            (b"x-goog-upload-control-url", address),
            (b"x-goog-upload-chunk-granularity", b"%d" % GRANULARITY),
        ]
        return Reply(200, headers, b"")

    async def _whole(self, asked: Asked, desk: Desk, kind: bytes) -> Reply:
        boundary = _BOUNDARY.search(kind)
        pieces = asked.body.split(b"--" + boundary[1], 3) if boundary is not None else []
        if len(pieces) < 4:
            raise invalid("Malformed multipart body.")
        _, said = _piece(pieces[1])
        kind, content = _piece(pieces[2])
        fields = self._fields(said)
        record = _record(
            fields, fields.mime_type or _text(kind) or "application/octet-stream", len(content), asked, desk
        )
        return await _finished(record, content, desk)

    def _fields(self, body: bytes) -> FileFields:
        if not body.strip():
            return FileFields()
        return read(body, self._decoder, FileBody, self._depth).file or FileFields()


class List:
    """GET files."""

    method = "GET"
    label = "files"
    query = ("pageSize", "pageToken")

    def __init__(self, version: str) -> None:
        self.path = f"/{version}/files"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        size, after = page_of(asked.target, USUAL, MOST)
        page = await desk.shelf.page(FILES, after=after, most=size + 1)
        found: dict[str, Any] = {}
        alive = [record.shown() for record in read_files(page[:size]) if record.expires > desk.now]
        if alive:
            found["files"] = alive
        if len(page) > size:
            found["nextPageToken"] = token_of(page[size - 1][0])
        return told(found)


class Get:
    """GET files/{file_id}."""

    method = "GET"
    label = "files"

    def __init__(self, version: str) -> None:
        self.path = f"/{version}/files/{{file_id}}"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        return told((await file_of(desk, asked.target.parameters["file_id"])).shown())


class Delete:
    """DELETE files/{file_id}."""

    method = "DELETE"
    label = "files"

    def __init__(self, version: str) -> None:
        self.path = f"/{version}/files/{{file_id}}"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        name = asked.target.parameters["file_id"]
        if not await desk.shelf.drop(FILES, name):
            raise no_file(name[:40])
        return told({})


def actions(version: str, max_depth: int = DEFAULT_DEPTH) -> tuple[Action, ...]:
    """All operations under an API version."""
    return (Upload(version, max_depth), List(version), Get(version), Delete(version))


async def _continue(asked: Asked, desk: Desk, ticket: str) -> Reply:
    """A further piece of a resumable upload, or a question about it."""
    record = _ticket(ticket)
    commands = _commands(asked.headers)
    if "cancel" in commands:
        await desk.shelf.drop(FILES, record.name)
        return Reply(200, (*_plain(), (b"x-goog-upload-status", b"cancelled")), b"")
    if "finalize" in commands:
        offset = _size(asked.headers.get(b"x-goog-upload-offset", b"")) or 0
        size = offset + len(asked.body)
        if size != record.size and record.size:
            raise invalid(f"The upload has {size} bytes, but {record.size} were announced.")
        return await _finished(
            msgspec.structs.replace(record, size=size), b"" if offset else asked.body, desk, again=True
        )
    if commands <= {"upload", "query"} and commands:
        return Reply(200, (*_plain(), (b"x-goog-upload-status", b"active")), b"")
    raise invalid("Invalid X-Goog-Upload-Command header.")


async def _finished(record: FileRecord, content: bytes, desk: Desk, *, again: bool = False) -> Reply:
    """The end of an upload. `content` is empty where it did not come in one piece."""
    if content or not record.size:
        digest = base64.b64encode(hashlib.sha256(content).hexdigest().encode()).decode()
        record = msgspec.structs.replace(record, sha256=digest)
    if again:
        await _replace(record, desk)
    else:
        await _keep_new(record, desk)
    reply = told({"file": record.shown()})
    return Reply(reply.status, (*reply.headers, (b"x-goog-upload-status", b"final")), reply.body)


async def _keep_new(record: FileRecord, desk: Desk) -> None:
    if await desk.shelf.get(FILES, record.name) is not None:
        raise Refusal(Problem.CONFLICT, "Requested entity already exists", param="file.name")
    await desk.shelf.put(FILES, record.name, encode(record), LIFETIME)


async def _replace(record: FileRecord, desk: Desk) -> None:
    """Complete what is on the shelf, where the upload's end is asked for with the owner's key."""
    kept = await desk.shelf.get(FILES, record.name)
    if kept is not None:
        await desk.shelf.swap(FILES, record.name, kept, encode(record))


def _record(fields: FileFields, mime: str, size: int, asked: Asked, desk: Desk) -> FileRecord:
    """What is said of a new file. Raises `Refusal`."""
    if not _MIME.fullmatch(mime.partition(";")[0].strip()):
        raise invalid(f"Unsupported MIME type: {quote(mime)}", "file.mime_type")
    if size > MOST_BYTES:
        raise invalid(f"File is too large: {size} bytes, at most {MOST_BYTES} are allowed.", "file.size_bytes")
    if fields.display_name is not None and len(fields.display_name) > LONGEST_NAME:
        raise invalid(f"display_name must have at most {LONGEST_NAME} characters.", "file.display_name")
    name = base36(desk.request_bits + b"file", _NAME_LENGTH)
    if fields.name:
        name = fields.name.removeprefix("files/")
        if not _NAME.fullmatch(name):
            raise invalid(
                "File name must be of the form `files/<id>` with at most 40 lowercase alphanumeric characters or "
                "dashes, which it neither begins nor ends with.",
                "file.name",
            )
    return FileRecord(
        name,
        mime.partition(";")[0].strip().lower(),
        size,
        desk.now,
        desk.now + LIFETIME,
        f"{_home(asked.headers)}/v1beta/files/{name}",
        fields.display_name,
    )


def _ticket(given: str) -> FileRecord:
    """What an address says of its file. Raises `Refusal` for one that was never given."""
    try:
        record = _read_ticket(base64.urlsafe_b64decode(given.encode("ascii") + b"=="))
    except (ValueError, binascii.Error, msgspec.MsgspecError, RecursionError):
        record = None
    if (
        record is None
        or not _NAME.fullmatch(record.name)
        or not _MIME.fullmatch(record.mime_type)
        or not 0 <= record.size <= MOST_BYTES
        or not 0 <= record.created <= _LATEST
        or record.expires != record.created + LIFETIME
    ):
        raise invalid("Upload not found.", "upload_id")
    return record


def _commands(headers: Mapping[bytes, bytes]) -> set[str]:
    given = headers.get(b"x-goog-upload-command", b"").decode("latin-1").lower()
    return {command.strip() for command in given.split(",") if command.strip()}


def _home(headers: Mapping[bytes, bytes]) -> str:
    """The address that the client reached the simulator by."""
    host = headers.get(b"host", b"")
    scheme = "https" if headers.get(b"x-forwarded-proto", b"").lower() == b"https" else "http"
    return f"{scheme}://{host.decode('ascii')}" if _HOST.fullmatch(host) else f"{scheme}://127.0.0.1"


def _plain() -> list[Header]:
    return [(b"content-type", b"text/plain; charset=utf-8"), *bare_headers()[1:]]


def _piece(part: bytes) -> tuple[bytes, bytes]:
    """The content type and the content of one part of a multipart body."""
    head, _, content = part.partition(b"\r\n\r\n")
    found = re.search(rb"(?im)^content-type:[ \t]*([^\r\n]{1,200})", head)
    return (found[1] if found is not None else b""), content.removesuffix(b"\r\n")


def _size(given: bytes) -> int | None:
    return int(given) if given.isdigit() and len(given) <= 15 else None


def _text(given: bytes) -> str:
    return given.decode("latin-1").strip()
