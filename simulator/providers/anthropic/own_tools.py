"""Tools that the provider defines and the client runs: bash, the text editor, memory, computer use. Pure data.

A request names only the type; here is as much of each schema as lets the model call it. What is called is harmless
whatever the conversation says: it looks, and changes nothing.
"""

import re
from typing import Any, Final

import msgspec

from simulator.engine.request import Tool


class _Own(msgspec.Struct, frozen=True):
    """A tool's names, the usual one last, what it is good for, and its arguments."""

    names: tuple[str, ...]
    description: str
    arguments: dict[str, Any]


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


_PATH: Final = {"type": "string", "description": "Absolute path", "enum": ["/"]}
_OWN: Final = {
    "bash": _Own(("bash",), "Run a command in a bash shell", _object(command={"type": "string", "enum": ["pwd"]})),
    "text_editor": _Own(
        ("str_replace_editor", "str_replace_based_edit_tool"),
        "View, create and edit text files",
        _object(command={"type": "string", "enum": ["view"]}, path=_PATH),
    ),
    "memory": _Own(
        ("memory",),
        "Look at and keep files in the memory directory",
        _object(
            command={"type": "string", "enum": ["view"]},
            path={"type": "string", "description": "Path in the memory directory", "enum": ["/memories"]},
        ),
    ),
    "computer": _Own(
        ("computer",),
        "Use the mouse, the keyboard and the screen of a computer; take a screenshot",
        _object(action={"type": "string", "enum": ["screenshot"]}),
    ),
}
_TYPE: Final = re.compile(rf"({'|'.join(_OWN)})_\d{{8}}")


def own_tool(kind: str, name: object) -> Tool | None:
    """The tool of a type such as `bash_20250124`; None for one that runs at the provider."""
    match = _TYPE.fullmatch(kind)
    if match is None:
        return None
    own = _OWN[match[1]]
    return Tool(name if isinstance(name, str) and name in own.names else own.names[-1], own.description, own.arguments)
