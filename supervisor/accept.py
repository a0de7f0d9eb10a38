"""Fair accept: connections from shared listening sockets, spread evenly over the workers.

Edge, with a pure rule. LLM clients keep few, long connections, and the kernel wakes the workers of a shared
socket unevenly: eight connections were seen to land all on one of two workers.

The rule. Let T be the connections that the live workers hold, Q those that wait in the kernel's queue, n the
number of live workers. A worker accepts while it holds fewer than (T + Q) / n, rounded down; and one more, if
the queue has more than the others need to come to as many. So all end within one of the fair share, and in a
storm, with thousands queued, everybody accepts without looking back. A worker whose turn it is not leaves the
queue to the others for a bounded time, in steps of a millisecond and without a reader, so that the
level-triggered socket does not spin; then it accepts anyway: first one connection, then two, four … as long
as nobody else comes.

Knows sockets and the board; nothing of HTTP.
"""

import asyncio
import errno
import logging
import socket
import sys
import time
from collections.abc import Callable, Sequence

from simulator.state.board import ROW_CELLS, Column, SlotState
from simulator.state.slot import Slot

log = logging.getLogger("supervisor.accept")

STEP_SECONDS = 0.001
"""Between two looks at the queue while it is left to others; a loop's timers are no finer."""
PATIENCE_SECONDS = 0.020
"""How long a worker one connection above its share waits; each further one adds half as much."""
LONGEST_PATIENCE_SECONDS = 0.030
FRESH_NS = 1_500_000_000
"""A worker whose last beat is older (three beats) does not count: nobody waits for it."""
FULL_SECONDS = 0.010
"""Between two looks at the fleet's total while it is at `max_connections`."""
STARVED_SECONDS = 0.1
"""Pause when the process or the host is out of descriptors or memory."""
LOG_SECONDS = 60.0
MOST_CREDIT = 1024

_STARVED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_TCP_INFO = getattr(socket, "TCP_INFO", None) if sys.platform == "linux" else None
# struct tcp_info of linux/tcp.h: eight bytes, then 32-bit fields; the fifth, tcpi_unacked, is the length of the
# accept queue for a listening socket.
_UNACKED = slice(24, 28)

ProtocolFactory = Callable[[], asyncio.BaseProtocol]


def surplus(mine: int, others: Sequence[int], queued: int) -> int:
    """By how many connections a worker with `mine` would pass its share if it accepted one more.

    `others` are the connections of every other live worker; `queued` counts the one that could be accepted.
    0: it may accept at once. For a worker whose turn it is not, at least 1.
    """
    workers = len(others) + 1
    floor, rest = divmod(mine + sum(others) + queued, workers)
    if mine < floor:
        return 0
    if mine == floor and rest:
        needed = sum([floor - other for other in others if other < floor])
        if queued > needed:
            return 0
    return max(1, mine + 1 - floor - (rest > 0))


def patience(excess: int) -> float:
    """Seconds to leave the queue to others when `excess` connections above the share; 0 if not above."""
    if excess <= 0:
        return 0.0
    return min(LONGEST_PATIENCE_SECONDS, PATIENCE_SECONDS * (1 + (excess - 1) / 2))


def accept_queue(listener: socket.socket) -> int | None:
    """How many connections wait to be accepted; None where the system does not tell."""
    if _TCP_INFO is None:
        return None
    try:
        return int.from_bytes(listener.getsockopt(socket.IPPROTO_TCP, _TCP_INFO, 28)[_UNACKED], sys.byteorder)
    except OSError:
        return None


def listens(listener: socket.socket) -> bool:
    """Whether connections to a socket are taken, rather than refused."""
    return bool(listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))


