"""Writes the tables of `simulator/contract` anew: `python tests/clients/contract_derive.py` after a new release.

It calls every method of the official clients without sending anything, notes what each would ask for and what type it
would read the answer as, and writes down the facts: paths, names of fields, types, enumerations. See
`simulator/contract/notation.py` for the notation.
"""

import datetime as dt
import re
import sys
import typing
import warnings
from importlib import metadata
from pathlib import Path

import anthropic
import openai
import pydantic
import typing_extensions
from anthropic._resource import SyncAPIResource as AnthropicResource
from anthropic.types.messages import MessageBatchIndividualResponse
from contract_walk import Unfillable, is_union, methods, signatures
from openai._resource import SyncAPIResource as OpenAIResource
from openai.types.beta.agent_session_event import AgentSessionEvent

FOLDER = Path(__file__).parents[2] / "simulator" / "contract"
MOST_VARIANTS = 8
"""Of a union: the longer ones are items of conversations and events, which the simulator answers by itself."""
BETA = "?beta=true"
"""Marks what is another thing for who asks for a beta, in the query or by a header."""
SCALARS = {
    str: "str",
    int: "int",
    float: "num",
    bool: "bool",
    object: "any",
    typing.Any: "any",
    type(None): "null",
    dt.datetime: "moment",
    dt.date: "day",
}
PAGES = {
    "SyncPage": {"openai": "list", "anthropic": "idpage"},
    "SyncCursorPage": {"openai": "cursor"},
    "SyncConversationCursorPage": {"openai": "cursor"},
    "SyncNextCursorPage": {"openai": "nextpage"},
    "SyncTokenPage": {"openai": "nextpage", "anthropic": "page"},
    "SyncPageCursor": {"anthropic": "page"},
    "SyncBidirectionalPageCursor": {"anthropic": "page"},
    "SyncReportPageCursor": {"anthropic": "page"},
}
ASSISTANT_RUN = (
    *("thread.run.created", "thread.run.in_progress", "thread.message.created", "thread.message.completed"),
    "thread.run.completed",
)
AGENT_TURN = ("agent.session.turn.created", "agent.session.turn.completed", "agent.session.idle")
STREAMS = {
    "POST /v1/threads/runs": ("thread.created", *ASSISTANT_RUN),
    "POST /v1/threads/{thread_id}/runs": ASSISTANT_RUN,
    "POST /v1/threads/{thread_id}/runs/{run_id}/submit_tool_outputs": ASSISTANT_RUN[1:],
    "POST /v1/agents/sessions": ("agent.session.created", *AGENT_TURN),
    "GET /v1/agents/sessions/{session_id}/events": AGENT_TURN,
    "GET /v1/sessions/{session_id}/events/stream": ("agent.message", "session.status_idle"),
    "GET /v1/sessions/{session_id}/threads/{thread_id}/stream": ("agent.message", "session.status_idle"),
}
"""The short sequences that stand for the streams of endpoints that are not served."""
ALWAYS_THERE = {
    *("archived_at", "cancelled_at", "completed_at", "description", "ended_at", "error", "expires_at", "failed_at"),
    *("finish_reason", "finished_at", "fine_tuned_model", "incomplete_details", "instructions", "last_error"),
    *("max_completion_tokens", "max_prompt_tokens", "metadata", "name", "required_action", "response_format"),
    *("results_url", "started_at", "stop_reason", "stop_sequence", "temperature", "tool_resources", "top_p", "usage"),
}
"""Fields that the services send as null where there is nothing, which the clients' types do not tell from left out."""
UNCALLED = {"anthropic": {"GET /v1/messages/batches/{message_batch_id}/results": MessageBatchIndividualResponse}}
"""What is found by a link alone: the lines of a file."""
UNTOLD = {"POST /v1/agents/sessions": AgentSessionEvent}
"""The events of streams whose methods do not tell them by their types."""


class Caught(Exception):  # noqa: N818 - carries what a method asks for
    """What would have been sent."""


def catching(kind, **settings):
    """A client that sends nothing and raises `Caught`."""

    class Catching(kind):
        def request(self, cast_to, options, *, stream=False, stream_cls=None):
            events = (*typing_extensions.get_args(stream_cls), cast_to)[0] if stream and stream_cls else None
            raise Caught(cast_to, options, events)

    return Catching(**settings)


