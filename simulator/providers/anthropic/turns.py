"""What must hold between the turns of a conversation. Pure.

The real API merges consecutive turns of one role, so the rules speak of runs: every `tool_use` of an assistant's run
is answered in the user's run that follows, and every `tool_result` answers one of the run before. System turns stand
outside the runs.
"""

from collections.abc import Sequence
from typing import Final

from simulator.providers.anthropic import blocks, schema
from simulator.providers.anthropic.generation import NO_PREFILL, SYSTEM_TURNS, before, since
from simulator.providers.anthropic.wording import invalid

MOST_BREAKPOINTS: Final = 4

_RESUMABLE: Final = (blocks.Served, blocks.ToolUse)
"""What a paused turn may end with; such a turn is handed back to be continued and is no prefill."""


def check_tools(turns: Sequence[schema.Turn]) -> None:
    """Raises Refusal where calls and results of client tools do not pair up."""
    asked: dict[str, int] = {}
    answered: set[str] = set()
    role = ""
    for number, turn in enumerate(turns):
        if turn.role == "system":
            continue
        if turn.role != role and turn.role == "assistant":
            _check_answered(asked, answered)
            asked, answered = {}, set()
        role = turn.role
        if isinstance(turn.content, str):
            continue
        for place, block in enumerate(turn.content):
            if isinstance(block, blocks.ToolUse):
                if block.id in asked:
                    raise invalid(f"messages.{number}.content.{place}", "`tool_use` ids must be unique")
                asked[block.id] = number
            elif isinstance(block, blocks.ToolResult):
                if block.tool_use_id not in asked:
                    raise invalid(
                        f"messages.{number}.content.{place}",
                        f"unexpected `tool_use_id` found in `tool_result` blocks: {block.tool_use_id}. Each "
                        "`tool_result` block must have a corresponding `tool_use` block in the previous message.",
                    )
                answered.add(block.tool_use_id)
    _check_answered(asked, answered)


def _check_answered(asked: dict[str, int], answered: set[str]) -> None:
    missing = [name for name in asked if name not in answered]
    if missing:
        raise invalid(
            f"messages.{asked[missing[0]]}",
            f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(missing)}. Each "
            "`tool_use` block must have a corresponding `tool_result` block in the next message.",
        )


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


def check_breakpoints(body: schema.CountBody) -> None:
    """Raises Refusal where more cache breakpoints are set than the API takes."""
    found = int(body.cache_control is not None)
    if isinstance(body.system, list):
        found += _set(body.system)
    for tool in body.tools or ():
        found += tool.get("cache_control") is not None
    for turn in body.messages:
        if isinstance(turn.content, list):
            found += _set(turn.content)
            for block in turn.content:
                if isinstance(block, blocks.ToolResult) and isinstance(block.content, list):
                    found += _set(block.content)
    if found > MOST_BREAKPOINTS:
        raise invalid("", f"A maximum of {MOST_BREAKPOINTS} blocks with cache_control may be provided. Found {found}.")


def _set(blocks: Sequence[blocks.Block]) -> int:
    return sum(block.cache_control is not None for block in blocks)
