"""The Lua scripts and how they are called. Pure, but for reading the files beside it once at import.

A script's first key is the prefix in braces, so that everything of a prefix lies in one slot of a cluster: limits of
one request must be granted together, and one batch carries those of many requests. The other names are made from it
inside the script. `prelude.lua` goes before each: it reads the clock.
"""

import hashlib
from importlib.resources import files

_FOLDER = files("simulator.state.redis") / "scripts"


class Script:
    """A script by its name; `sha` is what EVALSHA takes."""

    __slots__ = ("name", "sha", "source")

    def __init__(self, name: str) -> None:
        texts = [(_FOLDER / f"{each}.lua").read_text("utf-8") for each in ("prelude", name)]
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

ALL = (
    *(LIMITS, DISOWN, BEAT, RESUME, COUNT, CONTROL),
    *(SESSION_READ, SESSION_WRITE, SESSION_LIST, SESSION_FORGET),
)


def tag(prefix: str) -> bytes:
    """What all keys of a prefix begin with."""
    return b"{%s}" % prefix.encode()
