"""The control document: what was changed while the fleet runs, and how one change makes the next document. Pure.

It holds a patch (laid over the configuration), the scenarios that were switched on, and when scenarios that began with
the fleet were ended. Documents are values: a change makes a new one.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from simulator.config.activation import Activation, Timeline
from simulator.config.tree import TAG_FIELD

LARGEST = 1_048_576
"""Bytes of a document."""


class Unreadable(ValueError):  # noqa: N818 - a state of the document, told to operators
    """A document that is not one of ours; the message says what is wrong with it."""


class Document(msgspec.Struct, frozen=True):
    """`ended` are moments (Unix seconds) by name: a scenario of the fleet's start is over if it began before.

    `switched` are moments by name, too: since when the failures of the patch are as they are.
    """

    patch: dict[str, Any] = {}
    scenarios: tuple[Activation, ...] = ()
    ended: dict[str, float] = {}
    switched: dict[str, float] = {}


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Document)
EMPTY = Document()


def encode(document: Document) -> bytes:
    """The bytes that stores keep."""
    return _ENCODER.encode(document)


def decode(body: bytes) -> Document:
    """The document of its bytes; none are the empty document. Raises `Unreadable`."""
    if not body:
        return EMPTY
    try:
        document = _DECODER.decode(body)
        for activation in document.scenarios:
            Timeline(activation)
    except (msgspec.MsgspecError, ValueError, KeyError, RecursionError) as error:
        raise Unreadable(f"the control document cannot be read: {error}") from None
    return document


def patched(document: Document, patch: Mapping[str, Any], *, replace: bool, now: float = 0.0) -> Document:
    """With another patch: `patch` itself, or merged into the present one, where null takes a key away.

    A failure that it brings or changes is switched on at `now` (Unix seconds).
    """
    whole = dict(patch) if replace else merged(document.patch, patch)
    before, after = _failures(document.patch), _failures(whole)
    switched = {
        name: document.switched.get(name, now) if name in before and before[name] == settings else now
        for name, settings in after.items()
    }
    return msgspec.structs.replace(document, patch=whole, switched=switched)


def _failures(patch: Mapping[str, Any]) -> Mapping[str, Any]:
    found = patch.get("faults")
    return found if isinstance(found, Mapping) else {}


def activated(document: Document, activation: Activation) -> Document:
    """With a scenario switched on as the latest, in place of one of its name, also of one of the fleet's start."""
    others = deactivated(document, activation.name, activation.started)
    return msgspec.structs.replace(others, scenarios=(*others.scenarios, activation))


def deactivated(document: Document, name: str, now: float) -> Document:
    """Without a scenario, also if it began with the fleet."""
    others = tuple([one for one in document.scenarios if one.name != name])
    return msgspec.structs.replace(document, scenarios=others, ended={**document.ended, name: now})


def pruned(document: Document, now: float) -> Document:
    """Without scenarios that are over by themselves."""
    left = tuple([one for one in document.scenarios if Timeline(one).ends > now])
    return document if len(left) == len(document.scenarios) else msgspec.structs.replace(document, scenarios=left)


def playing(document: Document, first: tuple[Activation, ...]) -> list[Activation]:
    """All scenarios that are switched on, in the order in which they began to count.

    `first` began with the fleet: each counts until one of its name is switched on or off.
    """
    return [*(one for one in first if document.ended.get(one.name, 0.0) < one.started), *document.scenarios]


def merged(lower: Mapping[str, Any], upper: Mapping[str, Any]) -> dict[str, Any]:
    """A patch merged into a patch, as RFC 7396 has it: null takes a key away, a mapping merges, all else replaces.

    A mapping that names its distribution replaces, because its parameters belong to that choice. A mapping that
    loses its last key is taken away with it.
    """
    result = dict(lower)
    for key, value in upper.items():
        if value is None:
            result.pop(key, None)
            continue
        below = result.get(key)
        if isinstance(value, Mapping) and TAG_FIELD not in value:
            inner = merged(below if isinstance(below, Mapping) else {}, value)
            if inner or not value:
                result[key] = inner
            else:
                result.pop(key, None)
        else:
            result[key] = value
    return result
