"""One process, no supervisor: for a laptop, a debugger, a test. Wiring.

Serves with the same protocol, accept and drain as the fleet's workers, on a board of one slot. TERM drains,
a second TERM, INT or QUIT stop quickly; the exit code is 0.
"""

import asyncio
import contextlib
import gc
import logging
import secrets
from collections.abc import Callable

import uvloop

from simulator.config.load import Loaded
from simulator.state.board import Board
from simulator.state.slot import Slot
from simulator.telemetry import logs
from supervisor.application import Application, simulator_application
from supervisor.banner import banner
from supervisor.fleet import close_all, pod_of, prepare_metrics, raise_descriptor_limit, say
from supervisor.metrics_folder import FolderError
from supervisor.server import Server, StartError
from supervisor.sockets import BindError, bind, local_url, url
from supervisor.state_folder import StateError, state_folder

log = logging.getLogger("supervisor.solo")


def run(loaded: Loaded, *, application: Callable[[], Application] = simulator_application) -> int:
    """Serve `loaded` in this process until told to stop. Returns the exit code: 0, or 1 if the start fails."""
    pod = pod_of(loaded)
    logs.configure(loaded.config.telemetry.logging, shard=f"{pod}.0")
    raise_descriptor_limit()
    settings = loaded.config.server
    with contextlib.ExitStack() as stack:
        try:
            prepare_metrics(stack, loaded)
            folder = stack.enter_context(state_folder(loaded.config.state.path))
            slot = Slot(0, pod, Board(1), secrets.token_hex(8), folder.path)
            listeners = bind(settings.host, settings.port)
            stack.callback(close_all, listeners)
            made = application()
            prepared = made.preload(loaded)

            def ready() -> None:
                gc.freeze()
                say(
                    banner(
                        urls=[url(listener) for listener in listeners],
                        local=local_url(listeners),
                        workers=1,
                        pod=pod,
                        providers=made.providers(prepared),
                        loaded=loaded,
                    )
                )

            server = Server(made.create(prepared, slot), slot, settings, ready=ready)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(server.serve(listeners))
        except (BindError, FolderError, StartError, StateError) as error:
            log.error("%s", error)  # noqa: TRY400 - one line for the operator
            return 1
        except Exception as error:
            log.error("cannot start: %s: %s", type(error).__name__, error)  # noqa: TRY400 - one line for the operator
            log.debug("where it failed", exc_info=error)
            return 1
    return 0
