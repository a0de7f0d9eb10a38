"""What holds when: a control document and the scenarios of the fleet's start, asked for a moment. Pure.

Made once a document, so that the next phase, and the same scenario again, are found by a comparison of bytes.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from simulator.config.activation import FOREVER, Activation, Timeline
from simulator.config.expand import rehearsed
from simulator.config.runtime import RUNTIME, SCENARIO
from simulator.server.control.document import Document, playing

Layers = tuple[tuple[str, Mapping[str, Any]], ...]
"""What is laid over the configuration, each with its source, the later over the earlier."""


class Act:
    """A scenario that is switched on, with the names of the failures that each of its phases brings."""

    __slots__ = ("activation", "failures", "source", "timeline")

    def __init__(self, activation: Activation) -> None:
        self.activation = activation
        self.timeline = Timeline(activation)
        self.source = SCENARIO + activation.name
        found = [part.set.get("faults") for part in self.timeline.parts]
        self.failures = [tuple(each) if isinstance(each, Mapping) else () for each in found]


class Moment(msgspec.Struct, frozen=True):
    """What holds until `until` (Unix seconds). Moments of one `key` have the same layers.

    `scenarios` has the phase of each scenario at work, `since` when the failures of these phases and of the patch were
    switched on (Unix seconds), by name: where the phase began, of the scenario that lies over the others.
    """

    key: tuple[bytes, ...]
    layers: Layers
    until: float
    scenarios: Mapping[str, str]
    since: Mapping[str, float]


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
        since = dict(self.document.switched)
        for act in self.acts:
            scene, ends = act.timeline.scene_at(now)
            until = min(until, ends)
            if scene is None:
                continue
            part = act.timeline.parts[scene.phase]
            scenarios[act.activation.name] = part.name
            layer = (act.source, part.layer(scene.step))
            key.append(msgspec.json.encode(layer))
            layers.append(layer)
            since |= dict.fromkeys(act.failures[scene.phase], scene.begins)
        return Moment(tuple(key), tuple(layers), until, scenarios, since)

    def rehearsals(self) -> Iterator[Layers]:
        """Every set of layers to try before a document is taken up: the patch, and with it each phase by itself."""
        yield self._patch
        for act in self.acts:
            for part in act.timeline.parts:
                for layer in rehearsed(part):
                    yield (*self._patch, (act.source, layer))
