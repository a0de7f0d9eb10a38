"""The Lua scripts and how they are called. Pure, but for reading the files beside it once at import.

A script's first key is the prefix in braces, so that everything of a prefix lies in one slot of a cluster: limits of
one request must be granted together, and one batch carries those of many requests. The other names are made from it
inside the script. `prelude.lua` goes before each: it reads the clock. What several scripts share goes between.
"""

import hashlib
from importlib.resources import files

_FOLDER = files("simulator.state.redis") / "scripts"


class Script:
    """A script by its name; `sha` is what EVALSHA takes."""

    __slots__ = ("name", "sha", "source")

    def __init__(self, name: str, *shared: str) -> None:
        texts = [(_FOLDER / f"{each}.lua").read_text("utf-8") for each in ("prelude", *shared, name)]
        self.name = name
        self.source = "".join(texts).encode()
        self.sha = hashlib.sha1(self.source, usedforsecurity=False).hexdigest()


LIMITS = Script("limits")
DISOWN = Script("disown")
BEAT = Script("beat")
RESUME = Script("resume")
COUNT = Script("count")
CONTROL = Script("control")
SESSION_READ = Script("session_read")
SESSION_WRITE = Script("session_write")
SESSION_LIST = Script("session_list")
SESSION_FORGET = Script("session_forget")
OBJECT_READ = Script("object_read", "object_common")
OBJECT_PUT = Script("object_put", "object_common")
OBJECT_TRIM = Script("object_trim", "object_common")
OBJECT_SWAP = Script("object_swap", "object_common")
OBJECT_DROP = Script("object_drop", "object_common")
OBJECT_LIST = Script("object_list", "object_common")
RECALL = Script("recall")
CIRCUIT = Script("circuit")

ALL = (
    *(LIMITS, DISOWN, BEAT, RESUME, COUNT, CONTROL),
    *(SESSION_READ, SESSION_WRITE, SESSION_LIST, SESSION_FORGET),
    *(OBJECT_READ, OBJECT_PUT, OBJECT_TRIM, OBJECT_SWAP, OBJECT_DROP, OBJECT_LIST, RECALL, CIRCUIT),
)


def tag(prefix: str) -> bytes:
    """What all keys of a prefix begin with."""
    return b"{%s}" % prefix.encode()
