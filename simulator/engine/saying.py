"""An answer whose words somebody else has chosen: a rule, or a model that repeats what it hears. Pure.

It is cut, counted and timed like any other answer.
"""

import msgspec

from simulator.engine.content.stop import cut
from simulator.engine.content.tools import pieces_of
from simulator.engine.plan import Answer, Call, Choice, Fault, Finish, Usage
from simulator.engine.request import Request
from simulator.engine.tokens import Tokenizer


class SaidCall(msgspec.Struct, frozen=True, gc=False):
    """A call of a tool; `arguments` is JSON text. The request offers a tool of this name."""

    name: str
    arguments: str


class Saying(msgspec.Struct, frozen=True, gc=False):
    """What is answered: a failure, or text and then calls.

    `refusal`: the text says why nothing else is said. `finish` None is what follows from the rest.
    """

    text: str = ""
    calls: tuple[SaidCall, ...] = ()
    refusal: bool = False
    reasoning: str = ""
    finish: Finish | None = None
    fault: Fault | None = None


def said(saying: Saying, request: Request, tokenizer: Tokenizer, limit: int, bits: bytes) -> tuple[Choice, int]:
    """The choice, at most `limit` tokens long, and its tokens. `bits` are 16 bytes for the ids of calls."""
    thought = pieces_of(saying.reasoning, tokenizer)[:limit] if saying.reasoning else ()
    room = limit - len(thought)
    pieces = list(pieces_of(saying.text, tokenizer)) if saying.text else []
    finish = Finish.REFUSAL if saying.refusal else Finish.STOP
    found = None
    if request.stop:
        pieces, found = cut(pieces, request.stop)
        finish = finish if found is None else Finish.STOP_SEQUENCE
    if len(pieces) > room or (not room and (pieces or saying.calls)):
        return Choice(tuple(pieces[:room]), Finish.LENGTH, reasoning=thought), limit
    used = len(thought) + len(pieces)
    calls: list[Call] = []
    if found is None and saying.calls:
        finish = Finish.TOOL_CALLS
        places = {tool.name: place for place, tool in enumerate(request.tools)}
        for number, call in enumerate(saying.calls):
            written = pieces_of(call.arguments, tokenizer)
            used += tokenizer.count(call.name)
            room = limit - used
            own = bytes([bits[0] ^ number & 0xFF, *bits[1:]])
            if room > 0:
                calls.append(Call(own, call.name, written[:room], places[call.name]))
            if room < len(written):
                return Choice(tuple(pieces), Finish.LENGTH, calls=tuple(calls), reasoning=thought), limit
            used += len(written)
    return Choice(tuple(pieces), saying.finish or finish, found, tuple(calls), thought), used


def answer_of(
    saying: Saying, request: Request, tokenizer: Tokenizer, asked: int, limit: int, ids: tuple[bytes, int]
) -> Answer:
    """The answer; every choice says the same. `ids` are 32 bytes for ids and the time of creation."""
    bits, created = ids
    made = [
        said(saying, request, tokenizer, limit, bytes([*bits[16:31], bits[31] ^ index & 0xFF]))
        for index in range(request.choices * max(1, len(request.inputs)))
    ]
    written = sum([tokens for _, tokens in made])
    thinking = sum([len(choice.reasoning) for choice, _ in made])
    usage = Usage(asked, written, reasoning_tokens=thinking)
    return Answer(tuple([choice for choice, _ in made]), usage, bits, created)
