"""A fleet that takes another's place on the same sockets, for an upgrade on a bare host. Edge.

The running supervisor starts the same command line as a new process, which inherits the listening sockets and the
lock on the state folder by their descriptors; an environment variable names them. When all workers of the new fleet
answer, it says so through a pipe and tells the old one to drain. If it ends before, nothing has changed.
"""

import contextlib
import os
import signal
import socket
import sys
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from supervisor.metrics_folder import VARIABLE as METRICS_VARIABLE
from supervisor.state_folder import StateFolder

VARIABLE = "LLM_SIM_TAKES_OVER"


class InheritanceError(Exception):
    """What was inherited cannot be used; the message is one line for the operator."""


class _Will(msgspec.Struct, forbid_unknown_fields=True):
    """The environment variable's JSON: pids and descriptors."""

    parent: int
    sockets: list[int]
    ready: int
    state: str
    lock: int | None = None


@dataclass(slots=True)
class Upgrade:
    """The old fleet's side: the process that is to take over, and the pipe through which it says that it has."""

    pid: int
    pipe: int
    _told: bool = False

    @property
    def serves(self) -> bool:
        """Whether the new fleet has said that it serves."""
        if not self._told:
            with contextlib.suppress(BlockingIOError):
                self._told = bool(os.read(self.pipe, 1))
        return self._told

    def close(self) -> None:
        """Let go of the pipe."""
        os.close(self.pipe)


@dataclass(slots=True)
class Inheritance:
    """The new fleet's side."""

    parent: int
    listeners: list[socket.socket]
    state: StateFolder
    private: list[int] = field(default_factory=list)
    """The pipe, while it is open."""

    def take_over(self) -> None:
        """Say that this fleet serves, and have the old one drain."""
        self.state.kept = False
        while self.private:
            pipe = self.private.pop()
            with contextlib.suppress(OSError):
                os.write(pipe, b"1")
            os.close(pipe)
        if os.getppid() == self.parent:
            os.kill(self.parent, signal.SIGTERM)


def start(listeners: Sequence[socket.socket], state: StateFolder, environ: MutableMapping[str, str]) -> Upgrade:
    """Start this process's command line anew, with the sockets and the state. Raises OSError."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)
    descriptors = [listener.fileno() for listener in listeners]
    will = _Will(os.getpid(), descriptors, theirs, str(state.path), state.lock)
    passed = [*descriptors, theirs, *([] if state.lock is None else [state.lock])]
    given = {key: value for key, value in environ.items() if key != METRICS_VARIABLE}
    given[VARIABLE] = msgspec.json.encode(will).decode()
    try:
        # Nobody else forks meanwhile: this process has one thread.
        for descriptor in passed:
            os.set_inheritable(descriptor, True)
        pid = os.posix_spawn(
            sys.executable,
            sys.orig_argv,
            given,
            setsigmask=(),
            setsigdef=[number for number in signal.valid_signals() if number not in (signal.SIGKILL, signal.SIGSTOP)],
        )
    except OSError:
        os.close(ours)
        raise
    finally:
        for descriptor in passed:
            os.set_inheritable(descriptor, False)
        os.close(theirs)
    return Upgrade(pid, ours)


def inherit(environ: MutableMapping[str, str]) -> Inheritance | None:
    """What another fleet has left to this one, or None; takes the variable out of the environment.

    Raises `InheritanceError`.
    """
    text = environ.pop(VARIABLE, None)
    if text is None:
        return None
    try:
        will = msgspec.json.decode(text, type=_Will)
        passed = [*will.sockets, will.ready, *([] if will.lock is None else [will.lock])]
        for descriptor in passed:
            os.set_inheritable(descriptor, False)
        listeners = [socket.socket(fileno=descriptor) for descriptor in will.sockets]
    except (msgspec.DecodeError, OSError) as error:
        raise InheritanceError(f"{VARIABLE} cannot be used: {error}; only a running fleet sets it") from error
    for listener in listeners:
        listener.setblocking(False)
    return Inheritance(will.parent, listeners, StateFolder(Path(will.state), will.lock, kept=True), [will.ready])
