"""The results of common measuring tools, as rows. Pure.

vLLM's `vllm bench serve --save-result --save-detailed`: one object with parallel lists `ttfts`, `itls`,
`input_lens`, `errors`, in seconds.

LLMPerf's `*_individual_responses.json`: a list of objects. Its `inter_token_latency_s` is the whole duration
over the number of tokens, time to first token included; the mean gap is worked out from the other fields.

AIPerf's `profile_export.jsonl`: a line a request, `metrics` with a value and a unit each. The gaps are those
between chunks of the stream.
"""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

_AIPERF = (("time_to_first_token", "ttft"), ("inter_chunk_latency", "itl"), ("inter_token_latency", "itl"))


def rows_of(value: Any) -> Iterator[Any]:
    """The rows of a JSON value: itself, unless a tool's format holds several or other names."""
    if not isinstance(value, dict):
        yield value
    elif isinstance(value.get("ttfts"), list):
        yield from _vllm(value)
    elif isinstance(value.get("metrics"), dict) or ("metadata" in value and "error" in value):
        yield _aiperf(value)
    elif "end_to_end_latency_s" in value and "number_output_tokens" in value:
        yield _llmperf(value)
    else:
        yield value


def _vllm(value: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    names = ("ttfts", "itls", "input_lens", "errors")
    columns = [value.get(name) or [] for name in names]
    if not all(isinstance(column, list) for column in columns):
        raise ValueError(f"{', '.join(names)} are not all lists")
    if len({len(column) for column in columns if column}) > 1:
        raise ValueError(f"{', '.join(names)} have different lengths")
    for ttft, gaps, prompt, error in zip_longest(*columns):
        # A time of 0 is written where none was measured: an answer that was not streamed, or that never came.
        nothing = None if ttft or gaps else "no token"
        yield {
            "model": value.get("model_id"),
            "ttft_s": ttft or None,
            "itl_s": gaps,
            "prompt_tokens": prompt,
            "error": error or nothing,
        }


def _llmperf(value: Mapping[str, Any]) -> dict[str, Any]:
    row = {name: each for name, each in value.items() if name != "inter_token_latency_s"}
    whole, first, tokens = (value.get(key) for key in ("end_to_end_latency_s", "ttft_s", "number_output_tokens"))
    numbers = (int, float)
    if isinstance(whole, numbers) and isinstance(first, numbers) and isinstance(tokens, numbers) and tokens > 1:
        row["itl_s"] = max(0.0, (whole - first) / (tokens - 1))
    return row


def _aiperf(value: Mapping[str, Any]) -> dict[str, Any]:
    metrics = value.get("metrics") or {}
    row: dict[str, Any] = {"error": value.get("error"), "model": value.get("model") or metrics.get("model")}
    for name, ours in _AIPERF:
        metric = metrics.get(name)
        if isinstance(metric, dict) and not any(key.startswith(f"{ours}_") for key in row):
            row[f"{ours}_{metric.get('unit', 'ms')}"] = metric.get("value")
    length = metrics.get("input_sequence_length")
    if isinstance(length, dict):
        row["prompt_tokens"] = length.get("value")
    return row
