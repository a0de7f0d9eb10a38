"""What holds when: a control document and the scenarios of the fleet's start, asked for a moment. Pure.

Made once a document, so that the next phase, and the same scenario again, are found by a comparison of bytes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from simulator.config.activation import FOREVER, Activation, Timeline
from simulator.config.runtime import RUNTIME, SCENARIO
from simulator.server.control.document import Document, playing

Layers = tuple[tuple[str, Mapping[str, Any]], ...]
"""What is laid over the configuration, each with its source, the later over the earlier."""


class Act:
    """A scenario that is switched on, with the layer of each of its phases."""

    __slots__ = ("activation", "keys", "layers", "timeline")

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        self.timeline = Timeline(activation)
        source = SCENARIO + activation.name
        self.layers = [(source, part.set) for part in self.timeline.parts]
        self.keys = [msgspec.json.encode(layer) for layer in self.layers]


class Moment(msgspec.Struct, frozen=True):
    """What holds until `until` (Unix seconds). Moments of one `key` have the same layers.

    `scenarios` has the phase of each scenario at work.
    """

    key: tuple[bytes, ...]
    layers: Layers
    until: float
    scenarios: Mapping[str, str]


class Agenda:
    """The patch and the scenarios of one document."""

    def __init__(self, document: Document, first: tuple[Activation, ...]) -> None:
        """Raises KeyError or ValueError for a scenario whose parameters do not fit it."""
        self.document = document
        self.acts = [Act(activation) for activation in playing(document, first)]
        self._patch: Layers = ((RUNTIME, document.patch),) if document.patch else ()
        self._patch_key = tuple([msgspec.json.encode(layer) for layer in self._patch])

    def at(self, now: float) -> Moment:
        """What holds at a moment."""
        key, layers = list(self._patch_key), list(self._patch)
        until = FOREVER
        scenarios: dict[str, str] = {}
        for act in self.acts:
            phase, ends = act.timeline.state_at(now)
            until = min(until, ends)
            if phase is not None:
                scenarios[act.activation.name] = act.timeline.parts[phase].name
                key.append(act.keys[phase])
                layers.append(act.layers[phase])
        return Moment(tuple(key), tuple(layers), until, scenarios)

    def rehearsals(self) -> Iterator[Layers]:
        """Every set of layers to try before a document is taken up: the patch, and with it each phase by itself."""
        yield self._patch
        for act in self.acts:
            for layer in act.layers:
                yield (*self._patch, layer)
