"""What would change the models there are: pull, push, create, copy, delete, blobs. Pure: all of it changes nothing.

Each is answered as the server would if it went well, with its progress; a model that is not there is not found.
"""

import hashlib
import re

import msgspec
import orjson

from simulator.providers.base import Asked, Desk, ModelEntry, Problem, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH, decode, quote
from simulator.providers.ollama.library import shown
from simulator.providers.ollama.lines import JSON, NDJSON
from simulator.providers.ollama.schema import ModelBody
from simulator.providers.ollama.shelves import digest, entry_of
from simulator.providers.ollama.wording import invalid, wording

SHOWN_DIGITS = 12
"""Of a digest, in the words of a progress."""
_DIGEST = re.compile(r"sha256[:-]([0-9a-f]{64})")
_Progress = list[dict[str, object]]


class _Upkeep:
    """An `Action` that answers with its progress, or its end alone where `stream` is false."""

    method = "POST"
    path = ""
    label = ""
    body = ModelBody
    streamed = ""
    struct = ""

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ModelBody)
        self._flawed = wording(self.struct)

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        given = decode(asked.body, self._decoder, self._depth, self._flawed)
        return self.done(given, given.model or given.name or "", desk)

    def done(self, given: ModelBody, name: str, desk: Desk) -> Reply:
        """The answer to a request about a model of this name."""
        raise NotImplementedError


def _told(progress: _Progress, given: ModelBody) -> Reply:
    """The steps as lines, or only the last. An error in them is an error of the whole where it is told alone."""
    if given.stream is False:
        return Reply(500 if "error" in progress[-1] else 200, JSON, orjson.dumps(progress[-1]))
    return Reply(200, NDJSON, b"".join([orjson.dumps(step) + b"\n" for step in progress]))


def _layer(verb: str, entry: ModelEntry) -> dict[str, object]:
    content = digest(entry.id)
    size = shown(entry).bytes
    return {
        "status": f"{verb} {content[:SHOWN_DIGITS]}",
        "digest": f"sha256:{content}",
        "total": size,
        "completed": size,
    }


class Pull(_Upkeep):
    """Fetches a model; one that the simulator does not have is not in its registry either."""

    path = "/api/pull"
    label = "pull"
    streamed = "application/x-ndjson"
    struct = "PullRequest"

    def done(self, given: ModelBody, name: str, desk: Desk) -> Reply:
        """See `_Upkeep.done`."""
        if not name:
            raise invalid("invalid model name", "model")
        entry = entry_of(desk.models, name)
        progress: _Progress = [{"status": "pulling manifest"}]
        if entry is None:
            progress.append({"error": "pull model manifest: file does not exist"})
            return _told(progress, given)
        progress += [
            _layer("pulling", entry),
            {"status": "verifying sha256 digest"},
            {"status": "writing manifest"},
            {"status": "success"},
        ]
        return _told(progress, given)


class Push(_Upkeep):
    """Sends a model to the registry."""

    path = "/api/push"
    label = "push"
    streamed = "application/x-ndjson"
    struct = "PushRequest"

    def done(self, given: ModelBody, name: str, desk: Desk) -> Reply:
        """See `_Upkeep.done`."""
        if not name:
            raise invalid("model is required", "model")
        entry = entry_of(desk.models, name)
        progress: _Progress = [{"status": "retrieving manifest"}]
        if entry is None:
            progress.append({"error": "couldn't retrieve manifest: file does not exist"})
            return _told(progress, given)
        progress += [_layer("pushing", entry), {"status": "pushing manifest"}, {"status": "success"}]
        return _told(progress, given)


class Create(_Upkeep):
    """Makes a model from another, or from files."""

    path = "/api/create"
    label = "create"
    streamed = "application/x-ndjson"
    struct = "CreateRequest"

    def done(self, given: ModelBody, name: str, desk: Desk) -> Reply:
        """See `_Upkeep.done`."""
        if not name:
            raise invalid("invalid model name", "model")
        if not given.from_ and not given.files:
            raise invalid("neither 'from' or 'files' was specified", "from")
        progress: _Progress = []
        if given.from_:
            entry = entry_of(desk.models, given.from_)
            if entry is None:
                raise Refusal(Problem.UNKNOWN_MODEL, model=given.from_)
            progress.append({"status": f"using existing layer sha256:{digest(entry.id)}"})
        else:
            progress.append({"status": "parsing GGUF"})
        progress += [{"status": "writing manifest"}, {"status": "success"}]
        return _told(progress, given)


class Copy(_Upkeep):
    """Gives a model another name."""

    path = "/api/copy"
    label = "copy"
    struct = "CopyRequest"

    def done(self, given: ModelBody, name: str, desk: Desk) -> Reply:
        """See `_Upkeep.done`."""
        del name
        for field, value in (("source", given.source), ("destination", given.destination)):
            if not value:
                raise invalid(f'{field} "" is invalid', field)
        if entry_of(desk.models, given.source or "") is None:
            raise Refusal(Problem.NOT_FOUND, f'model "{quote(given.source or "")}" not found', param="source")
        return Reply(200, (), b"")


class Delete(_Upkeep):
    """Removes a model."""

    method = "DELETE"
    path = "/api/delete"
    label = "delete"
    struct = "DeleteRequest"

    def done(self, given: ModelBody, name: str, desk: Desk) -> Reply:
        """See `_Upkeep.done`."""
        del given
        if not name:
            raise invalid('name "" is invalid', "model")
        if entry_of(desk.models, name) is None:
            raise Refusal(Problem.UNKNOWN_MODEL, model=name)
        return Reply(200, (), b"")


class PutBlob:
    """Takes a file of a model to be, checks that it is what its name says, and keeps nothing: an `Action`."""

    method = "POST"
    path = "/api/blobs/{digest}"
    label = "blobs"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        del desk
        name = asked.target.parameters["digest"]
        wanted = _DIGEST.fullmatch(name)
        if wanted is None:
            raise invalid("invalid digest format", "digest")
        found = hashlib.sha256(asked.body).hexdigest()
        if found != wanted[1]:
            raise invalid(f'digest mismatch, expected "sha256:{wanted[1]}", got "sha256:{found}"', "digest")
        return Reply(201, (), b"")


class FindBlob:
    """Whether a file is there, which none is: an `Action`."""

    method = "GET"
    path = "/api/blobs/{digest}"
    label = "blobs"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        del asked, desk
        return Reply(404, (), b"")
