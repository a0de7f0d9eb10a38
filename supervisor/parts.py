"""What the supervisor's loop needs of the fleet that it runs. Pure; `fleet` fulfils it, `arbiter` uses it."""

import socket
from collections.abc import Sequence
from typing import Any, Protocol

from simulator.config.load import Loaded
from simulator.state.board import Board
from supervisor.application import Application, Release
from supervisor.notes import Notes
from supervisor.parent import Parent


class FleetParts(Protocol):
    """Everything that was made before the fork, and the decisions that are not about processes."""

    cfg: Any
    """gunicorn's settings."""
    pod: int
    workers: int
    board: Board
    listeners: Sequence[socket.socket]
    parent: Parent
    notes: Notes
    application: Application
    first_release: Release

    def reload(self, current: Release) -> Release | None:
        """The next release, or None if the configuration cannot be used."""

    def wanted_workers(self, loaded: Loaded) -> int:
        """How many workers a configuration asks for."""

    def announce(self, workers: int) -> None:
        """Every worker answers."""

    def forget(self, ordinal: int) -> None:
        """A worker of this slot has ended."""
