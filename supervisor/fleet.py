"""The fleet as a gunicorn application: prepares everything in order, then runs the arbiter. Wiring.

The order matters: the environment and the metrics folder before the application is imported, the sockets
before the costly preload (a port in use is told at once), the preload before the fork (memory is shared).
"""

import contextlib
import logging
import os
import platform
import resource
import secrets
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from gunicorn.app.base import BaseApplication

from simulator.config.load import Loaded, reload
from simulator.state.board import SEATS, Board
from simulator.telemetry import logs
from supervisor import cpus, upgrade
from supervisor.application import Application, Release, simulator_application
from supervisor.arbiter import FleetArbiter
from supervisor.banner import banner
from supervisor.metrics_folder import FolderError, mark_dead, metrics_folder
from supervisor.notes import Notes
from supervisor.ordinals import pod_ordinal
from supervisor.parent import Parent
from supervisor.parts import NotReloaded
from supervisor.sockets import BindError, bind, local_url, url
from supervisor.state_folder import StateError, StateFolder, state_folder

log = logging.getLogger("supervisor.fleet")

HEAD_ROOM = 8
"""Slots beyond the configured number of workers, for TTIN and a reload."""
MOST_DESCRIPTORS = 1_048_576


class Fleet(BaseApplication):  # type: ignore[misc]  # gunicorn is untyped
    """Everything that is made before the fork."""

    def __init__(
        self,
        loaded: Loaded,
        listeners: Sequence[socket.socket],
        folder: Path | None,
        state: StateFolder,
        make: Callable[[], Application],
        load: Callable[[Loaded], Loaded],
        inheritance: upgrade.Inheritance | None = None,
    ) -> None:
        self.loaded = loaded
        self.listeners = listeners
        self.folder = folder
        self.state_folder = state
        self.state = state.path
        self.inheritance = inheritance
        self.fleet = secrets.token_hex(8)
        self.make = make
        self.load_again = load
        self.pod = pod_of(loaded)
        self.workers = self.wanted_workers(loaded)
        self.board = Board(max(2 * self.workers, self.workers + HEAD_ROOM))
        self.notes = Notes(self.board.slots * SEATS)
        self.parent = Parent()
        super().__init__()

    def load_config(self) -> None:
        """The settings of gunicorn itself: only what its base classes read; the rest is ours."""
        self.cfg.set("workers", self.workers)
        self.cfg.set("proc_name", "llm-simulator")
        self.cfg.set("control_socket_disable", True)

    def load(self) -> Release:
        """Import and prepare the application: most of the start."""
        self.application = self.make()
        return Release(1, self.loaded, self.application.preload(self.loaded))

    @property
    def private(self) -> Sequence[int]:
        """Descriptors that no worker keeps: the lock on the state, and the pipe to a fleet that this one replaces."""
        lock = self.state_folder.lock
        return [*([] if lock is None else [lock]), *([] if self.inheritance is None else self.inheritance.private)]

    def run(self) -> int:
        """Prepare, fork, watch. Returns the exit code."""
        arbiter = FleetArbiter(self)
        # From here on a signal waits for the loop, so that nothing is left behind by an early one.
        arbiter.init_signals()
        try:
            arbiter.release = self.load()
        except Exception as error:
            log.error("cannot start: %s: %s", type(error).__name__, error)  # noqa: TRY400 - one line for the operator
            log.debug("where it failed", exc_info=error)
            return 1
        code: int = arbiter.run()
        if arbiter.reason:
            log.error("no worker can start: %s", arbiter.reason)
        return code

    def reload(self, current: Release) -> Release:
        """The next release from the configuration's sources. Raises `NotReloaded`."""
        try:
            loaded = self.load_again(current.loaded)
            prepared = self.application.preload(loaded)
        except Exception as error:  # a bad configuration must not end a running fleet
            raise NotReloaded(" | ".join(str(error).splitlines()) or type(error).__name__) from error
        for warning in loaded.warnings:
            log.warning("%s", warning)
        for key in fixed_changes(current.loaded, loaded):
            log.warning("%s only changes with a restart", key)
        logs.configure(loaded.config.telemetry.logging, shard=logs.fleet_shard(self.pod))
        return Release(current.number + 1, loaded, prepared)

    def wanted_workers(self, loaded: Loaded) -> int:
        """How many workers a configuration asks for; 0 means as many as there are CPUs for us."""
        return loaded.config.server.workers or cpus.available()

    def announce(self, workers: int, release: Release) -> None:
        """Every worker answers: tell it on standard output, and to the fleet that this one replaces."""
        words = banner(
            urls=[url(listener) for listener in self.listeners],
            local=local_url(self.listeners),
            workers=workers,
            pod=self.pod,
            providers=self.application.providers(release.prepared),
            loaded=release.loaded,
        )
        say(words)
        if self.inheritance is not None:
            self.inheritance.take_over()
            self.inheritance = None

    def forget(self, identity: str) -> None:
        """The worker of a seat has ended; its files stay, but for the gauges of the living."""
        if self.folder is not None:
            mark_dead(self.folder, identity)

    def upgrade(self) -> upgrade.Upgrade:
        """Start another fleet of the same command line, which takes over the sockets. Raises OSError."""
        return upgrade.start(self.listeners, self.state_folder, os.environ)

    def handed_over(self) -> None:
        """The other fleet serves: a temporary state folder is no longer ours to remove."""
        self.state_folder.kept = True


