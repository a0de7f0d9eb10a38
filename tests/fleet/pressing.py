"""Clients that keep a fleet busy while something happens to it, and remember all that they met."""

import contextlib
import json
import threading

from running import wait_for


class Load:
    """Clients with kept connections, each in a thread of its own, from `with` to its end.

    `answers` are the bodies of `/hit`: [ordinal, sequence]. A request that fails, in whatever way, is in `failures`.
    """

    def __init__(self, fleet, clients=8, streams=2):
        self.fleet = fleet
        self.answers, self.failures, self.streamed, self.closed = [], [], 0, 0
        self._stop = threading.Event()
        self._pause = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(self._hit,)) for _ in range(clients)]
        self._threads += [threading.Thread(target=self._run, args=(self._stream,)) for _ in range(streams)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        wait_for(lambda: len(self.answers) > 50 or self.failures, "the load")
        return self

    def __exit__(self, *_error):
        self._stop.set()
        for thread in self._threads:
            thread.join(20)

    def goes_on(self):
        """Wait until every client has met the fleet as it is, some times."""
        before = len(self.answers)
        wait_for(lambda: len(self.answers) > before + 200 or self.failures, "more answers")

    def doubles(self):
        """Addresses that were given to more than one request."""
        seen = [tuple(answer) for answer in self.answers]
        return len(seen) - len(set(seen))

    def _run(self, ask):
        with contextlib.closing(self.fleet.connect()) as connection:
            while not self._stop.is_set():
                try:
                    ask(connection)
                except Exception as error:  # noqa: BLE001 - whatever a client meets
                    self.failures.append(repr(error))
                    return
                # A thousand requests a second are enough, and leave the processors to the fleet.
                self._pause.wait(0.002)

    def _hit(self, connection):
        connection.request("GET", "/hit")
        response = connection.getresponse()
        body = json.loads(response.read())
        if response.status != 200:
            self.failures.append(f"{response.status} {body}")
        self.closed += response.getheader("connection") == "close"
        self.answers.append(body)

    def _stream(self, connection):
        connection.request("GET", "/slow?3")
        body = connection.getresponse().read()
        if body != b"0\n1\n2\nend\n":
            self.failures.append(repr(body))
        self.streamed += 1
