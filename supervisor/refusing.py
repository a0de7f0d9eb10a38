"""Connections refused for a while, by the kernel itself: new ones meet ECONNREFUSED, kept ones go on.

Edge: listening sockets; knows nothing of who wants it, or why. Rules

- `shutdown(SHUT_RD)` takes a listening socket out of LISTEN (Linux, inet_shutdown in net/ipv4/af_inet.c): what is
  queued is reset, and a SYN is answered with a RST, as by a host on which nothing listens. `listen` brings it back.
  The port stays bound, as it was bound by its number (`supervisor.sockets`).
- All workers share the socket, so whoever is first does it for the fleet; the others find it done.
- A worker takes its reader off the socket meanwhile: epoll tells a socket that does not listen as hung up, for ever.
- Every worker asks again with its heartbeat and brings the sockets to what it is told, so that one which was told
  late, or has just begun, does not leave them as they should not be.
- A worker that accepts no more because it leaves does not touch them: they belong to those that serve.
"""

import logging
import socket
from collections.abc import Callable, Sequence
from typing import Protocol

from supervisor.accept import Acceptor, listens
from supervisor.sockets import BACKLOG

log = logging.getLogger("supervisor.accept")


class Refusing(Protocol):
    """What an ASGI application may offer beside being called, looked up by name: that connections are to be refused."""

    def tell_refusal(self, tell: Callable[[bool], None]) -> None:
        """Call `tell` at once, and whenever something else holds, with whether connections are to be refused.

        In the event loop; asked more than once, the last `tell` counts.
        """


class Gate:
    """One worker's side of the listening sockets: open, or refusing."""

    def __init__(self, acceptors: Sequence[Acceptor]) -> None:
        self._acceptors = acceptors
        self._refuses = False
        self._complained = False

    def tell(self, refuses: bool) -> None:
        """Bring every socket to what is told: new connections are refused, or accepted. Idempotent."""
        if refuses is not self._refuses:
            self._refuses = refuses
            log.info("new connections are %s", "refused" if refuses else "accepted again")
        for acceptor in self._acceptors:
            if acceptor.stopped:
                continue
            if refuses and self._shut(acceptor.listener):
                acceptor.hold()
            elif self._open(acceptor.listener):
                acceptor.go_on()

    def _shut(self, listener: socket.socket) -> bool:
        if not listens(listener):
            return True
        try:
            listener.shutdown(socket.SHUT_RD)
        except OSError as error:
            if listens(listener):
                self._complain("this system cannot refuse connections", error)
        return not listens(listener)

    def _open(self, listener: socket.socket) -> bool:
        if listens(listener):
            return True
        try:
            listener.listen(BACKLOG)
        except OSError as error:
            # With its address shared (SO_REUSEADDR) somebody else may listen there meanwhile; it is tried again.
            self._complain("connections cannot be accepted again", error)
            return False
        self._complained = False
        return True

    def _complain(self, what: str, error: OSError) -> None:
        if not self._complained:
            self._complained = True
            log.error("%s: %s", what, error.strerror)
