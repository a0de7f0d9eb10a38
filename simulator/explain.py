"""Explain a response from its request, its address and its circumstances, without a server.

Pure but for the providers' registry: the same decode, rules, failures and plan as the server's, and nothing is counted,
waited for or sent. What a store would tell is taken from the circumstances; of sessions there is nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from simulator.config.load import Loaded
from simulator.config.schema import Config
from simulator.engine.circumstances import Candidate, Circumstances
from simulator.engine.content.template import filled
from simulator.engine.engine import Engine
from simulator.engine.faults.striking import Outcome
from simulator.engine.plan import Address, Answer, Choice, Disturbance, Embedded, Fault, Plan, Synthetic, Trouble
from simulator.engine.prompt_cache import Warm
from simulator.engine.saying import Saying
from simulator.limits.identity import key_of
from simulator.providers.base import Cacheable, Endpoint
from simulator.providers.paths import Paths, target_of
from simulator.providers.registry import registry
from simulator.rules.book import Book
from simulator.rules.matching import Facts
from simulator.rules.speaking import saying_of
from simulator.server.failing.asked import asked
from simulator.server.failing.book import FailureBook
from simulator.server.failing.told import told as told_as

SHOWN_TOKENS = 12
"""How many tokens of each choice the text view lists before it cuts the middle out."""


class Explanation(msgspec.Struct, frozen=True):
    """A plan and what led to it."""

    provider: str
    path: str
    model: str
    streamed: bool
    plan: Plan
    rule: str = ""
    """The rule that says what is answered; empty if none does."""
    circumstances: str = ""
    """What the plan depends on besides, as `x-llm-sim-circumstances` tells it."""


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
    loaded: Loaded,
    body: bytes,
    address: Address,
    path: str | None = None,
    headers: Mapping[bytes, bytes] | None = None,
    before: Mapping[str, float] | None = None,
) -> Explanation:
    """The plan of a request that arrives at an address with these headers, their names in lower case.

    `before` are its circumstances, as `told.read` reads them. Of what they do not tell, a failure has just been
    switched on and counts its first request, a rule (`r.NAME`) too, and the prompt cache is not asked (`cached`).

    Raises LookupError for a path that plans nothing or a plugin that is missing, `Refusal` or `EngineRefusal` for a
    request that would be refused.
    """
    config, before = loaded.config, before or {}
    given = {b"anthropic-version": b"2023-06-01", **(headers or {})}
    path = path or guess_path(body)
    paths = endpoint_paths()
    bare, _, query = path.partition("?")
    found = Paths(paths).find(bare)
    if found is None:
        raise LookupError(f"no endpoint {path}; there are {', '.join(sorted(paths))}")
    (provider, endpoint), parameters = found
    target = target_of(parameters, query.encode())
    call = endpoint.decode(body, given, target)
    facts = Facts(call.request, given, key_of(given), provider, endpoint.label, stream=call.stream)
    engine = Engine(config, loaded.catalogue)
    rule, saying = _said(config, engine, facts, before)
    circumstances = _circumstances(config, facts, given, before, keyed=address.key is not None)
    warm = _warm(call.cache, before)
    plan = engine.plan(call.request, address, warm=warm, saying=saying, circumstances=circumstances)
    told = told_as(circumstances).decode("ascii")
    return Explanation(provider, path, call.request.model, call.stream, plan, rule, told)


def _warm(cache: Cacheable | None, before: Mapping[str, float]) -> Warm | None:
    """What the prompt cache had: `cached` of the prompt's beginnings; None where that is not told."""
    if cache is None or not cache.prefixes or "cached" not in before:
        return None
    known = min(int(before["cached"]), len(cache.prefixes))
    read = cache.prefixes[known - 1].share if known else 0.0
    return Warm(read, cache.prefixes[-1].share, cache.least, cache.unit, cache.writes)


