"""Where the events of a streamed body begin and end, whatever the dialect. Pure.

Server-sent events end with an empty line, lines of JSON with a line feed; the bracket that ends an array counts as one.
"""

ENDS = (b"\r\n\r\n", b"\n\n")


def without_last(body: bytes) -> bytes:
    """Some events without the last of them."""
    text = body.rstrip()
    if text.endswith(b"]") and not text.endswith(b"[DONE]"):
        return text[:-1]
    end = next((end for end in ENDS if end in body), b"\n")
    events = text.split(end)
    return b"".join([event + end for event in events[:-1]])


def garbled(event: bytes) -> bytes:
    """An event whose JSON breaks off half-way within a frame that is whole; of several, the first."""
    end = next((end for end in ENDS if end in event), b"\n")
    first, found, rest = event.partition(end)
    brace = first.find(b"{")
    kept = len(first) // 2 if brace < 0 else brace + 1 + (len(first) - brace - 1) // 2
    return first[:kept] + (found or b"") + rest
