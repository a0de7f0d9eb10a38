"""The Files API: upload, list, look at, download, delete. Pure but for the shelf."""

import base64
import binascii
import mimetypes
import re
from collections.abc import Mapping
from typing import Final

import orjson

from simulator.providers.anthropic import uploads
from simulator.providers.anthropic.paging import limit_of
from simulator.providers.anthropic.request import FIRST, betas_in, version_of
from simulator.providers.anthropic.wire import base58, json_headers
from simulator.providers.anthropic.wording import invalid
from simulator.providers.base import Asked, Desk, Problem, Refusal, Reply
from simulator.providers.multipart import Malformed, Part, parts_of

BETA: Final = "files-api-2025-04-14"
"""The beta under which older clients come; their listings have another shape."""
MOST_BYTES: Final = 500 * 1024 * 1024
MOST_IDS: Final = 100
EXPIRY: Final = (3_600, 7_776_000)
"""Seconds that a file may be told to last, least and most."""
_PATH: Final = "/v1/files"
_ONE: Final = "/v1/files/{file_id}"
_FORBIDDEN: Final = re.compile(r'[<>:"|?*\x00-\x1f]')
_LONGEST_NAME: Final = 255
_MIME: Final = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,100}\Z", re.ASCII)
_CURSOR: Final = "page_"


class UploadFile:
    """`POST /v1/files`."""

    method, path, label = "POST", _PATH, "files"
    files = ("file",)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """Store the form's file."""
        version_of(asked.headers)
        parts = _form(asked)
        part = next((one for one in parts if one.name == "file"), None)
        if part is None:
            raise invalid("file", "Field required")
        if not part.body:
            raise invalid("file", "File cannot be empty")
        if len(part.body) > MOST_BYTES:
            raise Refusal(Problem.TOO_LARGE, limit=MOST_BYTES)
        mime = _mime_of(part)
        expiry = _expiry(next((one.body for one in parts if one.name == "expires_in_seconds"), None))
        upload = uploads.Upload(
            "file_01" + base58(desk.request_bits).decode(),
            _name_of(part, mime),
            mime,
            len(part.body),
            desk.now,
            None if expiry is None else desk.now + expiry,
        )
        await uploads.keep(desk, upload, part.body)
        return _json(desk, uploads.described(upload))


class ListFiles:
    """`GET /v1/files`."""

    method, path, label = "GET", _PATH, "files"
    query = ("after_id", "before_id", "ids[]", "limit", "page")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """A page of the files, the latest first, or those with given ids."""
        version = version_of(asked.headers)
        target = asked.target
        ids = [*target.query.get("ids[]", ()), *target.query.get("ids", ())]
        if ids:
            return _json(desk, {"data": await _named(ids, asked, desk), "next_page": None})
        limit = limit_of(target.first("limit"))
        older = version == FIRST and BETA in betas_in(asked.headers.get(b"anthropic-beta", b""))
        after = (target.first("after_id") or "") if older else _from_cursor(target.first("page"))
        found = await uploads.page(desk, after, limit + 1)
        data = [uploads.described(upload) for upload in found[:limit]]
        more = len(found) > limit
        if older:
            first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
            return _json(desk, {"data": data, "has_more": more, "first_id": first, "last_id": last})
        return _json(desk, {"data": data, "next_page": _cursor(found[limit - 1].id) if more else None})


class LookAtFile:
    """`GET /v1/files/{file_id}`."""

    method, path, label = "GET", _ONE, "files"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """What is known of a file."""
        version_of(asked.headers)
        return _json(desk, uploads.described(await uploads.find(desk, asked.target.parameters["file_id"])))


class DeleteFile:
    """`DELETE /v1/files/{file_id}`."""

    method, path, label = "DELETE", _ONE, "files"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """Forget a file."""
        version_of(asked.headers)
        name = asked.target.parameters["file_id"]
        await uploads.forget(desk, name)
        return _json(desk, {"id": name, "type": "file_deleted"})


class DownloadFile:
    """`GET /v1/files/{file_id}/content`."""

    method, path, label = "GET", _ONE + "/content", "files_content"
    answers = "application/octet-stream"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """Refuse, as the service does: what a client uploaded cannot be downloaded, only what a tool made."""
        version_of(asked.headers)
        upload = await uploads.find(desk, asked.target.parameters["file_id"])
        raise Refusal(
            Problem.INVALID, f"File '{upload.id}' is not downloadable.", param="file_id", code="file_not_downloadable"
        )


ACTIONS: Final = (UploadFile(), ListFiles(), LookAtFile(), DeleteFile(), DownloadFile())


async def _named(ids: list[str], asked: Asked, desk: Desk) -> list[dict[str, object]]:
    names = list(dict.fromkeys(ids))
    if asked.target.first("page") is not None or asked.target.first("limit") is not None:
        raise invalid("ids", "cannot be given together with `page` or `limit`")
    if len(names) > MOST_IDS:
        raise invalid("ids", f"List should have at most {MOST_IDS} items, not {len(names)}")
    found: list[dict[str, object]] = []
    for name in names:
        try:
            found.append(uploads.described(await uploads.find(desk, name)))
        except Refusal as refusal:
            if refusal.problem is not Problem.NOT_FOUND:
                raise
    return found


def _form(asked: Asked) -> list[Part]:
    try:
        return parts_of(asked.body, asked.headers)
    except Malformed as flaw:
        raise invalid("", f"{flaw}.") from None


def _mime_of(part: Part) -> str:
    given = part.content_type.partition(";")[0].strip().lower()
    if _MIME.match(given):
        return given
    return mimetypes.guess_type(part.filename or "")[0] or "application/octet-stream"


def _name_of(part: Part, mime: str) -> str:
    """The last component of the name that the client gave, or one by the type."""
    name = re.split(r"[/\\]", part.filename or "")[-1]
    if not name:
        return "unnamed" + (mimetypes.guess_extension(mime) or "")
    if len(name) > _LONGEST_NAME:
        raise invalid("file", f"The filename should have at most {_LONGEST_NAME} characters")
    if _FORBIDDEN.search(name):
        raise invalid("file", 'The filename must not have control characters or any of <>:"|?*')
    return name


def _expiry(given: bytes | None) -> int | None:
    if given is None:
        return None
    where = "expires_in_seconds"
    if not given.isdigit() or len(given) > 10:
        raise invalid(where, "Input should be a valid integer, unable to parse string as an integer")
    seconds = int(given)
    least, most = EXPIRY
    if seconds < least:
        raise invalid(where, f"Input should be greater than or equal to {least}")
    if seconds > most:
        raise invalid(where, f"Input should be less than or equal to {most}")
    return seconds


def _cursor(name: str) -> str:
    return _CURSOR + base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _from_cursor(given: str | None) -> str:
    if given is None:
        return ""
    text = given.removeprefix(_CURSOR)
    try:
        name = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        name = ""
    if not name or not given.startswith(_CURSOR):
        raise invalid("page", "Input is not a cursor that a listing returned")
    return name


def _json(desk: Desk, value: Mapping[str, object]) -> Reply:
    return Reply(200, json_headers(desk.request_bits), orjson.dumps(value))
