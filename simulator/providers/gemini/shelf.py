"""What the dialect keeps on the shelf, and how a request is completed with what it refers to. Pure but for the shelf.

An uploaded file is kept as what is said of it, without its content; a cached context with its turns.
"""

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec

from simulator.engine.request import Operation
from simulator.providers.base import Call, Desk, Problem, Refusal, Target
from simulator.providers.gemini import schema
from simulator.providers.gemini.contents import STORED, StoredFile
from simulator.providers.gemini.request import Echo, request_of
from simulator.providers.gemini.schemas import Schemas
from simulator.providers.gemini.wire import stamp
from simulator.providers.gemini.wording import invalid

FILES: Final = "file"
CACHES: Final = "cache"
MOST_FILES: Final = 3_000
"""Of one request, as the service takes them."""
_CACHE_NAME: Final = re.compile(r"cachedContents/([a-z0-9-]{1,64})")


class FileRecord(msgspec.Struct, frozen=True):
    """An uploaded file. Times are in Unix seconds; `sha256` is empty where the content was not seen in one piece."""

    name: str
    mime_type: str
    size: int
    created: float
    expires: float
    uri: str
    display_name: str | None = None
    sha256: str = ""

    def shown(self) -> dict[str, Any]:
        """The file as a client sees it."""
        found: dict[str, Any] = {"name": f"files/{self.name}"}
        if self.display_name is not None:
            found["displayName"] = self.display_name
        created = stamp(self.created)
        found |= {
            "mimeType": self.mime_type,
            "sizeBytes": str(self.size),
            "createTime": created,
            "updateTime": created,
            "expirationTime": stamp(self.expires),
        }
        if self.sha256:
            found["sha256Hash"] = self.sha256
        return found | {"uri": self.uri, "state": "ACTIVE", "source": "UPLOADED"}


class CacheRecord(msgspec.Struct, frozen=True):
    """A cached context: what is shown of it, and the beginning of a request that it stands for."""

    name: str
    model: str
    created: float
    updated: float
    expires: float
    tokens: int
    display_name: str = ""
    contents: list[schema.Content] | None = None
    system_instruction: schema.Content | None = None
    tools: list[schema.Tool] | None = None
    tool_config: schema.ToolConfig | None = None

    def shown(self) -> dict[str, Any]:
        """The cache as a client sees it; none of its turns."""
        return {
            "name": f"cachedContents/{self.name}",
            "model": f"models/{self.model}",
            "createTime": stamp(self.created),
            "updateTime": stamp(self.updated),
            "expireTime": stamp(self.expires),
            "displayName": self.display_name,
            "usageMetadata": {"totalTokenCount": self.tokens},
        }


encode = msgspec.json.Encoder().encode
_read_file = msgspec.json.Decoder(FileRecord).decode
_read_cache = msgspec.json.Decoder(CacheRecord).decode


def no_file(name: str) -> Refusal:
    """A file that is not there looks like another one's."""
    return Refusal(
        Problem.PERMISSION, f"You do not have permission to access the File {name} or it may not exist.", param="name"
    )


def no_cache() -> Refusal:
    """Likewise a cached context."""
    return Refusal(Problem.PERMISSION, "CachedContent not found (or permission denied)", param="name")


async def file_of(desk: Desk, name: str) -> FileRecord:
    """An uploaded file. Raises `Refusal` if there is none any more."""
    kept = await desk.shelf.get(FILES, name)
    if kept is None:
        raise no_file(name)
    record = _read_file(kept)
    if record.expires <= desk.now:
        raise no_file(name)
    return record


async def cache_of(desk: Desk, name: str) -> CacheRecord:
    """A cached context. Raises `Refusal` if there is none any more."""
    kept = await desk.shelf.get(CACHES, name)
    if kept is None:
        raise no_cache()
    record = _read_cache(kept)
    if record.expires <= desk.now:
        raise no_cache()
    return record


def read_files(kept: Iterable[tuple[str, bytes]]) -> list[FileRecord]:
    """Files as a page of the shelf has them."""
    return [_read_file(body) for _, body in kept]


def read_caches(kept: Iterable[tuple[str, bytes]]) -> list[CacheRecord]:
    """Cached contexts as a page of the shelf has them."""
    return [_read_cache(body) for _, body in kept]


