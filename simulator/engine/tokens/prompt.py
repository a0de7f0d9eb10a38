"""What a prompt costs: a request's input tokens, as its provider would bill them.

Pure. For a conversation, the rule that OpenAI publishes ("How to count tokens with tiktoken"): every message adds
`tokens_per_message` and the tokens of its role, text and name (a name adds `tokens_per_name`), and the reply is
primed with `reply_priming`. So `Hello` from a user costs 3 + 1 + 1 + 3 = 8 tokens with gpt-4o.
"""

from collections.abc import Callable
from typing import Final

from simulator.config.catalogue import ModelCard
from simulator.engine.request import Request
from simulator.engine.tokens.base import Tokenizer
from simulator.engine.tokens.bounded import EXACT_CHARACTERS
from simulator.engine.tokens.tools import calls_tokens, definitions_tokens, schema_tokens

_ROLES: Final = frozenset({"user", "assistant", "system", "developer", "tool", "function", "model"})
_role_tokens: dict[tuple[str, str], int] = {}


def prompt_tokens(request: Request, card: ModelCard, tokenizer: Tokenizer) -> int:
    """The input tokens of `request`.

    Messages by the rule above; tools, calls and the schema of a structured answer by `tools`; parts by the price
    they carry. Prompts and inputs are counted plainly, inputs given as token ids by their number. Once a request
    has had `EXACT_CHARACTERS` counted, the rest of its texts is taken at the rate of tokens a character up to
    there, so that no request costs more than a bounded time however many texts it has.
    """
    count = tokenizer.count if _small(request) else _Meter(tokenizer.count).count
    total = 0
    if request.messages:
        total = card.reply_priming
        each = card.tokens_per_message
        name = tokenizer.name
        for message in request.messages:
            role = message.role
            tokens = _role_tokens.get((name, role))
            total += each + (_role(name, role, count) if tokens is None else tokens) + count(message.text)
            if message.name:
                total += card.tokens_per_name + count(message.name)
            if message.parts:
                total += sum(part.tokens for part in message.parts)
            if message.calls:
                total += calls_tokens(message.calls, count)
    if request.tools:
        total += definitions_tokens(request.tools, tokenizer.name, count)
    if request.format.schema:
        total += schema_tokens(request.format.schema, count)
    if request.inputs:
        total += _inputs(request, count)
    return total


def _small(request: Request) -> bool:
    """Whether the texts are certain to be fewer than `EXACT_CHARACTERS`, found without looking into schemas."""
    if request.tools or request.inputs or request.format.schema:
        return False
    size = 0
    for message in request.messages:
        if message.calls:
            return False
        size += len(message.text) + len(message.name) + len(message.role)
    return size <= EXACT_CHARACTERS


def _role(tokenizer: str, role: str, count: Callable[[str], int]) -> int:
    tokens = count(role)
    if role in _ROLES:  # a client may invent roles without end; the usual ones are remembered
        _role_tokens[tokenizer, role] = tokens
    return tokens


def _inputs(request: Request, count: Callable[[str], int]) -> int:
    if not request.token_inputs:
        return sum(map(count, request.inputs))
    return sum(len(ids) or count(text) for text, ids in zip(request.inputs, request.token_inputs, strict=True))


class _Meter:
    """Counts until `EXACT_CHARACTERS` are spent, then goes on at the rate found so far.

    The text that crosses the limit is still counted, within the tokenizer's own bound, so the rate is known.
    """

    __slots__ = ("_characters", "_count", "_tokens")

    def __init__(self, count: Callable[[str], int]) -> None:
        self._count = count
        self._characters = 0
        self._tokens = 0

    def count(self, text: str) -> int:
        if self._characters > EXACT_CHARACTERS:
            return round(len(text) * self._tokens / self._characters)
        tokens = self._count(text)
        self._characters += len(text)
        self._tokens += tokens
        return tokens
