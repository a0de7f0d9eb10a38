"""What a tool that the service runs by itself leaves in an answer, and the events that tell of it. Pure.

Nothing is searched, run or drawn: the item is complete and empty of findings. A search asks what the user said last,
Python prints it, a picture is one pixel, an MCP server lists the tools that the request allows, and the first of them
is called and answers nothing.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import orjson

from simulator.engine.plan import Answer
from simulator.engine.request import Message
from simulator.providers.openai.responses import toolset as known
from simulator.providers.openai.responses.naming import answer_id
from simulator.providers.openai.responses.toolset import ToolBody
from simulator.providers.openai.schema import Free

_LONGEST: Final = 200
"""Characters of what the user said that a search repeats."""
_PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
"""A PNG of one pixel."""


class Ran(NamedTuple):
    """One item that a tool left: as it was begun, as it is done, and the events between."""

    begun: Free
    done: Free
    events: Sequence[tuple[str, Free]]


def last_words(messages: Sequence[Message]) -> str:
    """What the user said last, as a query."""
    said = next((message.text for message in reversed(messages) if message.role == "user" and message.text), "")
    return " ".join(said.split())[:_LONGEST]


def ran(tool: ToolBody, words: str, answer: Answer, include: Sequence[str]) -> list[Ran]:
    """What the tool leaves in this answer; nothing for one that only helps others."""
    match tool:
        case known.FileSearchTool():
            return [_file_search(words, answer, include)]
        case known.CodeInterpreterTool():
            return [_code(words, answer, include)]
        case known.ImageGenerationTool():
            return [_image(tool, words, answer)]
        case known.McpTool():
            return _mcp(tool, words, answer)
        case known.ToolSearchTool() | known.ProgrammaticTool():
            return []
        case _:
            return [_web_search(words, answer, include)]


def _web_search(words: str, answer: Answer, include: Sequence[str]) -> Ran:
    name = answer_id("ws", answer)
    action: Free = {"type": "search", "queries": [words], "query": words}
    if "web_search_call.action.sources" in include:
        action["sources"] = []
    done = {"id": name, "type": "web_search_call", "status": "completed", "action": action}
    begun = {**done, "status": "in_progress", "action": {"type": "search"}}
    states = ("in_progress", "searching", "completed")
    return Ran(begun, done, [(f"response.web_search_call.{state}", {}) for state in states])


def _file_search(words: str, answer: Answer, include: Sequence[str]) -> Ran:
    done: Free = {
        "id": answer_id("fs", answer),
        "type": "file_search_call",
        "status": "completed",
        "queries": [words],
        "results": [] if "file_search_call.results" in include else None,
    }
    begun = {**done, "status": "in_progress", "queries": [], "results": None}
    states = ("in_progress", "searching", "completed")
    return Ran(begun, done, [(f"response.file_search_call.{state}", {}) for state in states])


def _code(words: str, answer: Answer, include: Sequence[str]) -> Ran:
    code = f"print({orjson.dumps(words).decode()})"
    done: Free = {
        "id": answer_id("ci", answer),
        "type": "code_interpreter_call",
        "status": "completed",
        "code": code,
        "container_id": answer_id("cntr", answer),
        "outputs": [{"type": "logs", "logs": words + "\n"}] if "code_interpreter_call.outputs" in include else None,
    }
    begun = {**done, "status": "in_progress", "code": "", "outputs": None}
    events: list[tuple[str, Free]] = [
        ("response.code_interpreter_call.in_progress", {}),
        ("response.code_interpreter_call_code.delta", {"delta": code}),
        ("response.code_interpreter_call_code.done", {"code": code}),
        ("response.code_interpreter_call.interpreting", {}),
        ("response.code_interpreter_call.completed", {}),
    ]
    return Ran(begun, done, events)


def _image(tool: known.ImageGenerationTool, words: str, answer: Answer) -> Ran:
    name = answer_id("ig", answer)
    done: Free = {
        "id": name,
        "type": "image_generation_call",
        "status": "completed",
        "action": "generate",
        "background": "opaque",
        "output_format": "png",
        "quality": tool.quality if tool.quality not in {None, "auto"} else "low",
        "result": _PIXEL,
        "revised_prompt": words,
        "size": tool.size if tool.size not in {None, "auto"} else "1024x1024",
    }
    begun = {"id": name, "type": "image_generation_call", "status": "in_progress"}
    partial: list[tuple[str, Free]] = [
        (
            "response.image_generation_call.partial_image",
            {
                "background": "opaque",
                "output_format": "png",
                "partial_image_b64": _PIXEL,
                "partial_image_index": index,
                "quality": done["quality"],
                "size": done["size"],
            },
        )
        for index in range(tool.partial_images or 0)
    ]
    states = ("in_progress", "generating")
    events: list[tuple[str, Free]] = [(f"response.image_generation_call.{state}", {}) for state in states]
    return Ran(begun, done, [*events, *partial, ("response.image_generation_call.completed", {})])


def _mcp(tool: known.McpTool, words: str, answer: Answer) -> list[Ran]:
    names = _allowed(tool.allowed_tools) or ("search",)
    schema = {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]}
    listed: Free = {
        "id": answer_id("mcpl", answer),
        "type": "mcp_list_tools",
        "server_label": tool.server_label,
        "tools": [{"annotations": None, "description": None, "input_schema": schema, "name": name} for name in names],
    }
    arguments = orjson.dumps({"query": words}).decode()
    call: Free = {
        "id": answer_id("mcp", answer),
        "type": "mcp_call",
        "status": "completed",
        "approval_request_id": None,
        "arguments": arguments,
        "error": None,
        "name": names[0],
        "output": "",
        "server_label": tool.server_label,
    }
    states = ("in_progress", "completed")
    return [
        Ran({**listed, "tools": []}, listed, [(f"response.mcp_list_tools.{state}", {}) for state in states]),
        Ran(
            {**call, "status": "in_progress", "arguments": "", "output": None},
            call,
            [
                ("response.mcp_call.in_progress", {}),
                ("response.mcp_call_arguments.delta", {"delta": arguments}),
                ("response.mcp_call_arguments.done", {"arguments": arguments}),
                ("response.mcp_call.completed", {}),
            ],
        ),
    ]


def _allowed(given: Sequence[str] | known.ServerTools | None) -> Sequence[str]:
    return (given.tool_names if isinstance(given, known.ServerTools) else given) or ()
