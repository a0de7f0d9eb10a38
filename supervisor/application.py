"""The one seam between the fleet and what it serves. Wiring: the fleet knows the application only by this.

The default application is imported late: after the environment and the metrics folder are prepared.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from simulator.config.load import Loaded
from simulator.state.slot import Slot


@dataclass(frozen=True, slots=True)
class Application:
    """How an application is prepared once and made in every worker.

    `preload` runs in the supervisor before the fork: it may import and compute, but starts no thread and
    keeps no file or socket open. `create` runs in the worker and returns an ASGI application, which must
    answer the lifespan scope. `providers` names what is served, for the banner.
    """

    preload: Callable[[Loaded], Any]
    create: Callable[[Any, Slot], Any]
    providers: Callable[[Any], Sequence[str]]


class Leaving(Protocol):
    """What an ASGI application may offer beside being called: how it behaves while its server leaves.

    Both are plain calls in the worker's event loop, looked up by name; an application may lack either. They come in
    this order, each at most once, and neither waits.
    """

    def refuse(self) -> None:
        """From here on answer every new request of the data plane with the provider's own 503 and Retry-After.

        Responses that are under way go on.
        """

    def conclude(self) -> None:
        """End every response that is under way, in band, now: with the provider's own error where it streams."""


@dataclass(frozen=True, slots=True)
class Release:
    """A configuration with the application prepared from it; workers of one release answer alike."""

    number: int
    loaded: Loaded
    prepared: Any


def simulator_application() -> Application:
    """The simulator itself; importing it takes most of the start."""
    from simulator.server.app import create_app, preload  # noqa: PLC0415 - see the module's first lines

    return Application(
        preload=preload,
        create=create_app,
        providers=lambda prepared: [provider.name for provider in prepared.providers],
    )
