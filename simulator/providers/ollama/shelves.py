"""Which models there are: GET /api/tags, /api/ps, /api/version and /, POST /api/show. Pure: no model is ever loaded."""

from collections.abc import Sequence

import msgspec
import orjson

from simulator.providers.base import Asked, Desk, ModelEntry, Problem, Refusal, Reply
from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.ids import fingerprint
from simulator.providers.ollama.library import EMBEDDING, shown
from simulator.providers.ollama.lines import JSON
from simulator.providers.ollama.moments import stamp
from simulator.providers.ollama.schema import ModelBody
from simulator.providers.ollama.wording import invalid, wording

VERSION = "0.24.0"
"""The server's, which clients compare with what they need."""
RUNNING = b"Ollama is running"
_TEXT = ((b"content-type", b"text/plain; charset=utf-8"),)
_LICENSE = "A simulated model has no weights, and so no licence of its own."
_TEMPLATE = "{{ if .System }}{{ .System }}\n{{ end }}{{ .Prompt }}"


def digest(name: str) -> str:
    """What stands for the content of a model: 64 hexadecimal digits that depend on its name alone."""
    return fingerprint(tagged(name), 64)


def tagged(name: str) -> str:
    """A name with its tag: `latest` where it has none."""
    return name if ":" in name else f"{name}:latest"


def entry_of(models: Sequence[ModelEntry], name: str) -> ModelEntry | None:
    """The model of a name; one without a tag is also that with the tag `latest`."""
    for wanted in (name, tagged(name)):
        for entry in models:
            if entry.id == wanted:
                return entry
    return None


def details(entry: ModelEntry) -> dict[str, object]:
    """What is told of a model wherever it is told."""
    facts = shown(entry)
    return {
        "parent_model": "",
        "format": "gguf",
        "family": facts.family,
        "families": [facts.family],
        "parameter_size": facts.size,
        "quantization_level": facts.quantization,
    }


class Tags:
    """The models there are, each by its name with a tag: an `Action`."""

    method = "GET"
    path = "/api/tags"
    label = "tags"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        del asked
        models = {tagged(entry.id): entry for entry in desk.models}
        told = [
            {
                "name": name,
                "model": name,
                "modified_at": stamp(entry.created, 0.0).decode(),
                "size": shown(entry).bytes,
                "digest": digest(name),
                "details": details(entry),
            }
            for name, entry in models.items()
        ]
        return Reply(200, JSON, orjson.dumps({"models": told}))


class Running:
    """The models that are loaded, which none is: an `Action`."""

    method = "GET"
    path = "/api/ps"
    label = "ps"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        del asked, desk
        return Reply(200, JSON, b'{"models":[]}')


class Version:
    """The server's version: an `Action`."""

    method = "GET"
    path = "/api/version"
    label = "version"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        del asked, desk
        return Reply(200, JSON, orjson.dumps({"version": VERSION}))


class Root:
    """What the server says to whoever looks if it is there: an `Action`."""

    method = "GET"
    path = "/"
    label = "root"
    answers = "text/plain"

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        del asked, desk
        return Reply(200, _TEXT, RUNNING)


class Show:
    """One model in detail: an `Action`."""

    method = "POST"
    path = "/api/show"
    label = "show"
    body = ModelBody
    streamed = ""

    def __init__(self, max_depth: int = DEFAULT_DEPTH) -> None:
        self._depth = max_depth
        self._decoder = msgspec.json.Decoder(ModelBody)
        self._flawed = wording("ShowRequest")

    async def answer(self, asked: Asked, desk: Desk) -> Reply:
        """See `Action.answer`."""
        given = decode(asked.body, self._decoder, self._depth, self._flawed)
        name = given.model or given.name
        if not name:
            raise invalid("model is required", "model")
        entry = entry_of(desk.models, name)
        if entry is None:
            raise Refusal(Problem.UNKNOWN_MODEL, model=name)
        return Reply(200, JSON, orjson.dumps(_shown(entry)))


def _shown(entry: ModelEntry) -> dict[str, object]:
    facts = shown(entry)
    family = facts.family
    info: dict[str, object] = {
        "general.architecture": family,
        "general.basename": entry.display_name,
        "general.parameter_count": facts.parameters,
        "general.quantization_version": 2,
        f"{family}.context_length": entry.context_window,
        f"{family}.embedding_length": facts.width,
    }
    prompted = EMBEDDING not in facts.abilities
    return {
        "license": _LICENSE,
        "modelfile": f"FROM {tagged(entry.id)}\n",
        "parameters": "temperature                    0.8" if prompted else "",
        "template": _TEMPLATE if prompted else "{{ .Prompt }}",
        "details": details(entry),
        "model_info": info,
        "capabilities": list(facts.abilities),
        "modified_at": stamp(entry.created, 0.0).decode(),
    }
