"""What must hold between the turns of a conversation. Pure.

Neighbouring turns of one role count as one run: streamed answers come back as a turn a chunk. Every call of a model's
run is answered in the user's run that follows, and from Gemini 3 on the first call of each step of the current exchange
brings the signature that it was given with.
"""

from collections import deque
from collections.abc import Sequence
from typing import Final

from simulator.providers.base import Refusal
from simulator.providers.decode import quote
from simulator.providers.gemini import schema
from simulator.providers.gemini.generation import Generation
from simulator.providers.gemini.wording import invalid

CALL_ORDER: Final = (
    "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
)
RESPONSE_ORDER: Final = "Please ensure that function response turn comes immediately after a function call turn."
RESPONSE_COUNT: Final = (
    "Please ensure that the number of function response parts is equal to the number of function call parts of the "
    "function call turn."
)
_UNSIGNED: Final = (
    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, "
    "and missing thought_signature may lead to degraded model performance. Additional data, function call "
    "`default_api:{name}` , position {position}. Please refer to "
    "https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
)


class Run:
    """One run: how many calls it has, which of them wait for a result, and how many results it brings.

    Calls have ids of their own only in newer models; others get one from their place.
    """

    __slots__ = ("_by_name", "_front", "_number", "_order", "_waiting", "before", "calls", "model", "responses")

    def __init__(self, number: int, *, model: bool, before: "Run | None") -> None:
        self._number = number
        self.before = before
        self.model = model
        self.calls = 0
        self.responses = 0
        self._order: list[str] = []
        self._front = 0
        self._waiting: set[str] = set()
        self._by_name: dict[str, deque[str]] = {}

    def asked(self, call: schema.FunctionCall) -> str:
        """Take note of a call; its id."""
        name = call.id or f"call_{self._number}_{self.calls}"
        self.calls += 1
        self._order.append(name)
        self._waiting.add(name)
        self._by_name.setdefault(call.name, deque()).append(name)
        return name

    def answered(self, result: schema.FunctionResponse) -> str:
        """The id of the call that a result belongs to: the one it names, else the next of its function, else the next.

        Empty where there is none left; `check` refuses that.
        """
        self.responses += 1
        return "" if self.before is None else self.before.take(result.id or "", result.name)

    def take(self, name: str, function: str) -> str:
        """Give away a call that waits; each is looked at once, however many there are."""
        if name not in self._waiting:
            name = ""
            named = self._by_name.get(function) or deque()
            while named and not name:
                name = named.popleft()
                name = name if name in self._waiting else ""
            while self._front < len(self._order) and not name:
                name = self._order[self._front]
                self._front += 1
                name = name if name in self._waiting else ""
        self._waiting.discard(name)
        return name


def runs_of(contents: Sequence[schema.Content]) -> list[Run]:
    """The run that each turn belongs to."""
    found: list[Run] = []
    last: Run | None = None
    for content in contents:
        model = content.role is not None and content.role.lower() == "model"
        if last is None or last.model is not model:
            last = Run(0 if last is None else len(found), model=model, before=last)
        found.append(last)
    return found


def check(contents: Sequence[schema.Content], runs: Sequence[Run], generation: Generation) -> None:
    """Raises `Refusal` where calls and results do not pair up, or a signature is missing; all turns are read."""
    for run in dict.fromkeys(runs):
        before = run.before
        if run.model:
            if run.calls and before is None:
                raise invalid(CALL_ORDER)
            continue
        if run.calls:
            raise invalid(CALL_ORDER)
        asked = 0 if before is None else before.calls
        if run.responses and not asked:
            raise invalid(RESPONSE_ORDER)
        if run.responses != asked:
            raise invalid(RESPONSE_COUNT)
    if generation.signed:
        _check_signatures(contents, runs)


def _check_signatures(contents: Sequence[schema.Content], runs: Sequence[Run]) -> None:
    """The current exchange begins behind the last thing that the user said besides results."""
    begin = 0
    for number, content in enumerate(contents):
        if not runs[number].model and any(part.function_response is None for part in content.parts or ()):
            begin = number
    seen: set[int] = set()
    for number in range(begin, len(contents)):
        run = runs[number]
        if not run.model or id(run) in seen:
            continue
        for part in contents[number].parts or ():
            if part.function_call is not None:
                seen.add(id(run))
                if not part.thought_signature:
                    raise _unsigned(part.function_call.name, number + 1)
                break


def _unsigned(name: str, position: int) -> Refusal:
    return invalid(_UNSIGNED.format(name=quote(name), position=position))