class Acceptor:
    """One worker's side of one listening socket.

    `factory` makes a connection's protocol; whoever owns the protocol must take the connection off the board
    (`Column.CONNECTIONS`) when it is lost. Here it is put on the board at the accept itself, so that the other
    workers see it at once.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        listener: socket.socket,
        slot: Slot,
        factory: ProtocolFactory,
        *,
        max_connections: int,
    ) -> None:
        self._loop = loop
        self._listener = listener
        self._cells = slot.board.cells
        self._row = slot.row
        self._me = slot.board.index(slot.ordinal, slot.seat)
        self._factory = factory
        self._max_connections = max_connections
        self._opening: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._deferred_at = 0.0
        self._expiries = 0
        self._credit = 0
        self._log_after = 0.0
        self._stopped = False
        self._held = False

    @property
    def listener(self) -> socket.socket:
        """The socket, shared with the other workers."""
        return self._listener

    @property
    def stopped(self) -> bool:
        """Whether it accepts no more for good."""
        return self._stopped

    def start(self) -> None:
        """Accept from here on."""
        self._watch()

    def hold(self) -> None:
        """Watch nothing until told to `go_on`: the socket does not listen. Idempotent."""
        if not (self._held or self._stopped):
            self._held = True
            self._idle()

    def go_on(self) -> None:
        """Accept again after `hold`. Idempotent."""
        if self._held:
            self._held = False
            self._watch()

    def stop(self) -> None:
        """Accept no more; what is queued stays for the other workers. Idempotent."""
        if self._stopped:
            return
        self._stopped = True
        self._idle()

    def finish(self) -> None:
        """Take everything that is queued, whoever's turn it is, and accept no more."""
        self.stop()
        for _ in range(accept_queue(self._listener) or 0):
            self._take()

    async def settle(self) -> None:
        """Wait until every accepted connection has its protocol."""
        if self._opening:
            await asyncio.wait(self._opening)

    def _watch(self) -> None:
        self._timer = None
        if not (self._stopped or self._held):
            self._loop.add_reader(self._listener, self._on_readable)

    def _rest(self) -> None:
        self._loop.remove_reader(self._listener)

    def _idle(self) -> None:
        self._rest()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _on_readable(self) -> None:
        """At least one connection waits: take one, or leave it to others. The loop calls again if more wait."""
        if sum(self._cells[Column.CONNECTIONS :: ROW_CELLS].tolist()) >= self._max_connections:
            self._pause(FULL_SECONDS, self._watch)
            return
        if self._excess() <= 0:
            self._expiries = self._credit = 0
        elif self._credit:
            self._credit -= 1
        else:
            self._deferred_at = self._loop.time()
            self._pause(STEP_SECONDS, self._look_again)
            return
        self._take()

    def _look_again(self) -> None:
        """The queue was left to others: see whether they have taken it, or else whose turn it is."""
        self._timer = None
        if accept_queue(self._listener) == 0:
            self._expiries = 0
            self._watch()
            return
        excess = self._excess()
        if excess > 0:
            if self._loop.time() - self._deferred_at < patience(excess):
                self._timer = self._loop.call_later(STEP_SECONDS, self._look_again)
                return
            self._credit = min(MOST_CREDIT, 2**self._expiries)
            self._expiries = min(self._expiries + 1, 10)
        self._watch()

    def _excess(self) -> int:
        cells = self._cells
        # The board first, the queue second: a connection on its way from one to the other is then missed, never
        # counted twice, and the worker only waits a little.
        states = cells[Column.STATE :: ROW_CELLS].tolist()
        connections = cells[Column.CONNECTIONS :: ROW_CELLS].tolist()
        beats = cells[Column.HEARTBEAT_NS :: ROW_CELLS].tolist()
        oldest = time.monotonic_ns() - FRESH_NS
        me = self._me
        others = [
            connections[seat]
            for seat, state in enumerate(states)
            if state == SlotState.READY and beats[seat] >= oldest and seat != me
        ]
        return surplus(connections[me], others, accept_queue(self._listener) or 1) if others else 0

    def _take(self) -> None:
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return  # another worker was faster, or the client has left
        except OSError as error:
            self._refused(error)
            return
        self._row[Column.CONNECTIONS] += 1
        task = self._loop.create_task(self._open(connection))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, connection: socket.socket) -> None:
        protocol = self._factory()
        try:
            connection.setblocking(False)
            # Without it the second small write of a stream waits up to 40 ms for the client's delayed ACK.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(lambda: protocol, connection)
        except OSError as error:
            # The client left between the accept and here: its protocol never saw the connection.
            if getattr(protocol, "transport", None) is None:
                self._row[Column.CONNECTIONS] -= 1
                connection.close()
            log.debug("a connection was lost while it was accepted: %s", error)

    def _refused(self, error: OSError) -> None:
        """Out of descriptors or memory: rest, since the socket stays readable; tell it once a minute."""
        now = self._loop.time()
        # Where the socket does not listen another worker was told first that connections are refused.
        if now >= self._log_after and listens(self._listener):
            self._log_after = now + LOG_SECONDS
            what = "out of descriptors or memory" if error.errno in _STARVED else "a failing system call"
            log.error("connections wait to be accepted because of %s: %s", what, error.strerror)
        self._pause(STARVED_SECONDS, self._watch)

    def _pause(self, seconds: float, then: Callable[[], None]) -> None:
        self._rest()
        self._timer = self._loop.call_later(seconds, then)
