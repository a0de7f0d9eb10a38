"""Sends the requests of a row to a fleet, and reads each provider's error back."""

import http.client
import json

from errors_page import CLOSED


def codes_of(provider, body):
    """The codes of an error's body in the order of the page: kind first, then what is finer."""
    if provider in {"cohere", "ollama"}:
        return ()
    if provider == "gemini":
        error = body["error"]
        reasons = [detail["reason"] for detail in error.get("details", ()) if "reason" in detail]
        return (error["status"], *reasons)
    if provider == "anthropic":
        details = body["error"].get("details") or {}
        found = [body["error"]["type"], details.get("error_code")]
    else:
        error = body.get("error", body)
        found = [error.get("type"), error.get("code")]
    return tuple(str(code) for code in found if code is not None)


def message_of(provider, body):
    """The sentence of an error's body."""
    if provider == "ollama":
        return body["error"]
    if provider == "mistral" and "detail" in body:
        detail = body["detail"]
        return detail if isinstance(detail, str) else detail[0]["msg"]
    return body.get("error", body)["message"]


def ask(fleet, row):
    """(status, codes, message) of the answer to a row's last request; all before it must succeed."""
    told = {}
    for place, step in enumerate(row.steps):
        path = step.path
        if "{id}" in path:
            path = path.replace("{id}", told.get("id") or told["name"].rpartition("/")[2])
        try:
            status, kind, body = _sent(fleet, step, path)
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return CLOSED, (), ""
        told = json.loads(body) if kind.startswith("application/json") else body.decode()
        if place < len(row.steps) - 1:
            assert status == 200, (path, status, told)
    if status < 400 or isinstance(told, str):
        return str(status), (), told if isinstance(told, str) else "answered"
    return str(status), codes_of(row.provider, told), message_of(row.provider, told)


def _sent(fleet, step, path):
    """(status, media type, body) of the answer to one request, with the row's own headers alone."""
    with fleet.connect() as connection:
        connection.request(step.method, path, step.body, {"content-type": "application/json", **step.headers})
        response = connection.getresponse()
        return response.status, response.getheader("content-type", ""), response.read()
