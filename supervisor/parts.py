"""What the supervisor's loop needs of the fleet that it runs. Pure; `fleet` fulfils it, `arbiter` uses it."""

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from simulator.config.load import Loaded
from simulator.state.board import Board
from supervisor.application import Application, Release
from supervisor.notes import Notes
from supervisor.parent import Parent
from supervisor.upgrade import Upgrade


class NotReloaded(Exception):  # noqa: N818 - it is told, not a crash
    """The configuration cannot be used; the message is one line for the operator."""


class FleetParts(Protocol):
    """Everything that was made before the fork, and the decisions that are not about processes."""

    cfg: Any
    """gunicorn's settings."""
    pod: int
    workers: int
    fleet: str
    """Drawn anew by every supervisor."""
    state: Path | None
    """The folder of the embedded store."""
    board: Board
    listeners: Sequence[socket.socket]
    parent: Parent
    notes: Notes
    application: Application

    @property
    def private(self) -> Sequence[int]:
        """Descriptors that no worker keeps."""

    def reload(self, current: Release) -> Release:
        """The next release. Raises `NotReloaded`."""

    def wanted_workers(self, loaded: Loaded) -> int:
        """How many workers a configuration asks for."""

    def announce(self, workers: int, release: Release) -> None:
        """Every worker answers."""

    def forget(self, identity: str) -> None:
        """The worker of a seat has ended; `identity` names the seat's files."""

    def upgrade(self) -> Upgrade:
        """Start another fleet of the same command line, which takes over the sockets. Raises OSError."""

    def handed_over(self) -> None:
        """The other fleet serves: what it took over is no longer ours to remove."""