def run(
    loaded: Loaded,
    *,
    application: Callable[[], Application] = simulator_application,
    load: Callable[[Loaded], Loaded] = reload,
) -> int:
    """Serve `loaded` with a fleet until told to stop. Returns the exit code.

    0 after a stop; 1 if the start fails (a port or a state folder in use, an application that cannot be prepared),
    with one line that says why; 3 if no worker can start. `application` and `load` exist for tests: what is served,
    and how the configuration is loaded again on HUP.
    """
    logs.configure(loaded.config.telemetry.logging, shard=logs.fleet_shard(pod_of(loaded)))
    raise_descriptor_limit()
    with contextlib.ExitStack() as stack:
        try:
            heir = upgrade.inherit(os.environ)
            folder = prepare_metrics(stack, loaded, shared=heir is not None)
            state = stack.enter_context(state_folder(loaded.config.state.path, heir.state if heir else None))
            listeners = heir.listeners if heir else bind(loaded.config.server.host, loaded.config.server.port)
        except (BindError, FolderError, StateError, upgrade.InheritanceError) as error:
            log.error("%s", error)  # noqa: TRY400 - one line for the operator
            return 1
        stack.callback(close_all, listeners)
        return Fleet(loaded, listeners, folder, state, application, load, heir).run()


def pod_of(loaded: Loaded) -> int:
    """This pod's ordinal, from the configuration or the environment."""
    return pod_ordinal(loaded.config.simulation.pod_ordinal, os.environ, platform.node())


def prepare_metrics(stack: contextlib.ExitStack, loaded: Loaded, *, shared: bool = False) -> Path | None:
    """The metrics folder for as long as the stack lives; None where metrics are off. Raises `FolderError`."""
    metrics = loaded.config.telemetry.metrics
    return stack.enter_context(metrics_folder(metrics.directory, shared=shared)) if metrics.enabled else None


def close_all(listeners: Sequence[socket.socket]) -> None:
    """Close the sockets; again does no harm."""
    for listener in listeners:
        listener.close()


def say(words: str) -> None:
    """Print to standard output; a reader that is gone is no reason to end."""
    with contextlib.suppress(OSError):
        sys.stdout.write(words + "\n")
        sys.stdout.flush()


def raise_descriptor_limit() -> None:
    """Every connection is a descriptor: take as many as the system grants. The usual soft limit is 1,024."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MOST_DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def fixed_changes(before: Loaded, after: Loaded) -> list[str]:
    """The keys whose new value a running fleet cannot take up."""
    old, new = before.config, after.config
    pairs = {
        "server.host": (old.server.host, new.server.host),
        "server.port": (old.server.port, new.server.port),
        "simulation.pod_ordinal": (old.simulation.pod_ordinal, new.simulation.pod_ordinal),
        "state.path": (old.state.path, new.state.path),
        "telemetry.metrics": (old.telemetry.metrics, new.telemetry.metrics),
    }
    return [key for key, (was, is_now) in pairs.items() if was != is_now]
