"""One model as the engine plans for it: everything that can be made ready before the first request.

Pure; built before the fork and shared by all workers. Holds no draw and no state.
"""

from collections.abc import Mapping

from simulator.config.resolve import EffectiveModel
from simulator.config.schema import Config
from simulator.engine.content.length import AnswerLength
from simulator.engine.content.prose import Prose
from simulator.engine.faults.pipeline import Pipeline
from simulator.engine.latency.timeline import Timeline
from simulator.engine.tokens import Tokenizer


class Model:
    """A model's card, tokenizer, prose, timeline and faults, side by side."""

    __slots__ = ("card", "faults", "id_prefix", "length", "prose", "response", "shown", "timeline", "tokenizer")

    def __init__(
        self, name: str, effective: EffectiveModel, tokenizer: Tokenizer, prose: Prose, *, scale: float
    ) -> None:
        """`scale` stretches every delay; 0 answers at once."""
        self.card = effective.card
        self.shown = name + effective.response.model_suffix
        self.response = effective.response
        self.id_prefix = effective.response.id_prefix
        self.tokenizer = tokenizer
        self.prose = prose
        self.length = AnswerLength(effective.response.length)
        self.timeline = Timeline(effective.latency, scale)
        self.faults = Pipeline(effective.errors)


def varies(config: Config, effective: Mapping[str, EffectiveModel]) -> bool:
    """Whether any model's delays depend on the moment: one that is known, or one that only a pattern describes."""
    known = any(one.latency.varies for one in effective.values())
    return known or any(one.latency.varies for one in config.providers.values())
