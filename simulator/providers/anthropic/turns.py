"""What must hold between the turns of a conversation. Pure.

The real API merges consecutive turns of one role, so the rules speak of runs: every `tool_use` of an assistant's run
is answered in the user's run that follows, and every `tool_result` answers one of the run before. System turns stand
outside the runs.
"""

import re
from collections.abc import Sequence
from typing import Final

from simulator.providers.anthropic import blocks, schema
from simulator.providers.anthropic.generation import NO_PREFILL, SYSTEM_TURNS, before, since
from simulator.providers.anthropic.wording import invalid
from simulator.providers.decode import quote

ID_PATTERN: Final = "^[a-zA-Z0-9_-]+$"
_ID = re.compile(ID_PATTERN)

_RESUMABLE: Final = (blocks.Served, blocks.ToolUse)
"""What a paused turn may end with; such a turn is handed back to be continued and is no prefill."""


def check_tools(turns: Sequence[schema.Turn]) -> None:
    """Raises Refusal where calls and results of client tools do not pair up."""
    pairs = _Pairs()
    role = ""
    for number, turn in enumerate(turns):
        if turn.role == "system":
            continue
        if turn.role != role:
            role = turn.role
            pairs.begin(role)
        if isinstance(turn.content, str):
            pairs.late = True
            continue
        for place, block in enumerate(turn.content):
            if isinstance(block, blocks.ToolUse):
                pairs.ask(block.id, number, f"messages.{number}.content.{place}")
            elif isinstance(block, blocks.ToolResult):
                pairs.answer(block.tool_use_id, f"messages.{number}.content.{place}")
            else:
                pairs.late = True
    pairs.check()


class _Pairs:
    """The calls of the assistant's latest run and the results so far.

    `late` says that something else stands before in the run: the documentation refuses results behind it.
    """

    __slots__ = ("_answered", "_asked", "late")

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}
        self._answered: set[str] = set()
        self.late = False

    def begin(self, role: str) -> None:
        """A run of this role begins."""
        self.late = False
        if role == "assistant":
            self.check()
            self._asked, self._answered = {}, set()

    def ask(self, name: str, number: int, where: str) -> None:
        """A call in turn `number`."""
        _check_id(name, f"{where}.tool_use.id")
        if name in self._asked:
            raise invalid(where, "`tool_use` ids must be unique")
        self._asked[name] = number

    def answer(self, name: str, where: str) -> None:
        """A result."""
        _check_id(name, f"{where}.tool_result.tool_use_id")
        if name not in self._asked:
            raise invalid(
                where,
                f"unexpected `tool_use_id` found in `tool_result` blocks: {quote(name)}. Each `tool_result` block must "
                "have a corresponding `tool_use` block in the previous message.",
            )
        if name in self._answered:
            raise invalid(
                where,
                f"each tool_use must have a single result. Found multiple `tool_result` blocks with id: {quote(name)}",
            )
        if self.late:
            self.check()
        self._answered.add(name)

    def check(self) -> None:
        """Raises Refusal where a call has no result."""
        missing = [name for name in self._asked if name not in self._answered]
        if missing:
            raise invalid(
                f"messages.{self._asked[missing[0]]}",
                f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(missing)}. Each "
                "`tool_use` block must have a corresponding `tool_result` block in the next message.",
            )


def _check_id(name: str, where: str) -> None:
    if not _ID.fullmatch(name):
        raise invalid(where, f"String should match pattern '{ID_PATTERN}'")


def check_end(turns: Sequence[schema.Turn], model: str) -> None:
    """Raises Refusal where the conversation ends with an assistant's turn that this model does not continue."""
    last = turns[-1]
    if last.role != "assistant":
        return
    content = last.content
    text = content
    if not isinstance(content, str):
        end = content[-1] if content else None
        if isinstance(end, _RESUMABLE):
            return
        text = end.text if isinstance(end, blocks.Text) else ""
    if since(model, NO_PREFILL):
        raise invalid(
            "", "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    if isinstance(text, str) and text[-1:].isspace():
        raise invalid("messages", "final assistant content cannot end with trailing whitespace")


def check_system(turns: Sequence[schema.Turn], model: str) -> None:
    """Raises Refusal where a `system` turn stands where it must not, or the model knows none."""
    if before(model, SYSTEM_TURNS):
        raise invalid(
            "messages",
            'Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an '
            "input message role.",
        )
    if turns[0].role == "system":
        raise invalid("messages.0", "use the top-level 'system' parameter for the initial system prompt")
    for number in range(1, len(turns)):
        if turns[number].role == "system" == turns[number - 1].role:
            raise invalid(f"messages.{number}", "consecutive `system` messages are not allowed")
