"""Explain a response from its request and its address, without a server.

Pure but for the providers' registry: the same decode and plan as the server's, and nothing is waited for or sent.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from simulator.config.load import Loaded
from simulator.engine.engine import Engine
from simulator.engine.plan import Address, Answer, Choice, Embedded, Fault, Plan, Synthetic
from simulator.providers.base import Endpoint
from simulator.providers.paths import Paths, target_of
from simulator.providers.registry import registry

SHOWN_TOKENS = 12
"""How many tokens of each choice the text view lists before it cuts the middle out."""


class Explanation(msgspec.Struct, frozen=True):
    """A plan and what led to it."""

    provider: str
    path: str
    model: str
    streamed: bool
    plan: Plan


def endpoint_paths() -> dict[str, tuple[str, Endpoint]]:
    """Every path that plans an answer, with its provider's name."""
    paths: dict[str, tuple[str, Endpoint]] = {}
    for provider in registry():
        for endpoint in provider.endpoints:
            paths.setdefault(endpoint.path, (provider.name, endpoint))
            paths.setdefault(f"/{provider.name}{endpoint.path}", (provider.name, endpoint))
    return paths


def guess_path(body: bytes) -> str:
    """The endpoint that a body without a path most likely is for."""
    try:
        fields = msgspec.json.decode(body)
    except msgspec.DecodeError:
        fields = {}
    if not isinstance(fields, dict) or "messages" in fields:
        model = fields.get("model", "") if isinstance(fields, dict) else ""
        return "/v1/messages" if isinstance(model, str) and model.startswith("claude") else "/v1/chat/completions"
    return "/v1/embeddings" if "input" in fields else "/v1/completions"


def explain(
    loaded: Loaded, body: bytes, address: Address, path: str | None = None, headers: Mapping[bytes, bytes] | None = None
) -> Explanation:
    """The plan of a request that arrives at an address.

    Raises LookupError for a path that plans nothing, `Refusal` or `EngineRefusal` for a request that would be
    refused.
    """
    path = path or guess_path(body)
    paths = endpoint_paths()
    bare, _, query = path.partition("?")
    found = Paths(paths).find(bare)
    if found is None:
        raise LookupError(f"no endpoint {path}; there are {', '.join(sorted(paths))}")
    (provider, endpoint), parameters = found
    target = target_of(parameters, query.encode())
    call = endpoint.decode(body, headers or {b"anthropic-version": b"2023-06-01"}, target)
    plan = Engine(loaded.config, loaded.catalogue).plan(call.request, address)
    return Explanation(provider, path, call.request.model, call.stream, plan)


def as_data(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON values: text, tokens, usage, timeline in seconds, fault."""
    plan = explanation.plan
    outcome = plan.outcome
    data: dict[str, Any] = {
        "provider": explanation.provider,
        "path": explanation.path,
        "model": plan.model,
        "digest": plan.digest.hex(),
        "address": msgspec.to_builtins(plan.address),
        "timeline": [round(offset, 9) for offset in plan.offsets],
    }
    if isinstance(outcome, Fault):
        data["fault"] = msgspec.to_builtins(outcome)
        return data
    data["usage"] = msgspec.to_builtins(outcome.usage)
    if isinstance(outcome, Synthetic):
        data["bits"] = outcome.bits.hex()
        return data
    if isinstance(outcome, Embedded):
        data["embedding"] = {"count": len(outcome.vectors), "dimensions": outcome.dimensions}
        return data
    data["created"] = outcome.created
    data["choices"] = [
        {
            "text": choice.text,
            "tokens": list(choice.pieces),
            "reasoning": list(choice.reasoning),
            "calls": [
                {"name": call.name, "arguments": "".join(call.pieces), "tokens": list(call.pieces)}
                for call in choice.calls
            ],
            "finish": choice.finish.value,
            "stop_sequence": choice.stop_sequence,
        }
        for choice in outcome.choices
    ]
    return data


def as_text(explanation: Explanation) -> str:
    """The explanation for a person."""
    plan = explanation.plan
    address = plan.address
    outcome = plan.outcome
    lines = [
        f"request    {explanation.provider} {explanation.path}, model {explanation.model}, digest {plan.digest.hex()}",
        f"address    shard {address.pod}.{address.worker}, sequence {address.sequence}, seed {address.seed}"
        + ("" if address.key is None else f", key {address.key!r}, retry {address.retry}"),
    ]
    if isinstance(outcome, Fault):
        wait = f" after {outcome.after:g} s" if outcome.after else ""
        retry = f", Retry-After {outcome.retry_after:g} s" if outcome.retry_after is not None else ""
        lines.append(f"outcome    fault: {outcome.kind.value}{wait}{retry}")
        return "\n".join(lines) + "\n"
    usage = outcome.usage
    lines.append(f"usage      {usage.input_tokens} tokens in, {usage.output_tokens} out")
    lines.append(f"timeline   {_timeline(plan)}")
    if isinstance(outcome, Answer):
        for index, choice in enumerate(outcome.choices):
            lines.extend(_choice(index, choice, plan.offsets))
    elif isinstance(outcome, Synthetic):
        lines.append(f"outcome    made from the bits {outcome.bits.hex()}")
    else:
        lines.append(f"outcome    {len(outcome.vectors)} embeddings of {outcome.dimensions} dimensions")
    return "\n".join(lines) + "\n"


def _choice(index: int, choice: Choice, offsets: Sequence[float]) -> list[str]:
    calls = choice.calls
    written = len(choice.reasoning) + len(choice.pieces) + sum([len(call.pieces) for call in calls])
    called = f", {len(calls)} call{'s' if len(calls) > 1 else ''}" if calls else ""
    lines = [f"choice {index}   {written} tokens{called}, finish {choice.finish.value}"]
    step = len(choice.reasoning)
    if step:
        lines.append("  thinks")
        lines += _tokens(choice.reasoning, offsets)
        lines.append("  says")
    lines += _tokens(choice.pieces, offsets[step:])
    step += len(choice.pieces)
    for call in calls:
        lines.append(f"  {call.name}")
        lines += _tokens(call.pieces, offsets[step:])
        step += len(call.pieces)
    return lines


def _timeline(plan: Plan) -> str:
    offsets = plan.offsets
    if not offsets:
        return "at once"
    first = f"first token after {offsets[0] * 1000:.1f} ms"
    if len(offsets) == 1:
        return first
    mean = (offsets[-1] - offsets[0]) / (len(offsets) - 1)
    return f"{first}, then {mean * 1000:.1f} ms a token on average, last after {offsets[-1] * 1000:.1f} ms"


def _tokens(pieces: Sequence[str], offsets: Sequence[float]) -> list[str]:
    shown = range(len(pieces))
    cut = len(pieces) > 2 * SHOWN_TOKENS
    indices = [*shown[:SHOWN_TOKENS], *shown[-SHOWN_TOKENS:]] if cut else list(shown)
    rows = [f"  {i:5}  {(offsets[i] if offsets else 0.0) * 1000:10.1f} ms  {pieces[i]!r}" for i in indices]
    if cut:
        rows.insert(SHOWN_TOKENS, f"         … {len(pieces) - 2 * SHOWN_TOKENS} more …")
    return rows
