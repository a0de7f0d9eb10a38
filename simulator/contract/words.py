"""What fields are called, and what stands in them where a request says nothing. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

EPOCH: Final = 1_735_689_600
"""2025-01-01: no object is older."""
YEAR: Final = 31_536_000
DAY: Final = 86_400

PREFIXES: Final[Mapping[str, str]] = {
    "account": "svac_", "api_key": "key_", "assistant": "asst_", "batch": "batch_", "call": "call_",
    "checkpoint": "ftckpt_", "completion": "chatcmpl-", "container": "cntr_", "conversation": "conv_", "eval": "eval_",
    "event": "evt_", "external_key": "ekey_", "file": "file-", "file_batch": "vsfb_", "group": "group_",
    "invite": "invite-", "job": "ftjob-", "message": "msg_", "message_batch": "msgbatch_", "model_response": "resp_",
    "organization": "org-", "part": "part_", "project": "proj_", "response": "resp_", "run": "run_",
    "session": "sess_", "skill": "skill_", "step": "step_", "thread": "thread_", "tool_call": "call_",
    "tool_use": "toolu_", "turn": "turn_", "upload": "upload_", "user": "user-", "vault": "vlt_",
    "vector_store": "vs_", "video": "video_", "webhook": "wh_", "workspace": "wrkspc_",
}  # fmt: skip
"""How ids begin, by what they are of; of anything else with its own name."""
FILE_PREFIXES: Final = {"anthropic": "file_"}

MODELS: Final = {"openai": "gpt-4o", "anthropic": "claude-opus-5"}
TEXT: Final = "This is a simulated answer."
LONG_TEXTS: Final = frozenset({"content", "text", "output_text", "summary", "refusal", "transcript", "value"})
TEXTS: Final[Mapping[str, str]] = {
    "amount": "0", "arguments": "{}", "city": "Paris", "country": "US", "currency": "usd", "email": "user@example.com",
    "email_address": "user@example.com", "filename": "simulated.txt", "language": "en", "mime_type": "text/plain",
    "region": "us-east-1", "role": "assistant", "timezone": "UTC", "title": "Simulated", "version": "1",
}  # fmt: skip
LINK: Final = "https://example.com/simulated"
PLAIN: Final = "simulated"

BEST: Final[Sequence[str]] = (
    "completed", "succeeded", "success", "processed", "idle", "active", "ready", "ended", "approved", "accepted",
    "delivered", "valid", "enabled", "passed", "assistant", "stop", "end_turn",
)  # fmt: skip
"""Of an enumeration the first of these, so that whoever waits for an end has it; else its own first value."""
TRUE: Final = frozenset({"deleted", "valid", "enabled", "active", "is_active", "success", "completed"})
TOLD: Final = frozenset({"completed_at", "ended_at", "finish_reason", "finished_at", "results_url", "stop_reason"})
"""Fields that are not null although they might be: what is done has them."""
FILLED: Final = frozenset({"data", "content", "choices", "output", "results"})
"""Lists that have one item; others are empty."""
BEGUN: Final = ("queued", "in_progress", "running")
"""What is said of the state of something that was just created, where its end comes later."""
USUAL: Final = ("text", "output_text", "message")
"""The kinds of objects that are chosen first where there are several."""


def prefix(thing: str, provider: str) -> str:
    """How the id of a thing begins."""
    if thing == "file":
        return FILE_PREFIXES.get(provider, PREFIXES["file"])
    return PREFIXES.get(thing, f"{thing}_")


def text(name: str, provider: str) -> str:
    """What stands in a text field."""
    if name == "model" or name.endswith("_model"):
        return MODELS[provider]
    if name in LONG_TEXTS:
        return TEXT
    if name == "url" or name.endswith(("_url", "_uri")):
        return LINK
    return TEXTS.get(name, PLAIN)


def seconds(name: str, base: int) -> int | None:
    """The Unix time that stands in a field, None for one that tells no time. `base` is when the object was made."""
    if name in ("created", "created_at", "created_on"):
        return base
    if name in ("expires", "expires_at", "expiration"):
        return base + DAY
    return base + 60 if name.endswith(("_at", "_time")) else None
