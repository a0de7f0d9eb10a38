"""From a rule's answer to what the engine is to say. Pure."""

import msgspec

from simulator.config.rules import RuleAnswer
from simulator.engine.content.template import filled, filled_within
from simulator.engine.plan import Fault, FaultKind, Finish
from simulator.engine.saying import SaidCall, Saying
from simulator.rules.matching import Facts

_FAULTS = {
    "authentication": FaultKind.AUTHENTICATION,
    "rate_limit": FaultKind.RATE_LIMIT,
    "overloaded": FaultKind.OVERLOADED,
    "server_error": FaultKind.SERVER_ERROR,
    "timeout": FaultKind.TIMEOUT,
}
_FINISHES = {"stop": Finish.STOP, "length": Finish.LENGTH, "content_filter": Finish.CONTENT_FILTER}


def saying_of(answer: RuleAnswer, facts: Facts, count: int) -> Saying | None:
    """What is said; None for the usual answer. `count` is which of the rule's requests this is."""
    if answer.error is not None:
        return Saying(
            fault=Fault(
                _FAULTS[answer.error],
                answer.after_ms / 1000,
                answer.retry_after_secs,
                answer.error == "timeout" and answer.status is None,
                answer.status,
                answer.type,
                answer.code,
                answer.message or "",
            )
        )
    values = facts.values(count)
    text = ""
    if answer.text is not None:
        text = filled(answer.text, values)
    elif answer.json is not None:
        text = _json(filled_within(answer.json, values))
    elif answer.refusal is not None:
        text = filled(answer.refusal, values)
    elif answer.echo:
        text = facts.last.text
    elif not answer.tool_calls:
        return None
    return Saying(
        text,
        tuple([SaidCall(call.name, _json(filled_within(call.arguments, values))) for call in answer.tool_calls]),
        refusal=answer.refusal is not None,
        reasoning=filled(answer.reasoning or "", values),
        finish=_FINISHES[answer.finish] if answer.finish is not None else None,
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
