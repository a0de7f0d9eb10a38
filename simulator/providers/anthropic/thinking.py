"""Extended thinking: which settings hold together, how much is thought, and what is shown of it. Pure.

The sentences are those of observed 400s; which model takes what is in `modes`. How much is thought is this simulator's
own choice: a quarter of a budget on average, or a size by effort that leaves three quarters of `max_tokens`
to the answer, so that a small limit still has text.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from simulator.providers.anthropic import blocks, schema
from simulator.providers.anthropic.modes import Modes, modes_of
from simulator.providers.anthropic.wording import invalid
from simulator.providers.base import Refusal
from simulator.providers.decode import quote

INTERLEAVED: Final = "interleaved-thinking-2025-05-14"
"""The beta under which a model with a budget thinks after each tool's result, and the budget may be above the limit."""
BY_EFFORT: Final[Mapping[str, int]] = {"low": 64, "medium": 256, "high": 512, "xhigh": 1024, "max": 2048}
"""About how many tokens are thought at each effort."""
SMALLEST: Final = 64
"""Below this `max_tokens` nothing is thought that no budget asks for."""
_SHARE: Final = 4
_ABOVE_HIGH: Final = ("xhigh", "max")
_GUIDE: Final = (
    "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
)
_THOUGHTS: Final = (blocks.Thinking, blocks.RedactedThinking)


def reasoning_of(body: schema.CountBody, max_tokens: int | None, betas: frozenset[str]) -> int | None:
    """About how many tokens to think; None leaves it to the model's card.

    Raises Refusal for a setting that the model does not take.
    """
    setting, modes = body.thinking, modes_of(body.model)
    forced = isinstance(body.tool_choice, schema.ChooseAny | schema.ChooseTool)
    if forced and not modes.forced:
        raise invalid("", "`tool_choice` must not force tool use on this model. Use `auto` or `none`.")
    if setting is None:
        if not modes.always:
            return None
        return 0 if forced else _adaptive(body, modes, max_tokens)
    if isinstance(setting, schema.ThinkingDisabled | schema.ThinkingBetweenTools):
        _check_off(setting, body, modes)
        return 0
    if forced:
        raise invalid("", "Thinking may not be enabled when tool_choice forces tool use.")
    if isinstance(setting, schema.ThinkingAdaptive):
        if not modes.adaptive:
            raise invalid("", "adaptive thinking is not supported on this model")
        return _adaptive(body, modes, max_tokens)
    interleaved = INTERLEAVED in betas
    _check_budget(body, setting.budget_tokens, max_tokens, interleaved=interleaved)
    # Without that beta a model goes on after a tool's result where it was.
    return 0 if has_results(body.messages[-1]) and not interleaved else max(1, setting.budget_tokens // _SHARE)


def _check_budget(body: schema.CountBody, budget: int, max_tokens: int | None, *, interleaved: bool) -> None:
    modes = modes_of(body.model)
    if not modes.manual:
        raise _unsupported("enabled", modes) if modes.thinks else _never(body.model)
    if max_tokens is not None and budget >= max_tokens and not (interleaved and body.tools):
        raise invalid(
            "",
            f"`max_tokens` must be greater than `thinking.budget_tokens`. {_GUIDE}#max-tokens-and-context-window-size",
        )
    check_loop(body.messages)


def _adaptive(body: schema.CountBody, modes: Modes, max_tokens: int | None) -> int:
    wanted = BY_EFFORT[_effort(body) or modes.effort]
    if max_tokens is None:
        return wanted
    return min(wanted, max_tokens // _SHARE) if max_tokens >= SMALLEST else 0


def _effort(body: schema.CountBody) -> str | None:
    return body.output_config.effort if body.output_config is not None else None


def _check_off(
    setting: schema.ThinkingDisabled | schema.ThinkingBetweenTools, body: schema.CountBody, modes: Modes
) -> None:
    if isinstance(setting, schema.ThinkingBetweenTools):
        if not modes.between:
            raise _unsupported("between_tools", modes)
        return
    if not modes.off:
        raise _unsupported("disabled", modes)
    effort = _effort(body)
    if modes.off_at_most_high and effort in _ABOVE_HIGH:
        raise invalid(
            "", f'"thinking.type.disabled" is not supported at effort "{effort}" on this model. Use "high" or below.'
        )


def _never(model: str) -> Refusal:
    return invalid("", f"'{quote(model)}' does not support thinking.")


def _unsupported(kind: str, modes: Modes) -> Refusal:
    if not modes.adaptive:
        return invalid("", f'"thinking.type.{kind}" is not supported for this model.')
    if kind == "disabled" and modes.between:
        instead = 'Use "thinking.type.between_tools" to turn off thinking before the answer.'
    else:
        instead = 'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
    return invalid("", f'"thinking.type.{kind}" is not supported for this model. {instead}')


def check_loop(turns: Sequence[schema.Turn]) -> None:
    """With a budget, what the assistant said since the user last spoke must begin with its thoughts. Raises Refusal."""
    first = len(turns)
    for number in range(len(turns) - 1, -1, -1):
        turn = turns[number]
        if turn.role == "assistant":
            first = number
        elif turn.role == "user" and not has_results(turn):
            break
    if first == len(turns):
        return
    content = turns[first].content
    start = content[0] if isinstance(content, list) and content else None
    if isinstance(start, _THOUGHTS):
        return
    found = start.__struct_config__.tag if start is not None else "text"
    raise invalid(
        f"messages.{first}.content.0.type",
        f"Expected `thinking` or `redacted_thinking`, but found `{found}`. When `thinking` is enabled, a final "
        "`assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and "
        "`tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this "
        f"requirement, disable `thinking`. {_GUIDE}",
    )


def has_results(turn: schema.Turn) -> bool:
    """Whether the turn brings a tool's result."""
    content = turn.content
    return isinstance(content, list) and any(isinstance(block, blocks.ToolResult) for block in content)


def check_sampled(body: schema.SampledBody) -> None:
    """Raises Refusal for sampling parameters that thinking does not go with."""
    if not isinstance(body.thinking, schema.ThinkingEnabled | schema.ThinkingAdaptive):
        return
    if body.temperature not in (None, 1):
        raise invalid("", f"`temperature` may only be set to 1 when thinking is enabled. {_GUIDE}")
    if body.top_p is not None and body.top_p < 0.95:
        raise invalid("", f"`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. {_GUIDE}")
    if body.top_k is not None:
        raise invalid("", f"`top_k` must be unset when thinking is enabled. {_GUIDE}")


def is_shown(body: schema.CountBody) -> bool:
    """Whether the text of thoughts is in the answer; their signature always is."""
    setting = body.thinking
    if isinstance(setting, schema.ThinkingEnabled | schema.ThinkingAdaptive) and setting.display is not None:
        return setting.display == "summarized"
    return not modes_of(body.model).hidden
