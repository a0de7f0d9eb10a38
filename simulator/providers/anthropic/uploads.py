"""Uploaded files as they are stored: what is known of each, and its bytes. Pure but for the shelf."""

from typing import Any, Final

import msgspec

from simulator.providers.anthropic.blocks import Attached
from simulator.providers.anthropic.moments import rfc3339
from simulator.providers.base import Desk, Problem, Refusal
from simulator.providers.decode import quote

KIND: Final = "file"
CONTENT: Final = "file_content"
_GRACE: Final = 86_400
"""Seconds for which a file that has expired can still be told from one that never was."""


class Upload(msgspec.Struct, frozen=True, gc=False):
    """What is known of a file. Times are Unix seconds; `expires` is None for a file that stays."""

    id: str
    filename: str
    mime_type: str
    size_bytes: int
    created: float
    expires: float | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Upload).decode


async def keep(desk: Desk, upload: Upload, content: bytes) -> None:
    """Store a file. The content comes first: what is listed is there."""
    lasts = None if upload.expires is None else upload.expires - desk.now
    await desk.shelf.put(CONTENT, upload.id, content, lasts)
    await desk.shelf.put(KIND, upload.id, _encode(upload), None if lasts is None else lasts + _GRACE)


async def find(desk: Desk, name: str) -> Upload:
    """What is known of a file, expired or not. Raises Refusal (NOT_FOUND)."""
    stored = await desk.shelf.get(KIND, name)
    if stored is None:
        raise Refusal(Problem.NOT_FOUND, f"File not found: {quote(name)}", param="file_id")
    return _decode(stored)


async def page(desk: Desk, after: str, most: int) -> list[Upload]:
    """The files behind the one named, the latest first."""
    return [_decode(stored) for _, stored in await desk.shelf.page(KIND, after=after, most=most)]


async def forget(desk: Desk, name: str) -> None:
    """Delete a file. Raises Refusal (NOT_FOUND)."""
    await find(desk, name)
    await desk.shelf.drop(KIND, name)
    await desk.shelf.drop(CONTENT, name)


async def attach(desk: Desk, name: str) -> Attached:
    """A file with its content. Raises Refusal for one that is not there, and for one that has expired."""
    upload = await find(desk, name)
    if upload.expires is not None and desk.now >= upload.expires:
        raise Refusal(Problem.NOT_FOUND, f"File expired: {quote(name)}", param="file_id", code="file_expired")
    content = await desk.shelf.get(CONTENT, name)
    if content is None:
        raise Refusal(Problem.NOT_FOUND, f"File not found: {quote(name)}", param="file_id")
    return Attached(name, upload.mime_type, content)


def described(upload: Upload) -> dict[str, Any]:
    """The `FileMetadata` of the newest SDK. Only files that a tool made can be downloaded, and there are none."""
    return {
        "type": "file",
        "id": upload.id,
        "size_bytes": upload.size_bytes,
        "created_at": rfc3339(upload.created),
        "filename": upload.filename,
        "mime_type": upload.mime_type,
        "downloadable": False,
        "expires_at": None if upload.expires is None else rfc3339(upload.expires),
    }
