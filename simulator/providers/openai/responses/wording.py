"""What is wrong with a Responses request, in the service's words where they differ from the chat's. Pure."""

from collections.abc import Callable

import msgspec

from simulator.providers.base import Problem, Refusal
from simulator.providers.decode import ANY_KEY, Flaw, Kind, quote, spell
from simulator.providers.openai.wording import flawed, invalid, listed

TOOL_TYPES = (
    "function",
    "file_search",
    "computer",
    "computer_use_preview",
    "web_search",
    "web_search_2025_08_26",
    "mcp",
    "code_interpreter",
    "programmatic_tool_calling",
    "image_generation",
    "local_shell",
    "shell",
    "custom",
    "namespace",
    "tool_search",
    "web_search_preview",
    "web_search_preview_2025_03_11",
    "apply_patch",
)
INPUT_PARTS = ("input_text", "input_image", "input_file")
OUTPUT_PARTS = ("output_text", "refusal")
_EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_SUMMARIES = ("auto", "concise", "detailed")
_VALUES = {
    "tools.type": TOOL_TYPES,
    "tool_choice": ("none", "auto", "required"),
    "tool_choice.type": (
        "allowed_tools",
        *[name for name in TOOL_TYPES if name not in {"namespace", "tool_search", "local_shell"}],
    ),
    "format.type": ("text", "json_object", "json_schema"),
    "tools.format.type": ("text", "grammar"),
    "effort": _EFFORTS,
    "summary": _SUMMARIES,
    "generate_summary": _SUMMARIES,
    "truncation": ("auto", "disabled"),
    "service_tier": ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast"),
    "role": ("assistant", "system", "developer", "user"),
    "status": ("in_progress", "completed", "incomplete"),
    "include": (
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
        "message.output_text.logprobs",
    ),
}

Path = tuple[str | int, ...]


def worded(flaw: Flaw) -> Refusal:
    """The refusal of a body that does not fit its schema."""
    if flaw.kind is Kind.VALUE and isinstance(flaw.value, str):
        names = [step for step in flaw.path if isinstance(step, str) and step != ANY_KEY]
        found = (".".join(names[-size:]) for size in (3, 2, 1))
        allowed = next((_VALUES[key] for key in found if key in _VALUES), None)
        if allowed is not None:
            return not_among(flaw.value, allowed, spell(flaw.path))
    return flawed(flaw)


def below(*path: str | int) -> Callable[[Flaw], Refusal]:
    """What words the flaws of a part of a body that `path` leads to."""
    return lambda flaw: worded(msgspec.structs.replace(flaw, path=(*path, *flaw.path)))


def not_among(value: str, allowed: tuple[str, ...], where: str) -> Refusal:
    """A word that is none of those there are."""
    return invalid(f"Invalid value: '{quote(value)}'. Supported values are: {listed(allowed)}.", where, "invalid_value")


def bad_id(param: str, value: str, prefix: str) -> Refusal:
    """An id of which can be seen that it names no such object."""
    return invalid(
        f"Invalid '{param}': '{quote(value)}'. Expected an ID that begins with '{prefix}'.", param, "invalid_value"
    )


def exclusive(first: str, second: str) -> Refusal:
    """Two parameters of which one may be given."""
    return invalid(
        f"Mutually exclusive parameters. Ensure you are only providing one of: '{first}' or '{second}'.",
        first,
        "mutually_exclusive_parameters",
    )


def no_response(name: str) -> Refusal:
    """A response that is not there."""
    return Refusal(Problem.NOT_FOUND, f"Response with id '{quote(name)}' not found.")


def no_previous(name: str) -> Refusal:
    """A response that is not there, to go on with."""
    return invalid(
        f"Previous response with id '{quote(name)}' not found.", "previous_response_id", "previous_response_not_found"
    )


def no_conversation(name: str) -> Refusal:
    """A conversation that is not there."""
    return Refusal(Problem.NOT_FOUND, f"Conversation with id '{quote(name)}' not found.")


def no_item(name: str) -> Refusal:
    """An item that is not there, within the input of a request."""
    return Refusal(
        Problem.NOT_FOUND,
        f"Item with id '{quote(name)}' not found. Items are not persisted when `store` is set to false. Try again with "
        "`store` set to true, or remove this item from your input.",
        param="input",
    )