def asked(client, base):
    """(operation, type of the answer, type of the events or None) of everything that the client can ask for."""
    for _, method in methods(client, base):
        for positional, keywords in signatures(method):
            try:
                method(*positional, **keywords)
            except Caught as caught:
                cast, options, events = caught.args
                path = re.sub(r"x-(\w+)", r"{\1}", options.url)
                path = path if path.startswith("/v1/") else "/v1" + path
                if "anthropic-beta" in (options.headers or {}) and BETA not in path:
                    path += BETA
                yield f"{options.method.upper()} {path}", cast, events
            except (ValueError, TypeError, openai.OpenAIError, anthropic.AnthropicError):
                continue


class Shapes:
    """The types that are met, each with its notation in terms of the others."""

    def __init__(self, provider):
        self.provider = provider
        self.fields = {}
        """The class of an object -> [(name, notation)], where a class stands for itself."""

    def of(self, kind):
        """The notation of a type: a tuple of texts and classes."""
        kind = _bare(kind)
        if kind in SCALARS:
            return (SCALARS[kind],)
        origin, inner = typing_extensions.get_origin(kind), typing_extensions.get_args(kind)
        if is_union(origin):
            return self._one_of(inner)
        if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
            return self._object(kind)
        return self._made_of(kind, origin, inner)

    def _made_of(self, kind, origin, inner):
        if origin is typing_extensions.Literal:
            return tuple(_between("|", [(_literal(value),) for value in inner]))
        if origin in (list, dict):
            return ("[" if origin is list else "{", *self.of(inner[-1]), "]" if origin is list else "}")
        name = getattr(origin, "__name__", "") or getattr(kind, "__name__", "")
        if "Binary" in name:
            return ("bytes",)
        if name == "JSONLDecoder":
            return ("lines(", *self.of(inner[0]), ")")
        raise Unfillable(repr(kind))

    def _one_of(self, inner):
        variants = [each for each in inner if _bare(each) is not type(None)]
        parts = [self.of(each) for each in variants[:MOST_VARIANTS]]
        if ("str",) in parts:
            parts = [part for part in parts if not str(part[0]).startswith("'")]
        null = [("null",)] if len(variants) < len(inner) else []
        return tuple(_between("|", [*dict.fromkeys(parts), *null]))

    def _object(self, kind):
        page = PAGES.get(kind.__name__.split("[")[0])
        if page:
            item = typing_extensions.get_args(kind.model_fields["data"].annotation)[0]
            return (page[self.provider] + "(", *self.of(item), ")")
        self._note(kind)
        return (kind,)

    def _note(self, kind):
        if kind in self.fields:
            return
        found = self.fields[kind] = []
        for name, field in kind.model_fields.items():
            optional = "" if field.is_required() else "?"
            notation = self.of(field.annotation)
            if optional and notation[-2:] == ("|", "null"):
                if name in ALWAYS_THERE:
                    optional = ""
                else:
                    notation = notation[:-2]
            found.append(((field.alias or name) + optional, notation))
        found.sort(key=lambda each: (each[0] != "id", each[0] not in ("object", "type"), each[0]))

    def named(self):
        """A name for each class; classes whose shapes are the same share one."""
        group = dict.fromkeys(self.fields, 0)
        while True:
            looks = {}
            for kind, fields in self.fields.items():
                seen = [(name, tuple(group.get(part, part) for part in notation)) for name, notation in fields]
                looks.setdefault((group[kind], *seen), []).append(kind)
            fresh = {kind: number for number, kinds in enumerate(looks.values()) for kind in kinds}
            if len(looks) == len(set(group.values())):
                break
            group = fresh
        names, taken = {}, set()
        for kinds in looks.values():
            wanted = min((_plain(kind.__name__) for kind in kinds), key=lambda name: (len(name), name))
            name, number = wanted, 2
            while name in taken:
                name, number = f"{wanted}{number}", number + 1
            taken.add(name)
            names |= dict.fromkeys(kinds, name)
        return names


def _bare(kind):
    while True:
        if isinstance(kind, typing_extensions.TypeAliasType):
            kind = kind.__value__
        elif typing_extensions.get_origin(kind) is typing_extensions.Annotated:
            kind = typing_extensions.get_args(kind)[0]
        else:
            return kind


