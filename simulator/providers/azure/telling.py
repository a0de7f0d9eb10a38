"""What OpenAI's endpoints and actions tell of themselves for the OpenAPI document, told by their envelopes. Pure."""

from typing import Final

from simulator.providers.azure.versions import PARAMETER
from simulator.providers.base import Action, Endpoint

_TOLD: Final = ("body", "form", "files", "answers", "streamed")


def tell(within: Endpoint | Action, envelope: Endpoint | Action, *, dated: bool) -> None:
    """Copy what there is (see `providers.described`); dated paths have a parameter more."""
    for name in _TOLD:
        if hasattr(within, name):
            setattr(envelope, name, getattr(within, name))
    query = tuple(getattr(within, "query", ()))
    told = (PARAMETER, *query) if dated else query
    if told:
        envelope.query = told  # type: ignore[union-attr]  # optional, so no part of the protocols
