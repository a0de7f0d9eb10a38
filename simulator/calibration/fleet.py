"""The fleet that is measured: one of our own for as long as it takes, or one that runs already on this machine.

Edge: processes and the admin plane.
"""

import http.client
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from simulator import __version__
from simulator.calibration.lag import Buckets, buckets
from simulator.config.schema import Config
from simulator.testing.process import Process

TIMEOUT_SECONDS: Final = 10.0
MOST_BYTES: Final = 64 * 1024 * 1024
HOSTS: Final = ("127.0.0.1", "::1")
"""Where a fleet may be measured: elsewhere the network would be measured, and somebody else's machine be loaded."""
PLAIN: Final[Mapping[str, Any]] = {
    "errors.enabled": False,
    "limits.enabled": False,
    "simulation.conditions": "shard",
    "simulation.recording.enabled": False,
}
"""What a fleet of our own does not do, whatever the configuration says: none of it has a pace."""


class Unreachable(Exception):  # noqa: N818 - it is told, not a crash
    """There is no fleet to be measured; the message says why."""


class OwnProcess(Process):
    """`llm-simulator serve`, paced as configured and recording nothing."""

    def __init__(self, config: Path | None, *, workers: int, settings: Mapping[str, Any]) -> None:
        """`settings` are values by dotted key, over those of the file."""
        super().__init__(config, workers=workers, latency="profile", settings=settings)
        # The last flag of a key counts.
        for key, value in PLAIN.items():
            self._command += ["--set", f"{key}={value if isinstance(value, str) else json.dumps(value)}"]


def place_of(url: str) -> tuple[str, int]:
    """Host and port of a fleet's address. Raises `Unreachable` for one that is not on this machine."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("", "http") or parts.path not in ("", "/") or parts.query:
        raise Unreachable(f"{url!r} is not an address such as http://127.0.0.1:8080")
    if host not in HOSTS:
        raise Unreachable(f"only a fleet on this machine is measured, at 127.0.0.1 or [::1], not at {host}")
    return host, 80 if port is None else port


class Plane:
    """What a fleet tells of itself, over connections of its own."""

    def __init__(self, host: str, port: int, key: str | None = None) -> None:
        """`key` is the admin key, where one is configured."""
        self.host = host
        self.port = port
        self._headers = {"x-admin-key": key} if key else {}

    def config(self) -> Config:
        """The configuration that holds at this moment. Raises `Unreachable`."""
        told = self._json("/admin/config").get("config")
        try:
            return msgspec.convert(told, Config)
        except msgspec.ValidationError as error:
            raise Unreachable(f"its configuration is of another version than {__version__}: {error}") from None

    def workers(self) -> int:
        """How many workers are ready, at least 1. Raises `Unreachable`."""
        told = self._json("/health").get("workers")
        ready = told.get("ready") if isinstance(told, dict) else None
        return ready if isinstance(ready, int) and ready > 0 else 1

    def lags(self) -> Buckets:
        """The fleet's schedule lag so far. Raises `Unreachable`."""
        return buckets(self._get("/metrics").decode("utf-8", "replace"))

    def _json(self, path: str) -> dict[str, Any]:
        try:
            told = json.loads(self._get(path))
        except (ValueError, RecursionError):
            told = None
        if not isinstance(told, dict):
            raise Unreachable(f"{self.host}:{self.port} does not answer as llm-simulator does")
        return told

    def _get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=TIMEOUT_SECONDS)
        try:
            connection.request("GET", path, headers=self._headers)
            answer = connection.getresponse()
            body = answer.read(MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self.host}:{self.port} does not answer: {error}") from error
        finally:
            connection.close()
        if answer.status in (401, 403):
            raise Unreachable(f"{path} needs the fleet's admin key: --key, or LLM_SIM_ADMIN_KEY")
        if answer.status not in (200, 503):
            raise Unreachable(f"{path} answers {answer.status}: {_said(body)}")
        return body


def _said(body: bytes) -> str:
    return re.sub(r"\s+", " ", body[:200].decode("utf-8", "replace")).strip() or "nothing"
