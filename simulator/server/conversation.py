"""What a session's turns are: how a conversation is kept, put together again and measured.

Pure. Knows neither the store nor HTTP. Each message of a conversation is one turn, and so are the system messages that
a request began with, taken together (`Instructions`): the latest of them go before the whole conversation, wherever in
it they were said, as a client does that sends its system prompt with each request. System messages in the middle of a
conversation are turns like others and stay where they are.
"""

from collections.abc import Iterable, Sequence

import msgspec

from simulator.config.catalogue import ModelCard
from simulator.engine.plan import Choice
from simulator.engine.request import Message, Operation, Request, ToolCall
from simulator.engine.tokens import Tokenizer, prompt_tokens
from simulator.engine.tokens.bounded import EXACT_CHARACTERS
from simulator.engine.tokens.tools import calls_tokens
from simulator.state.store import Turn

INSTRUCTING = frozenset({"system", "developer"})
"""The roles whose messages instruct the model."""


class Instructions(msgspec.Struct, frozen=True, gc=False):
    """The system messages that a request began with."""

    messages: tuple[Message, ...]


Entry = Message | Instructions
"""What one turn holds: in the store an array is a message and a map the instructions."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Message | dict[str, tuple[Message, ...]]).decode


class Joined(msgspec.Struct, frozen=True, gc=False):
    """A request and its session together: the whole conversation, and what of it the session does not have yet."""

    messages: tuple[Message, ...]
    fresh: tuple[Entry, ...]


def decode(body: bytes) -> Entry:
    """What a turn's body holds. Raises `msgspec.DecodeError` for anything else."""
    try:
        entry = _decode(body)
    except UnicodeDecodeError as error:
        raise msgspec.DecodeError(str(error)) from error
    return entry if isinstance(entry, Message) else Instructions(entry.get("messages", ()))


def join(remembered: Iterable[Entry], messages: tuple[Message, ...]) -> Joined:
    """What a session remembers before a request's own messages.

    A request that itself begins with all that is remembered adds only the rest: some clients send their whole
    conversation each time.
    """
    instructions: tuple[Message, ...] = ()
    said: list[Message] = []
    for entry in remembered:
        if isinstance(entry, Message):
            said.append(entry)
        else:
            instructions = entry.messages
    start = _instructing(messages)
    leading, own = messages[:start], messages[start:]
    before = tuple(said)
    if _same(own, before):
        own = own[len(before) :]
    fresh: tuple[Entry, ...] = own
    if leading and leading != instructions:
        instructions = leading
        fresh = (Instructions(leading), *own)
    return Joined((*instructions, *before, *own), fresh)


def answer_of(choice: Choice) -> Message:
    """A choice of an answer as the message that a client would send back, but that its calls have no ids.

    An id is made by a dialect from `Call.id_bits`; which one, is not known here.
    """
    calls = tuple([ToolCall("", call.name, "".join(call.pieces)) for call in choice.calls])
    return Message("assistant", choice.text, calls=calls)


def written(
    fresh: Sequence[Entry],
    choice: Choice,
    asked: tuple[tuple[Message, ...], int],
    card: ModelCard,
    tokenizer: Tokenizer,
) -> list[Turn]:
    """The turns to remember: what was new in a request, and its answer; with their sizes as prompts are billed.

    `asked` are the whole conversation and its prompt tokens. Texts beyond `EXACT_CHARACTERS` are not counted again but
    take their share of those tokens, so that the work for one request is bounded.
    """
    answer = answer_of(choice)
    overhead = card.tokens_per_message + 1
    lengths = [_length(entry) for entry in fresh]
    if sum(lengths) <= EXACT_CHARACTERS:
        sizes = [_tokens(entry, card, tokenizer) for entry in fresh]
    else:
        conversation, total = asked
        rate = total / max(1, _length(Instructions(conversation)))
        sizes = [overhead + round(length * rate) for length in lengths]
    spoken = overhead + len(choice.pieces) + calls_tokens(answer.calls, tokenizer.count)
    turns = [Turn(_encode(entry), size) for entry, size in zip(fresh, sizes, strict=True)]
    return [*turns, Turn(_encode(answer), spoken)]


def _same(own: Sequence[Message], before: Sequence[Message]) -> bool:
    """Whether messages begin with those that are remembered, calls compared by what is called with what."""
    if len(own) < len(before):
        return False
    return all(mine == theirs or _plain(mine) == _plain(theirs) for mine, theirs in zip(own, before, strict=False))


def _plain(message: Message) -> tuple[Message, tuple[tuple[str, object], ...]]:
    """A message and its calls without what may differ between an answer and its copy: ids, and how JSON is spaced."""
    calls = tuple([(call.name, _arguments(call.arguments)) for call in message.calls])
    return msgspec.structs.replace(message, calls=()), calls


def _arguments(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text


def _instructing(messages: tuple[Message, ...]) -> int:
    """How many messages at the beginning instruct."""
    for place, message in enumerate(messages):
        if message.role not in INSTRUCTING:
            return place
    return len(messages)


def _said(entry: Entry) -> tuple[Message, ...]:
    return (entry,) if isinstance(entry, Message) else entry.messages


def _length(entry: Entry) -> int:
    return sum(
        [
            len(message.text)
            + len(message.name)
            + sum([len(call.arguments) + len(call.name) for call in message.calls])
            for message in _said(entry)
        ]
    )


def _tokens(entry: Entry, card: ModelCard, tokenizer: Tokenizer) -> int:
    alone = Request(Operation.CHAT, card.provider, card.id, _said(entry))
    return prompt_tokens(alone, card, tokenizer) - card.reply_priming
