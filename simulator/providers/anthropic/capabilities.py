"""What the provider publishes of a model's capabilities, by its generation. Pure.

The catalogue holds no capabilities; the documentation ties them to generations, and so does this. A name that
tells no generation gets the newest one's.
"""

from typing import Any, Final

from simulator.providers.anthropic.generation import Generation, Version
from simulator.providers.anthropic.modes import EFFORTS, modes

_NEWEST: Final = Generation("", (99, 0))
_YES: Final = {"supported": True}
_NO: Final = {"supported": False}

DOCUMENTS: Final[Version] = (3, 5)
SERVER_TOOLS: Final[Version] = (3, 7)
CONTEXT_EDITING: Final[Version] = (4, 0)
STRUCTURED: Final[Version] = (4, 1)
PROGRAMMATIC_TOOLS: Final[Version] = (4, 5)


def capabilities(known: Generation | None) -> dict[str, Any]:
    """The `capabilities` of a model's listing, every key of the newest SDK present."""
    generation = known or _NEWEST
    version = generation.version
    thinking = modes(generation)
    edits = version >= CONTEXT_EDITING
    server_tools = _said(version >= SERVER_TOOLS)
    return {
        "batch": _YES,
        "citations": _YES,
        "code_execution": _said(version >= PROGRAMMATIC_TOOLS),
        "context_management": {
            "clear_thinking_20251015": _said(edits),
            "clear_tool_uses_20250919": _said(edits),
            "compact_20260112": _said(thinking.adaptive),
            "supported": edits,
        },
        "effort": {
            **{effort: _said(effort in thinking.efforts) for effort in EFFORTS},
            "supported": bool(thinking.efforts),
        },
        "image_input": _YES,
        "pdf_input": _said(version >= DOCUMENTS),
        "server_tools": {
            "code_execution": server_tools,
            "supported": version >= SERVER_TOOLS,
            "web_search": server_tools,
        },
        "structured_outputs": _said(version >= STRUCTURED),
        "thinking": {
            "supported": thinking.thinks,
            "types": {
                "adaptive": _said(thinking.adaptive),
                "between_tools": _said(thinking.between),
                "disabled": _said(thinking.off),
                "enabled": _said(thinking.manual),
            },
        },
    }


def _said(supported: bool) -> dict[str, bool]:
    return _YES if supported else _NO
