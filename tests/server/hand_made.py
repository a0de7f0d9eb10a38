"""A stream and a connection made by hand, for playing without a server."""

import time


class Letters:
    """A stream of single letters."""

    headers = ((b"content-type", b"text/event-stream"),)

    def __init__(self, text):
        self.text = text
        self.steps = len(text)

    def frames(self, start, stop):
        return self.text[start:stop].encode()


class Connection:
    """What the worker's protocol offers, kept in a list."""

    def __init__(self):
        self.gone = False
        self.paused = False
        self.written = []
        self.while_paused = []
        self.finished = False
        self.aborted = False
        self.lost = None

    def start(self, status, headers, first, *, last=False):
        self.head = headers
        return self.write(first, last=last)

    def write(self, data, *, last=False):
        self.finished = last
        self.written.append((time.monotonic(), data))
        self.while_paused.append(self.paused)
        return self.paused

    def abort(self):
        self.aborted = True
        self.gone = True

    def watch(self, lost):
        self.lost = lost

    def leave(self):
        self.gone = True
        self.lost()

    @property
    def text(self):
        return b"".join(data for _, data in self.written)
