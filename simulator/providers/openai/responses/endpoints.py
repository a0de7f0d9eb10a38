"""What the Responses part of the dialect serves. Wiring."""

from collections.abc import Sequence

from simulator.providers.base import Action, Endpoint
from simulator.providers.decode import DEFAULT_DEPTH
from simulator.providers.openai.responses import fetch
from simulator.providers.openai.responses.compact import Compact
from simulator.providers.openai.responses.count import InputTokens
from simulator.providers.openai.responses.create import Responses


def endpoints(max_depth: int = DEFAULT_DEPTH) -> Sequence[Endpoint]:
    """The endpoints that are planned."""
    return (Responses(max_depth), InputTokens(max_depth), Compact(max_depth))


def actions() -> Sequence[Action]:
    """The operations on stored responses."""
    return fetch.actions()
