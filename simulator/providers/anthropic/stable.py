"""Free JSON as text that does not depend on the order of keys. Pure.

Parts of a body that no type describes (a tool's input, a schema, what a provider's tool returned) reach the digest of a
request in this form.
"""

from typing import Any

import msgspec

from simulator.providers.anthropic.wording import invalid

_encode = msgspec.json.Encoder(order="sorted").encode


def stable(value: Any, where: str) -> str:
    """The JSON of a decoded value, keys sorted, no spaces.

    Raises Refusal for what cannot be written as JSON again. `where` names the field.
    """
    try:
        return _encode(value).decode()
    except (OverflowError, ValueError, RecursionError, TypeError, msgspec.MsgspecError):
        raise invalid(where, "Input cannot be written as JSON") from None


def estimate(text: str) -> int:
    """Tokens of a text that no tokenizer counts: four characters each, rounded up."""
    return (len(text) + 3) // 4
