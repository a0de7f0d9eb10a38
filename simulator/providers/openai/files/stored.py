"""A stored file: what is known of it, how it is shown, and where it lies. Edge of the shelf.

What is known of a file lies under the kind `file`, its bytes under `content`, both by its id.
"""

from collections.abc import Sequence
from hashlib import blake2b
from typing import Annotated, Any, Final, Literal

import msgspec
import orjson
from msgspec import Meta

from simulator.providers.base import Desk, Problem, Refusal, Reply
from simulator.providers.ids import base62
from simulator.providers.openai.headers import bare_headers
from simulator.providers.openai.schema import Body
from simulator.providers.openai.wording import invalid, listed

FILE: Final = "file"
CONTENT: Final = "content"
PURPOSES: Final = ("fine-tune", "assistants", "batch", "user_data", "vision", "evals")
LINES_ONLY: Final = frozenset({"fine-tune", "batch", "evals"})
"""Purposes of files that hold a JSON object a line."""
DAY: Final = 86_400
BATCH_DAYS: Final = 30
"""After how many days a file for batches expires."""
_LAYOUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE


class ExpiresAfter(Body):
    """When an object expires: so many seconds, an hour to thirty days, after it was made."""

    anchor: Literal["created_at"]
    seconds: Annotated[int, Meta(ge=3_600, le=2_592_000)]


class StoredFile(msgspec.Struct, frozen=True):
    """What is known of a file. Times are whole Unix seconds."""

    id: str
    bytes: int
    created_at: int
    filename: str
    purpose: str
    expires_at: int | None = None

    def shown(self) -> dict[str, Any]:
        """The file object."""
        return {
            "object": "file",
            "id": self.id,
            "purpose": self.purpose,
            "filename": self.filename,
            "bytes": self.bytes,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "status": "processed",
            "status_details": None,
        }


_read = msgspec.json.Decoder(StoredFile).decode
_write = msgspec.json.Encoder().encode


def new_id(desk: Desk, what: bytes = b"") -> bytes:
    """32 bytes for the id of a new object; `what` tells several of one request apart.

    The clock is in it, so that a request whose address comes again does not replace what it left before.
    """
    return blake2b(b"%b%.6f%b" % (desk.request_bits, desk.now, what), digest_size=32).digest()


def file_id(bits: bytes) -> str:
    """A file's id of at least 22 bytes."""
    return "file-" + base62(bits, 22)


def checked_purpose(purpose: str, filename: str) -> str:
    """The purpose of a new file. Raises `Refusal` for another than there are, and for files that do not fit it."""
    if purpose not in PURPOSES:
        raise invalid(f"'{purpose[:80]}' is not one of {list(PURPOSES)} - 'purpose'", "purpose")
    if purpose in LINES_ONLY and not filename.lower().endswith(".jsonl"):
        service = {"batch": "Batch API", "fine-tune": "Fine-Tuning API"}.get(purpose, "Evals API")
        raise invalid(f"Invalid file format for {service}. Must be .jsonl", "file")
    return purpose


async def keep(desk: Desk, bits: bytes, filename: str, purpose: str, body: bytes, lasts: int | None) -> StoredFile:
    """Store a file that expires after `lasts` seconds (None: when its purpose says). Raises `Refusal` if too large."""
    if lasts is None and purpose in {"batch", "batch_output"}:
        lasts = BATCH_DAYS * DAY
    now = int(desk.now)
    file = StoredFile(file_id(bits), len(body), now, filename, purpose, None if lasts is None else now + lasts)
    await desk.shelf.put(CONTENT, file.id, body, lasts)
    await desk.shelf.put(FILE, file.id, _write(file), lasts)
    return file


async def found(desk: Desk, name: str, param: str = "id") -> StoredFile:
    """The file of an id. Raises `Refusal` if there is none any more."""
    raw = await desk.shelf.get(FILE, name)
    file = None if raw is None else _read(raw)
    if file is None or expired(file, desk):
        raise gone(name, param)
    return file


async def content(desk: Desk, file: StoredFile) -> bytes:
    """The bytes of a file. Raises `Refusal` if they have given way to newer ones."""
    body = await desk.shelf.get(CONTENT, file.id)
    if body is None:
        raise gone(file.id)
    return body


async def listing(desk: Desk, after: str, most: int, *, oldest_first: bool) -> Sequence[StoredFile]:
    """Files in the order of the shelf, expired ones left out."""
    page = await desk.shelf.page(FILE, after=after, most=most, oldest_first=oldest_first)
    return [_read(raw) for _, raw in page]


def expired(file: StoredFile, desk: Desk) -> bool:
    """Whether a file's time is over."""
    return file.expires_at is not None and desk.now >= file.expires_at


def gone(name: str, param: str = "id") -> Refusal:
    """There is no such file."""
    return Refusal(Problem.NOT_FOUND, f"No such File object: {name[:100]}", param=param)


def json_reply(body: object, desk: Desk) -> Reply:
    """An object as its response."""
    return Reply(200, bare_headers(desk.request_bits), orjson.dumps(body, option=_LAYOUT))


def limit_of(given: str | None, default: int, most: int) -> int:
    """The `limit` of a listing. Raises `Refusal`."""
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= 9):
        raise invalid("Invalid type for 'limit': expected an integer.", "limit", "invalid_type")
    limit = int(given)
    if not 1 <= limit <= most:
        word, code, sign = (
            ("below minimum", "below_min", ">= 1") if limit < 1 else ("above maximum", "above_max", f"<= {most}")
        )
        raise invalid(
            f"Invalid 'limit': integer {word} value. Expected a value {sign}, but got {limit} instead.",
            "limit",
            f"integer_{code}_value",
        )
    return limit


def order_of(given: str | None) -> bool:
    """Whether a listing has the oldest first. Raises `Refusal`."""
    if given not in {None, "asc", "desc"}:
        raise invalid(
            f"Invalid value: '{str(given)[:40]}'. Supported values are: {listed(('asc', 'desc'))}.",
            "order",
            "invalid_value",
        )
    return given == "asc"


def page_of(items: Sequence[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """A page of a listing."""
    return {
        "object": "list",
        "data": items,
        "first_id": items[0]["id"] if items else None,
        "last_id": items[-1]["id"] if items else None,
        "has_more": more,
    }
