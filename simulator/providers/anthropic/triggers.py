"""The strings that the provider documents for tests: one makes a model refuse, one hides its thoughts. Pure."""

from typing import Final

MARK: Final = "ANTHROPIC_MAGIC_STRING_TRIGGER_"
"""What both begin with."""
REFUSAL: Final = MARK + "REFUSAL_1FAEFB6177B4672DEE07F9D3AFC62588CCD2631EDCF22E8CCC1FB35B501C9C86"
REDACTED: Final = MARK + "REDACTED_THINKING_46C9A13E193C177646C7398A98432ECCCE4C1253D5E2D82641AC0E52CC2876CB"
REFUSED: Final = "trigger=refusal"
HIDDEN: Final = "trigger=redacted_thinking"


def trigger_in(text: str) -> str:
    """What a text asks for, as an entry of the request's `extra`; empty for nothing."""
    if REFUSAL in text:
        return REFUSED
    return HIDDEN if REDACTED in text else ""
