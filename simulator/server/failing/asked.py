"""What a request asks for in `x-llm-sim-fault`. Pure.

A list, as RFC 9651 writes lists with parameters: `rate_limit;retry_after_secs=2, stall;after_tokens=3`. Each item is
the name of a configured failure, or a kind with settings of a failure. `first=n` spares the n-th retry of the official
clients (`x-stainless-retry-count`) and those after it.
"""

import functools
import re
from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from simulator.config.failure_checks import failure as contradictions
from simulator.config.failures import Failure, Kind
from simulator.engine.faults.failure import ReadyFailure
from simulator.providers.base import Problem, Refusal
from simulator.server.address import RETRY
from simulator.server.failing.book import FailureBook

HEADER = b"x-llm-sim-fault"
MOST = 8
"""Failures that one request may ask for."""
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"?|[^"]+')
_ESCAPED = re.compile(r"\\(.)")
_SETTINGS = {field.name for field in msgspec.structs.fields(Failure)} - {
    "kind",
    "enabled",
    "when",
    "burst",
    "ramp",
    "window",
    "strategy",
    "options",
}


def asked(book: FailureBook | None, headers: Mapping[bytes, bytes]) -> list[ReadyFailure]:
    """The failures that a request asks for and that strike this try of it. Raises `Refusal` for what is none."""
    value = headers.get(HEADER)
    if value is None:
        return []
    retry = headers.get(RETRY, b"0")
    tries = int(retry) if retry.isdigit() and len(retry) < 6 else 0
    named = {} if book is None else book.by_name
    items = _parts(value.decode("latin-1"), ",")
    if len(items) > MOST:
        raise Refusal(Problem.INVALID, f"x-llm-sim-fault asks for {len(items)} failures; {MOST} are allowed.")
    found = [named.get(item) or _made(item) for item in items]
    return [one for one in found if one.settings.first is None or tries < one.settings.first]


@functools.lru_cache(maxsize=256)
def _made(item: str) -> ReadyFailure:
    kind, *parameters = _parts(item, ";") or [""]
    if kind not in get_args(Kind):
        kinds = ", ".join(get_args(Kind))
        raise Refusal(Problem.INVALID, f"x-llm-sim-fault: {kind[:60]!r} is no failure; there are: {kinds}.")
    given: dict[str, Any] = {"kind": kind}
    for parameter in parameters:
        key, equals, text = parameter.partition("=")
        if not equals or key not in _SETTINGS:
            raise Refusal(Problem.INVALID, f"x-llm-sim-fault: {parameter[:60]!r} is no setting of {kind}.")
        given[key] = _value(text.strip())
    try:
        settings = msgspec.convert(given, Failure, strict=False)
    except msgspec.ValidationError as error:
        raise Refusal(Problem.INVALID, f"x-llm-sim-fault: {kind}: {error}.") from None
    for contradiction in contradictions(msgspec.structs.asdict(settings)):
        raise Refusal(Problem.INVALID, f"x-llm-sim-fault: {kind}: {contradiction.key} is {contradiction.allowed}.")
    return ReadyFailure(kind, settings)


def _parts(text: str, sign: str) -> list[str]:
    """What stands between signs that are not within quotes."""
    found = [""]
    for quoted in _QUOTED.findall(text):
        if quoted.startswith('"'):
            found[-1] += quoted
        else:
            first, *others = quoted.split(sign)
            found[-1] += first
            found += others
    return [part.strip() for part in found]


def _value(text: str) -> str:
    if text[:1] == '"':
        return _ESCAPED.sub(r"\1", text[1:-1]) if len(text) > 1 and text[-1] == '"' else text
    return {"?1": "true", "?0": "false"}.get(text, text)
