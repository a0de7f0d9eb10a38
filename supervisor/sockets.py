"""The listening sockets, shared by all workers. Edge; knows nothing of processes."""

import errno
import os
import socket
import sys
from collections.abc import Sequence

BACKLOG = 4096
"""Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`."""

LINUX = sys.platform == "linux"
_WHY = {
    errno.EADDRINUSE: "is in use; choose another with --port, or stop what listens there",
    errno.EADDRNOTAVAIL: "cannot be used: this host does not have the address",
    errno.EACCES: "may not be used by this user; ports below 1024 need a privilege",
}


class BindError(Exception):
    """An address that cannot be listened on; the message is one line for the operator."""


def bind(host: str, port: int) -> list[socket.socket]:
    """Listen on every address that `host` stands for. Port 0 lets the system choose, one port for all.

    Raises `BindError`. The sockets do not block and are inherited by a fork.
    """
    try:
        found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise BindError(f"the address {host!r} cannot be resolved: {_words(error)}") from error
    listeners: list[socket.socket] = []
    try:
        places = dict.fromkeys((entry[0], entry[4]) for entry in found)
        for family, address in places:
            chosen = (address[0], listeners[0].getsockname()[1] if listeners else port, *address[2:])
            # A version 6 socket takes version 4 too, unless that side of the name has a socket of its own.
            listeners.append(_listen(family, chosen, both=len(places) == 1))
    except BindError:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def url(listener: socket.socket) -> str:
    """The address of a listening socket, as a client writes it."""
    return f"http://{_shown(listener.getsockname())}"


def local_url(listeners: Sequence[socket.socket]) -> str:
    """An address at which a client on this host reaches the fleet."""
    host, port = listeners[0].getsockname()[:2]
    local = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://{_shown((local, port))}"


def _listen(family: int, address: tuple[object, ...], *, both: bool) -> socket.socket:
    listener: socket.socket | None = None
    try:
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(not both))
        if address[1] == 0 and LINUX:
            _bind_to_free(listener, address)
        else:
            listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        if listener is not None:
            listener.close()
        raise BindError(f"port {address[1]} on {address[0]} {_WHY.get(error.errno or 0, _words(error))}") from error
    return listener


def _bind_to_free(listener: socket.socket, address: tuple[object, ...]) -> None:
    """Bind to a port that the system chooses, but by its number.

    A port that comes with the bind is given up when the socket ceases to listen (`supervisor.refusing`); one that was
    asked for stays (SOCK_BINDPORT_LOCK). The socket that finds it holds it until the other one has it too, as Linux
    allows with SO_REUSEADDR while neither listens.
    """
    with socket.socket(listener.family, socket.SOCK_STREAM) as finder:
        finder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if listener.family == socket.AF_INET6:
            only = listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY)
            finder.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        finder.bind(address)
        listener.bind((address[0], finder.getsockname()[1], *address[2:]))


def _shown(address: Sequence[object]) -> str:
    host, port = address[0], address[1]
    return f"[{host}]:{port}" if ":" in str(host) else f"{host}:{port}"


def _words(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or os.strerror(error.errno or 0)
    return "not a host name"