def _plain(name):
    return re.sub(r"\W+", "", name.removeprefix("Beta").replace("ManagedAgents", ""))


def _literal(value):
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


def _between(sign, parts):
    for index, part in enumerate(parts):
        yield from (sign, *part) if index else part


def _events(shapes, operation, kind):
    """The events of a stream: `name:shape`, in order."""
    wanted = STREAMS.get(operation)
    if kind is None or wanted is None:
        return ()
    by_name = {}
    for variant in typing_extensions.get_args(_bare(UNTOLD.get(operation, kind))):
        fields = _bare(variant).model_fields
        tag, data = fields["type"] if "type" in fields else fields["event"], variant
        if "event" in fields and "data" in fields:
            tag, data = fields["event"], fields["data"].annotation
        for name in typing_extensions.get_args(_bare(tag.annotation)):
            by_name[name] = data
    parts = [(" " + name + ":", *shapes.of(by_name[name])) for name in wanted]
    return (" events", *[each for part in parts for each in part])


def table(provider, client, base):
    """The whole table of one provider."""
    shapes = Shapes(provider)
    operations = {}
    for operation, kind in UNCALLED.get(provider, {}).items():
        operations[operation] = ((), [("lines(", *shapes.of(kind), ")")])
    for operation, cast, events in asked(client, base):
        notation = ("null",) if operation.startswith("GET") and events else shapes.of(cast)
        told, answers = operations.get(operation, ((), []))
        operations[operation] = (told or _events(shapes, operation, events), [*answers, notation])
    names = shapes.named()

    def text(notation):
        return "".join(names.get(part, part) for part in notation)

    lines = {}
    for operation, (events, answers) in operations.items():
        lines[operation] = f"{operation} {max(map(text, answers), key=_richness)}{text(events)}"
    for operation in [each for each in lines if each.endswith(BETA)]:
        path, _, shape = lines[operation].partition(BETA)
        plain = lines.get(path)
        if plain == path + shape or plain is None:
            del lines[operation]
            lines[path] = path + shape
    objects = {names[kind]: [(name, text(notation)) for name, notation in kept] for kind, kept in shapes.fields.items()}
    version = metadata.version(provider)
    head = [f"# What {provider} {version} asks for, and the shapes of the answers. Made by contract_derive.py."]
    return "\n".join([*head, *sorted(lines.values(), key=_by_path), "", *_used(list(lines.values()), objects), ""])


def _richness(shape):
    """Of several types for one answer the one that the most of them can be read as."""
    return (shape != "bytes", "(" in shape)


def _by_path(line):
    method, path = line.split(" ")[:2]
    return path, method


def _used(lines, objects):
    """The lines of the objects that operations tell of. What nothing can be taken over into, has what it must have."""
    taking = _reached([line for line in lines if not line.startswith(("GET", "DELETE"))], objects, whole=True)
    given = _reached(lines, objects, whole=False)
    for name in sorted(taking | given):
        fields = [(key, notation) for key, notation in objects[name] if name in taking or not key.endswith("?")]
        yield " ".join([name, *[f"{key}:{notation}" for key, notation in fields]])


def _reached(lines, objects, *, whole):
    found, ahead = set(), [line.partition(" /")[2].partition(" ")[2] for line in lines]
    while ahead:
        for name in re.findall(r"(?<![\w.])[A-Z]\w*", re.sub(r"'[^']*'", "", ahead.pop())):
            if name not in found:
                found.add(name)
                ahead += [notation for key, notation in objects[name] if whole or not key.endswith("?")]
    return found


def main():
    """Write both tables."""
    warnings.simplefilter("ignore")
    clients = {
        "openai": (catching(openai.OpenAI, api_key="x", admin_api_key="x"), OpenAIResource),
        "anthropic": (catching(anthropic.Anthropic, api_key="x"), AnthropicResource),
    }
    for provider, (client, base) in clients.items():
        text = table(provider, client, base)
        (FOLDER / f"{provider}.txt").write_text(text, "utf-8")
        sys.stdout.write(f"{provider}: {len(text)} bytes, {text.count(chr(10))} lines\n")


if __name__ == "__main__":
    main()
