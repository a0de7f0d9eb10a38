"""The admin plane, as tests use it. Edge: one HTTP connection, kept open, for whichever thread comes."""

import http.client
import json
import threading
from typing import Any
from urllib.parse import urlsplit

from simulator.testing.errors import NotStartedError, RefusedError

TIMEOUT_SECONDS = 30.0


class Admin:
    """Asks the simulator at `url`. Goes there directly, whatever proxies the environment names."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._connection: http.client.HTTPConnection | None = None
        self._lock = threading.Lock()

    def ask(self, method: str, path: str, value: Any = None) -> Any:
        """The answer's JSON.

        Raises `RefusedError` for a status that is an error, `NotStartedError` if nobody answers.
        """
        body = None if value is None else json.dumps(value).encode()
        with self._lock:
            status, answer = self._sent(method, path, body)
        try:
            found = json.loads(answer)
        except ValueError:
            found = {"error": answer.decode(errors="replace")}
        if status >= 400:
            raise RefusedError(status, str(found.get("error", found)))
        return found

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _sent(self, method: str, path: str, body: bytes | None) -> tuple[int, bytes]:
        """One request; once more where a kept connection was closed meanwhile."""
        for fresh in (self._connection is None, True):
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT_SECONDS)
            try:
                self._connection.request(method, path, body, {"content-type": "application/json"})
                response = self._connection.getresponse()
                return response.status, response.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if fresh:
                    raise NotStartedError(f"the simulator does not answer: {error}") from error
        raise AssertionError("the second attempt returns or raises")
