"""When something was said, and how long it took, in Ollama's writing. Pure: the times are the plan's."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache

from simulator.engine.plan import Plan, Usage

_METRICS = (
    b'"total_duration":%d,"load_duration":%d,"prompt_eval_count":%d,"prompt_eval_duration":%d,"eval_count":%d,'
    b'"eval_duration":%d'
)


def stamp(created: int, offset: float) -> bytes:
    """`offset` seconds after a Unix time, as Go's RFC3339Nano writes it: `2026-01-02T03:04:05.5Z`."""
    seconds, rest = divmod(created * 1_000_000_000 + int(offset * 1e9), 1_000_000_000)
    if not rest:
        return _second(seconds) + b"Z"
    return _second(seconds) + (b".%09d" % rest).rstrip(b"0") + b"Z"


@lru_cache(maxsize=4_096)
def _second(seconds: int) -> bytes:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S").encode()


def durations(offsets: Sequence[float]) -> tuple[int, int, int, int]:
    """In nanoseconds: the whole, loading, reading the prompt, writing. The last three make up the first.

    Until the first token an eighth is loading. None is 0, as a real one never is: clients divide by them.
    """
    first = int(offsets[0] * 1e9) if len(offsets) else 0
    last = int(offsets[-1] * 1e9) if len(offsets) else 0
    load = max(1, first // 8)
    prompt = max(1, first - load)
    writing = max(1, last - load - prompt)
    return load + prompt + writing, load, prompt, writing


def metrics(plan: Plan, usage: Usage) -> bytes:
    """The members of a last line that tell times and counts."""
    total, load, prompt, writing = durations(plan.offsets)
    return _METRICS % (total, load, usage.input_tokens, prompt, usage.output_tokens, writing)