async def stored_of(desk: Desk, names: Sequence[str]) -> dict[str, StoredFile]:
    """What prices need of files. Raises `Refusal` for one that is not there."""
    if len(names) > MOST_FILES:
        raise invalid(f"At most {MOST_FILES} files may be used in one request.")
    found: dict[str, StoredFile] = {}
    for name in names:
        record = await file_of(desk, name)
        found[name] = StoredFile(record.mime_type, record.size)
    return found


def file_names(contents: Iterable[schema.Content]) -> list[str]:
    """The names of the uploaded files that turns refer to."""
    uris = [
        part.file_data.file_uri for content in contents for part in content.parts or () if part.file_data is not None
    ]
    return list(dict.fromkeys(match[1] for match in map(STORED.fullmatch, uris) if match is not None))


async def recalled(call: Call, desk: Desk, schemas: Schemas) -> Call:
    """The call with its cached context ahead of it, and with the true prices of its files. Raises `Refusal`.

    What a session has put before its messages stays there.
    """
    echo: Echo = call.echo
    request = call.request
    if echo.files:
        stored = await stored_of(desk, echo.files)
        guessed, _ = request_of(echo.body, request.model, schemas, operation=request.operation)
        priced, known = request_of(echo.body, request.model, schemas, operation=request.operation, stored=stored)
        prices = dict(zip(guessed.messages, priced.messages, strict=True))
        messages = tuple([prices.get(message, message) for message in request.messages])
        request = msgspec.structs.replace(request, messages=messages)
        echo = msgspec.structs.replace(echo, media=known.media)
    if echo.body.cached_content is not None:
        record = await _cache_for(echo.body.cached_content, request.model, desk)
        stored = await stored_of(desk, file_names(record.contents or ()))
        before, cached = request_of(
            schema.GenerateBody(
                contents=record.contents,
                system_instruction=record.system_instruction,
                tools=record.tools,
                tool_config=record.tool_config,
            ),
            request.model,
            schemas,
            operation=Operation.COUNT,
            stored=stored,
        )
        request = msgspec.structs.replace(
            request,
            messages=(*before.messages, *request.messages),
            tools=before.tools,
            tool_choice=before.tool_choice,
            extra=(*before.extra, *request.extra),
        )
        echo = msgspec.structs.replace(echo, cached=record.tokens, media=_sum(cached.media, echo.media))
    return msgspec.structs.replace(call, request=request, echo=echo)


async def _cache_for(name: str, model: str, desk: Desk) -> CacheRecord:
    """The cached context that a request of a model names. Raises `Refusal`."""
    match = _CACHE_NAME.fullmatch(name)
    if match is None:
        raise invalid("Invalid CachedContent name.", "cached_content")
    record = await cache_of(desk, match[1])
    if record.model != model:
        raise invalid(
            f"Model used by GenerateContent request (models/{model}) and CachedContent (models/{record.model}) has to "
            "be the same."
        )
    return record


def _sum(one: Sequence[tuple[str, int]], other: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """The tokens of both by modality."""
    found = dict(one)
    for name, tokens in other:
        found[name] = found.get(name, 0) + tokens
    return tuple(found.items())


def page_of(target: Target, usual: int, most: int) -> tuple[int, str]:
    """How many are asked for, and behind which name. Raises `Refusal` for a wrong paging parameter."""
    return size_of(target.first("pageSize"), usual, most), token_name(target.first("pageToken"))


def size_of(given: str | None, usual: int, most: int) -> int:
    """A page's size; one above the most is cut to it, as the service does."""
    if not given:
        return usual
    if not (given.isascii() and given.isdigit() and len(given) <= 10):
        raise invalid(f"Invalid value at 'page_size' (TYPE_INT32), \"{given[:40]}\"", "page_size")
    return min(int(given) or usual, most)


def token_name(given: str | None) -> str:
    """The name that a page token stands for; empty for the first page."""
    if not given:
        return ""
    try:
        name = base64.urlsafe_b64decode(given.encode("ascii") + b"==").decode("ascii")
    except (ValueError, binascii.Error):
        name = ""
    if not name.startswith(">"):
        raise invalid("Invalid page token.", "page_token")
    return name[1:]


def token_of(name: str) -> str:
    """The token of the page behind a name."""
    return base64.urlsafe_b64encode(b">" + name.encode()).decode().rstrip("=")