def _said(config: Config, engine: Engine, facts: Facts, before: Mapping[str, float]) -> tuple[str, Saying | None]:
    """The name of the rule that holds, and what is said in place of the usual answer."""
    rule = Book(config.rules).find(facts) if config.rules else None
    if rule is not None:
        count = int(before.get(f"r.{rule.name}", 1))
        answer = rule.answer(count)
        if answer is not None:
            return rule.name, saying_of(answer, facts, count)
    model = engine.models.get(facts.request.model)
    if model is None or model.response.kind == "corpus":
        return "", None
    if model.response.kind == "echo":
        return "", Saying(facts.last.text)
    return "", Saying(filled(model.response.template, facts.values(1)))


def _circumstances(
    config: Config, facts: Facts, headers: Mapping[bytes, bytes], before: Mapping[str, float], *, keyed: bool
) -> Circumstances:
    """What the request meets, as the server would find it."""
    book = FailureBook(config.faults)
    found = [Candidate(one, asked=True) for one in asked(book, headers)] if config.simulation.request_faults else []
    for one in book.applicable(facts):
        count = int(before.get(f"n.{one.name}", 1)) if one.counted and not keyed else 0
        found.append(Candidate(one, before.get(f"t.{one.name}", 0.0), count))
    found.sort(key=lambda one: one.failure.settings.priority)
    return Circumstances(found, int(before.get("load", 0)), before.get("age", 0.0))


def as_data(explanation: Explanation) -> dict[str, Any]:
    """The explanation as JSON values: text, tokens, usage, timeline in seconds, fault."""
    plan = explanation.plan
    outcome = _shown(explanation)
    data: dict[str, Any] = {
        "provider": explanation.provider,
        "path": explanation.path,
        "model": plan.model,
        "digest": plan.digest.hex(),
        "address": msgspec.to_builtins(plan.address),
        "timeline": [round(offset, 9) for offset in plan.offsets],
        "rule": explanation.rule or None,
        "circumstances": explanation.circumstances,
        "struck": list(plan.struck),
        "disturbances": [msgspec.to_builtins(one) for one in plan.disturbances],
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
    outcome = _shown(explanation)
    lines = [
        f"request    {explanation.provider} {explanation.path}, model {explanation.model}, digest {plan.digest.hex()}",
        f"address    shard {address.pod}.{address.worker}, sequence {address.sequence}, seed {address.seed}"
        + ("" if address.key is None else f", key {address.key!r}, retry {address.retry}"),
    ]
    lines += _meets(explanation)
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


def _shown(explanation: Explanation) -> Outcome | Fault:
    """What is answered; an error that a stream would tell amid it takes the place of an answer that is none."""
    plan = explanation.plan
    if explanation.streamed or isinstance(plan.outcome, Fault):
        return plan.outcome
    return next((one.error for one in plan.disturbances if one.error is not None), plan.outcome)


def _meets(explanation: Explanation) -> list[str]:
    plan = explanation.plan
    lines = [f"rule       {explanation.rule}"] if explanation.rule else []
    if explanation.circumstances:
        lines.append(f"meets      {explanation.circumstances}")
    if plan.struck:
        lines.append(f"failures   {', '.join(plan.struck)}")
    if plan.disturbances:
        lines.append(f"on its way {', then '.join([disturbance_words(one) for one in plan.disturbances])}")
    return lines


def disturbance_words(one: Disturbance) -> str:
    """A disturbance for a person; tokens are counted from 1."""
    place = f"{'amid' if one.mid_frame else 'before'} token {one.step + 1}"
    if one.kind is Trouble.STALL:
        return f"stall {one.seconds:g} s {place}"
    if one.kind is Trouble.TRICKLE:
        return f"trickle {one.rate:g} bytes a second from token {one.step + 1}"
    if one.kind is Trouble.WRONG_LENGTH:
        return f"a length of {one.amount:+d} bytes"
    if one.kind is Trouble.MISSING_TERMINATOR:
        return "no terminator"
    if one.kind in (Trouble.MALFORMED, Trouble.TRUNCATED_JSON):
        return f"{one.kind.value.replace('_', ' ')} at token {one.step + 1}"
    told = f" {one.error.kind.value}" if one.error is not None else ""
    return f"{one.kind.value.replace('_', ' ')}{told} {place}"


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
