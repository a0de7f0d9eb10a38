"""The conversation of `POST /v1/chat` in the one shape, and its documents. Pure.

Version 1 gives calls no ids: results belong to the calls before them by name and in order. A result whose call is
nowhere in the history brings its call along.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from simulator.engine.request import Message, Tool, ToolCall
from simulator.providers.cohere.documents import as_text, told
from simulator.providers.cohere.legacy_schema import Entry, LegacyBody, LegacyCall, LegacyResult, LegacyTool
from simulator.providers.cohere.python_types import schema_of
from simulator.providers.cohere.schema import Free
from simulator.providers.cohere.tools import check_name
from simulator.providers.cohere.wording import bare, invalid, plain

ROLES = ("user", "chatbot", "system", "tool")


def messages_of(given: LegacyBody, entries: Sequence[Entry]) -> tuple[Message, ...]:
    """The messages, with the history in `entries`. Raises `Refusal` for a history that the service does not take."""
    if not given.message and not given.tool_results:
        raise invalid("message must be at least 1 token long or tool results must be specified.", "message")
    told_so_far = _Told()
    documents = fields_of(given.documents or ())
    if documents:
        told_so_far.messages.append(Message("system", told(documents)))
    if given.preamble:
        told_so_far.messages.append(Message("system", given.preamble))
    for place, entry in enumerate(entries):
        told_so_far.add(entry, place)
    results = given.tool_results or ()
    if told_so_far.pending:
        told_so_far.answer(results)
        results = ()
    if given.message:
        told_so_far.messages.append(Message("user", given.message))
    told_so_far.answer(results)
    return tuple(told_so_far.messages)


class _Told:
    """What was said so far; `pending` are calls without a result."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.pending: list[ToolCall] = []
        self._count = 0

    def add(self, entry: Entry, place: int) -> None:
        """One message of the history."""
        where = f"chat_history[{place}]"
        role = entry.role.lower()
        if role not in ROLES:
            raise invalid(
                f"Invalid role in chat_history at index {place}. Role must be one of the following: User, Chatbot, "
                "System, Tool",
                f"{where}.role",
            )
        if role == "tool":
            self.answer(entry.tool_results or ())
            return
        if not entry.message and not entry.tool_calls:
            raise invalid("all elements in history must have a message.", f"{where}.message")
        if role != "chatbot":
            self.messages.append(Message(role, entry.message or ""))
            return
        calls = tuple([self._call(call) for call in entry.tool_calls or ()])
        self.pending = list(calls)
        self.messages.append(Message("assistant", entry.message or "", calls=calls))

    def answer(self, results: Sequence[LegacyResult]) -> None:
        """Results of calls, those before or their own."""
        strangers = [result for result in results if not any(call.name == result.call.name for call in self.pending)]
        if strangers:
            calls = tuple([self._call(result.call) for result in strangers])
            self.pending += calls
            self.messages.append(Message("assistant", calls=calls))
        for result in results:
            fitting = next((call for call in self.pending if call.name == result.call.name), None)
            if fitting is not None:
                self.pending.remove(fitting)
            text = "\n".join([as_text(output) for output in result.outputs])
            self.messages.append(Message("tool", text, answers=fitting.id if fitting is not None else ""))

    def _call(self, call: LegacyCall) -> ToolCall:
        self._count += 1
        return ToolCall(f"call_{self._count}", call.name, json.dumps(call.parameters or {}, ensure_ascii=False))


def fields_of(documents: Sequence[Free]) -> list[tuple[str, Mapping[str, Any]]]:
    """The id of each document and its fields; those without an id are numbered: `doc_0`, `doc_1` and so on."""
    found: list[tuple[str, Mapping[str, Any]]] = []
    for place, fields in enumerate(documents):
        name = fields.get("id")
        rest = {key: value for key, value in fields.items() if key != "id"}
        found.append((name if isinstance(name, str) and name else f"doc_{place}", rest))
    return found


def citable(given: LegacyBody) -> list[dict[str, Any]]:
    """What an answer may cite: the documents and the outputs of tools, each with its id."""
    found = [{"id": name, **fields} for name, fields in fields_of(given.documents or ())]
    for place, result in enumerate(given.tool_results or ()):
        values = ",".join([str(value) for value in (result.call.parameters or {}).values()])
        for index, output in enumerate(result.outputs):
            name = f"{result.call.name}:{place}:{values[:200]}:{index}"
            found.append({"id": name, **output, "tool_name": result.call.name})
    return found


def check_documents(given: LegacyBody) -> None:
    """Raises `Refusal` for documents and results that cannot be written, and for a document of nothing."""
    for place, fields in enumerate(given.documents or ()):
        plain(fields, ("documents", place), "chat-v1")
        if all(value in ("", None) for key, value in fields.items() if key != "id"):
            raise invalid(f"document at index {place} cannot be empty", f"documents[{place}]")
    for place, result in enumerate(given.tool_results or ()):
        plain(result.call.parameters, ("tool_results", place, "call", "parameters"), "chat-v1")
        plain(result.outputs, ("tool_results", place, "outputs"), "chat-v1")
    for place, entry in enumerate(given.chat_history or ()):
        for call in entry.tool_calls or ():
            plain(call.parameters, ("chat_history", place, "tool_calls"), "chat-v1")
        for result in entry.tool_results or ():
            plain([result.call.parameters, *result.outputs], ("chat_history", place, "tool_results"), "chat-v1")


def legacy_tools_of(offered: Sequence[LegacyTool]) -> tuple[Tool, ...]:
    """The tools. Raises `Refusal` for a name that no tool can have, and for one given twice."""
    found: list[Tool] = []
    for place, tool in enumerate(offered):
        where = f"tools[{place}]"
        check_name(tool.name, f"{where}.name")
        if any(tool.name == other.name for other in found):
            raise bare(f"invalid request: duplicate tool name '{tool.name[:120]}'", f"{where}.name")
        properties: Free = {}
        required: list[str] = []
        for name, definition in (tool.parameter_definitions or {}).items():
            described = {"description": definition.description} if definition.description else {}
            properties[name] = {**schema_of(definition.type), **described}
            if definition.required:
                required.append(name)
        schema: Free = {"type": "object", "properties": properties, "required": required}
        found.append(Tool(tool.name, tool.description, schema))
    return tuple(found)
