"""The application: routes to raw ASGI endpoints. Wiring.

`preload` runs before the fork and makes all that workers share; `create_app` runs in each worker. Called
without arguments it is a factory for any ASGI server: one process, one slot, configuration from the
environment.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.routing import Route, Router

from simulator.config.load import Loaded, load
from simulator.contract.tables import indexes
from simulator.engine.engine import Engine
from simulator.providers.paths import Paths
from simulator.providers.registry import registry
from simulator.server.admin.circuits import ByHand, CircuitList
from simulator.server.admin.config import ConfigEndpoint, ReloadEndpoint
from simulator.server.admin.guard import guarded
from simulator.server.admin.read import Stats
from simulator.server.admin.scenarios import Activate, Deactivate, OneScenario, ScenarioList
from simulator.server.admin.sessions import OneSession, Sessions
from simulator.server.admin.workers import Workers
from simulator.server.context import House
from simulator.server.control.pulse import Pulse
from simulator.server.failing.book import FailureBook
from simulator.server.health import Health, Live, Ready
from simulator.server.live import Prepared
from simulator.server.models import ModelsEndpoint
from simulator.server.openapi.page import OpenApi
from simulator.server.play import Receive, Send
from simulator.server.recording.page import RequestsPage
from simulator.server.recording.watched import Watched
from simulator.server.refusals import UnknownPath
from simulator.server.scrape import Scrape
from simulator.server.sharing import provider_apps
from simulator.state.board import Board, Column, SlotState
from simulator.state.circuit import Event
from simulator.state.opening import open_store, prepare
from simulator.state.slot import Slot

CONFIG_VARIABLE = "LLM_SIM_CONFIG"
"""Names the configuration file where no command line can."""


def preload(loaded: Loaded) -> Prepared:
    """Everything that workers share. Starts no thread, opens nothing that stays open.

    Raises ValueError for a configuration whose parts contradict each other, `PluginError` for a broken provider.
    """
    prepare(loaded.config.state)
    if loaded.config.compat.contract:
        indexes()
    FailureBook(loaded.config.faults)  # what a strategy does not take is told before any worker starts
    return Prepared(loaded, Engine(loaded.config, loaded.catalogue), registry())


class App:
    """The ASGI application of one worker. `refuse` and `conclude` are the supervisor's: a drain's last steps.

    The providers' paths go straight to their endpoints: Starlette's router tries one pattern after the other and awaits
    three coroutines on the way, which costs a tenth of a chat request. All other paths are the router's.
    """

    def __init__(self, house: House, data: Mapping[str, Any], router: Router) -> None:
        self._house = house
        self._router = router
        self._exact = {path: app for path, app in data.items() if "{" not in path}
        self._paths = Paths(data)

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Answer."""
        path = scope.get("path")
        app = self._exact.get(path)
        if app is None:
            found = self._paths.find(path) if path is not None else None
            if found is None:
                app = self._router
            else:
                app, scope["path_params"] = found
        await app(scope, receive, send)

    def refuse(self) -> None:
        """Answer every further request of the data plane with the provider's own 503."""
        self._house.refusing = True

    def conclude(self) -> None:
        """End every response that is under way, in band."""
        self._house.conclude()

    def tell_refusal(self, tell: Callable[[bool], None]) -> None:
        """Call `tell` at once, and whenever something else holds: whether new connections are to be refused."""
        self._house.tell_refusal = tell
        tell(self._house.config.server.refuse_connections)


def create_app(prepared: Prepared | None = None, slot: Slot | None = None) -> App:
    """The ASGI application of one worker."""
    if prepared is None:
        path = os.environ.get(CONFIG_VARIABLE)
        prepared = preload(load(Path(path) if path else None))
    alone = slot is None
    if slot is None:
        slot = Slot(ordinal=0, pod=prepared.config.simulation.pod_ordinal or 0, board=Board(1))
    house = House(prepared, slot)
    routes = [Route(path, app) for path, app in guarded(house, _control(house)).items()]
    lifespan = _lifespan(house, alone=alone)
    return App(
        house,
        {path: _watched(house, app) for path, app in provider_apps(house).items()},
        Router(routes, default=_watched(house, UnknownPath(house)), redirect_slashes=False, lifespan=lifespan),
    )


def _watched(house: House, app: Any) -> Any:
    """The same application; one that answers requests without a record of them, behind what records them."""
    if isinstance(app, ModelsEndpoint):
        return Watched(app, house, "models")
    return Watched(app, house, "unknown") if isinstance(app, UnknownPath) else app


def _control(house: House) -> dict[str, Any]:
    """The paths of the control plane."""
    control: dict[str, Any] = {
        "/health": Health(house),
        "/ready": Ready(house),
        "/live": Live(),
        "/admin/config": ConfigEndpoint(house),
        "/admin/config/reload": ReloadEndpoint(house),
        "/admin/scenarios": ScenarioList(house),
        "/admin/scenarios/{name}": OneScenario(house),
        "/admin/scenarios/{name}/activate": Activate(house),
        "/admin/scenarios/{name}/deactivate": Deactivate(house),
        "/admin/circuits": CircuitList(house),
        "/admin/circuits/{name}/open": ByHand(house, Event.TRIPPED),
        "/admin/circuits/{name}/reset": ByHand(house, Event.RESET),
        "/admin/stats": Stats(house),
        "/admin/workers": Workers(house),
        "/admin/requests": RequestsPage(house),
        "/admin/sessions": Sessions(house),
        "/admin/sessions/{name:path}": OneSession(house),
    }
    control["/openapi.json"] = OpenApi(house, control)
    if house.prepared.config.telemetry.metrics.enabled:
        control["/metrics"] = Scrape(house)
    return control


def _lifespan(house: House, *, alone: bool) -> Any:
    @contextlib.asynccontextmanager
    async def lifespan(app: Any) -> AsyncIterator[None]:  # noqa: ARG001 - the signature of a lifespan
        store = open_store(house.prepared.config.state, house.slot)
        await house.open(store)
        pulse = Pulse(house)
        pulse.start()
        if alone:
            house.row[Column.BOOTED_NS] = int(house.clock() * 1e9)
            house.row[Column.PID] = os.getpid()
            house.row[Column.STATE] = SlotState.READY
        try:
            yield
        finally:
            await pulse.stop()
            await store.close()
            house.close()

    return lifespan
