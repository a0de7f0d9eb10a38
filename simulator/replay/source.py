"""Fetches the log of a fleet, and asks who answers at an address. Edge of urllib."""

import http.client
import ipaddress
import json
import urllib.error
import urllib.request
from typing import Any

from simulator.replay.client import Target, Unreachable

TIMEOUT_SECONDS = 60.0
MOST_BYTES = 2**30
LOG = "/admin/requests?format=jsonl"


class Denied(Exception):  # noqa: N818 - it is told, not a crash
    """The fleet does not give its log away; the message is its own."""


def fetched(target: Target, admin_key: str | None) -> bytes:
    """The log of a fleet. Raises `Unreachable` or `Denied`."""
    status, body = _get(target, LOG, admin_key)
    if status == 200 and (not body or body.startswith(b"{")):
        return body
    try:
        told = str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError, RecursionError):
        told = "is this the address of llm-simulator?"
    raise Denied(f"{target.url} answers {status}: {told}")


def is_simulator(target: Target) -> bool:
    """Whether a fleet of this product answers at an address. Raises `Unreachable` where nobody does."""
    status, body = _get(target, "/health", None)
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return status in (200, 503) and isinstance(told, dict) and "seed" in told and "version" in told


def loopback(host: str) -> bool:
    """Whether a host is this machine, by its name alone."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _get(target: Target, path: str, admin_key: str | None) -> tuple[int, bytes]:
    headers = {"x-admin-key": admin_key.strip()} if admin_key and admin_key.strip() else {}
    request = urllib.request.Request(target.url + path, headers=headers)  # noqa: S310 - http or https, as `Target` has it
    # A proxy of the environment is for the world; and a redirect could carry the key away.
    proxies = urllib.request.ProxyHandler({}) if loopback(target.host) else urllib.request.ProxyHandler()
    try:
        try:
            with urllib.request.build_opener(proxies, _NoRedirect()).open(request, timeout=TIMEOUT_SECONDS) as found:
                return found.status, found.read(MOST_BYTES)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read(MOST_BYTES)
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason = getattr(error, "reason", None) or error
        raise Unreachable(f"{target.url} does not answer: {getattr(reason, 'strerror', None) or reason}") from error


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Follow none: the redirect itself is the answer."""
        return
