"""Where the events of a streamed body begin and end, whatever the dialect. Pure.

Server-sent events end with an empty line, lines of JSON with a line feed, the elements of an array with a comma and a
line feed; the bracket that ends an array counts as an event of its own.
"""

ENDS = (b"\r\n\r\n", b"\n\n")
AFTER_JSON = b" \t\r\n,]"
"""What may stand between the brace that ends an object and the end of its event."""


def without_last(body: bytes) -> bytes:
    """Some events without the last of them."""
    text = body.rstrip()
    if text.endswith(b"]") and not text.endswith(b"[DONE]"):
        return text[:-1]
    end = _end(body)
    events = text.split(end)
    return b"".join([event + end for event in events[:-1]])


def torn(body: bytes) -> bytes:
    """Some events up to the middle of the first JSON among them."""
    return body[: _breach(body)[0]]


def garbled(body: bytes) -> bytes:
    """Some events of which the first with JSON breaks off half-way within it, while its end and the others stand."""
    kept, end = _breach(body)
    return body[:kept] + body[end:]


def _breach(body: bytes) -> tuple[int, int]:
    """Where to break off, and where the end of that event begins."""
    brace = max(0, body.find(b"{"))
    end = body.find(_end(body), brace)
    if end < 0:
        end = len(body)
    # Without its last brace what is left is no JSON.
    return brace + len(body[brace:end].rstrip(AFTER_JSON)) // 2, end


def _end(body: bytes) -> bytes:
    return next((end for end in ENDS if end in body), b"\n")
