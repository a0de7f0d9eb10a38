"""What of pictures and sounds is served. Wiring."""

from collections.abc import Sequence

from simulator.providers.base import Action, Endpoint
from simulator.providers.openai.media.images import Edits, Generations, ShowPicture, Variations
from simulator.providers.openai.media.speech import Speech
from simulator.providers.openai.media.transcriptions import Transcriptions, Translations


def endpoints(max_depth: int) -> Sequence[Endpoint]:
    """The planned ones. `max_depth` bounds the nesting of JSON bodies."""
    return Generations(max_depth), Edits(), Variations(), Speech(max_depth), Transcriptions(), Translations()


def actions() -> Sequence[Action]:
    """The others."""
    return (ShowPicture(),)
