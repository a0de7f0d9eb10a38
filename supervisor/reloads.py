"""What came of each reload of the configuration, told on the board for health and metrics. Edge of the board.

A reload has worked when every worker serves with it. Until one does, the notice says why the last did not.
"""

import logging

from simulator.state.board import Board, Shared
from supervisor.forking import freeze_heap

log = logging.getLogger("supervisor.fleet")


class Reloads:
    """The reload under way, and the counts of those before."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self.rolling = False
        """Whether workers are being replaced because of a reload."""
        self._taken_back = False
        self._stale = False

    def refused(self, reason: str) -> None:
        """The configuration cannot be used; nothing has changed."""
        log.error("the configuration is not reloaded and the running one stays: %s", reason)
        self._failed(reason)

    def begun(self, workers: int) -> None:
        """The configuration is loaded; workers are replaced from here on."""
        self.rolling = True
        self._taken_back = False
        freeze_heap()
        log.info("replacing %d workers, one at a time, with the new configuration", workers)

    def taken_back(self, reason: str) -> None:
        """No worker starts with the new configuration; the one before is in force again."""
        log.error("no worker starts with the new configuration; the one before stays: %s", reason)
        self._taken_back = True
        self._failed(reason)

    def done(self, workers: int) -> None:
        """Every worker serves with the configuration in force."""
        self.rolling = False
        self._stale = True
        log.info("all %d workers are ready with the configuration that is in force", workers)
        if not self._taken_back:
            self._board.shared[Shared.RELOADS] += 1
            self._board.post("")

    def settled(self) -> None:
        """No worker of an older release is left: let go what that release held, which would else stay frozen."""
        if self._stale and not self.rolling:
            self._stale = False
            freeze_heap()

    def _failed(self, reason: str) -> None:
        self._board.shared[Shared.RELOADS_FAILED] += 1
        self._board.post(reason)
