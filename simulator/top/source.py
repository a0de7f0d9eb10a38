"""Asks a fleet how it does. Edge of urllib; three requests a sample, nothing kept between them."""

import http.client
import ipaddress
import json
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

from simulator.top.sample import Sample, sample_of

TIMEOUT_SECONDS = 5.0
MOST_BYTES = 64 * 1024 * 1024


class Away(Exception):  # noqa: N818 - it is told, not a crash
    """No fleet answers at the moment; the message says what happened instead."""


class Denied(Exception):  # noqa: N818 - as above
    """The fleet does not let this client in, and will not by itself."""


class Source:
    """One fleet, by the address of its front: `http://host:port`."""

    def __init__(self, url: str, key: str | None) -> None:
        """Raises ValueError for an address or a key that cannot be one."""
        self.url = url.rstrip("/")
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
            raise ValueError(f"{url!r} is not an address such as http://127.0.0.1:8080")
        _ = parts.port  # raises ValueError for a port that is no number
        self._headers = {"accept": "*/*"}
        if key and (key := key.strip()):
            if not key.isprintable():
                raise ValueError("the admin key has a character that no header can carry")
            self._headers["x-admin-key"] = key.encode().decode("latin-1")
        # A proxy of the environment is for the world, not for this machine; and a redirect could carry the key away.
        proxies = urllib.request.ProxyHandler({}) if _loopback(parts.hostname) else urllib.request.ProxyHandler()
        self._open = urllib.request.build_opener(proxies, _NoRedirect()).open

    def sample(self) -> Sample:
        """How the fleet does at this moment. Raises `Away` or `Denied`."""
        status, stats = self._get("/admin/stats")
        if status in (401, 403, 404):
            raise Denied(f"{self.url} answers {status}: {_reason(stats)}")
        if status != 200:
            raise Away(f"{self.url} answers {status}")
        at = time.monotonic()
        _, health = self._get("/health")
        status, metrics = self._get("/metrics")
        told = metrics.decode("utf-8", "replace") if status == 200 else ""
        return sample_of(at, self._json(health), self._json(stats), told)

    def _get(self, path: str) -> tuple[int, bytes]:
        request = urllib.request.Request(self.url + path, headers=self._headers)  # noqa: S310 - http or https, see above
        try:
            try:
                with self._open(request, timeout=TIMEOUT_SECONDS) as response:
                    return response.status, response.read(MOST_BYTES)
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read(MOST_BYTES)
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise Away(f"{self.url} does not answer: {getattr(reason, 'strerror', None) or reason}") from error

    def _json(self, body: bytes) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as error:
            raise Away(f"{self.url} does not answer as llm-simulator does") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: the redirect itself is the answer."""
        return


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reason(body: bytes) -> str:
    """What the fleet says to a refusal; a hint where it says nothing."""
    try:
        told = json.loads(body)["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        told = None
    return told if isinstance(told, str) else "is this the address of llm-simulator?"
