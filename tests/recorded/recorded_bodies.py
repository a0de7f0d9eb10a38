"""A body, recorded or served, plain or streamed, taken apart: its shape, the order of its events, its ids. Pure."""

import json
from itertools import pairwise

from recorded_shapes import joined, shape

BEGIN, END = "the beginning", "the end"


def frames(body):
    """The data of a stream's events in order; what is no JSON comes as it is."""
    found = []
    for block in body.decode().replace("\r\n", "\n").split("\n\n"):
        data = "\n".join(line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:"))
        if data:
            found.append(data if data == "[DONE]" else json.loads(data))
    return found


def named(body):
    """Whether every event of a stream has a line with its type's name (all), and whether any has one."""
    blocks = [block for block in body.decode().replace("\r\n", "\n").split("\n\n") if block.strip()]
    found = [block.startswith("event: ") for block in blocks]
    return all(found), any(found)


def look(exchange_kind, body, streamed, words):
    """(parts, pairs) of a body: its shape, and which kinds of event follow each other in a stream, but for `ping`."""
    root = exchange_kind.rpartition("/")[2]
    if not streamed:
        return shape(json.loads(body), words, root), set()
    told = frames(body)
    parts = joined([shape(each, words, root) for each in told if isinstance(each, dict)])
    labels = [BEGIN, *[each for each in map(label, told) if each != "ping"], END]
    return parts, {(one, two) for one, two in pairwise(labels) if one != two}


def label(frame):
    """What kind of event a frame is: its type, with the type of what it begins, changes or ends."""
    if not isinstance(frame, dict):
        return frame
    if "type" in frame:
        for key in ("item", "content_block", "delta", "part"):
            inner = frame.get(key)
            if isinstance(inner, dict) and isinstance(inner.get("type"), str):
                return f"{frame['type']}({inner['type']})"
        return frame["type"]
    choices = frame.get("choices")
    if not choices:
        return "usage"
    (choice,) = choices
    if choice["finish_reason"] is not None:
        return "finish"
    delta = choice["delta"]
    calls = "".join("call(name)" if "id" in each else "call" for each in delta.get("tool_calls", ()))
    return "role" + ("+" + calls if calls else "") if "role" in delta else calls or "+".join(sorted(delta))


def order_differences(there, here):
    """Which events follow each other on one side only, as sentences about here."""
    lacking = [f"order: never {one} → {two}" for one, two in sorted(there - here)]
    return lacking + [f"order: also {one} → {two}" for one, two in sorted(here - there)]


def ids(body, streamed):
    """The ids in a body that later requests may name: of the response and of what it holds, by kind, in order."""
    found = {}
    for frame in frames(body) if streamed else [json.loads(body)]:
        if isinstance(frame, dict):
            response = frame.get("response", frame)
            items = [frame["item"]] if "item" in frame else response.get("output", ())
            for each in (response, *items):
                if "id" in each:
                    found.setdefault(each["id"].partition("_")[0], {})[each["id"]] = None
    return {kind: list(each) for kind, each in found.items()}
