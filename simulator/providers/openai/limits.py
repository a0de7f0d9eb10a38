"""What this release does not answer though the real service would: refused plainly, never answered wrongly. Pure."""

from simulator.providers.base import Refusal
from simulator.providers.openai.schema import ChatBody, CompletionBody
from simulator.providers.openai.wording import invalid, unsupported


def refuse_unsupported_chat(body: ChatBody) -> None:
    """Refuse a chat request whose only right answer has something that is not made here."""
    if body.logprobs:
        raise _no_logprobs()
    if body.top_logprobs is not None:
        raise invalid(
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            "top_logprobs",
        )
    if body.audio is not None or (body.modalities is not None and "audio" in body.modalities):
        raise unsupported(
            "audio" if body.audio is not None else "modalities",
            "Unsupported value: this version of LLM-Simulator answers in text only, not in audio.",
        )
    if body.moderation is not None:
        raise unsupported(
            "moderation",
            "Unsupported value: 'moderation': this version of LLM-Simulator does not moderate answers.",
        )


def refuse_unsupported_completion(body: CompletionBody) -> None:
    """Refuse a completion request that asks for more than text."""
    if body.logprobs is not None:
        raise _no_logprobs()
    if body.echo and body.prompt is not None and not _is_text(body.prompt):
        raise unsupported(
            "echo",
            "Unsupported value: 'echo' of a prompt given as token ids: LLM-Simulator does not turn ids into text.",
        )


def _is_text(prompt: object) -> bool:
    return isinstance(prompt, str) or (isinstance(prompt, list) and isinstance(prompt[0], str))


def _no_logprobs() -> Refusal:
    return unsupported(
        "logprobs",
        "Unsupported value: 'logprobs': this version of LLM-Simulator does not give log probabilities yet.",
    )
