"""JSON text as a model writes it, and its tokens. Pure."""

import json

from simulator.engine.tokens.base import Tokenizer


def json_text(value: object) -> str:
    """A value as compact JSON, characters beyond ASCII as they are: `{"city":"東京"}`."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def pieces_of(text: str, tokenizer: Tokenizer) -> tuple[str, ...]:
    """JSON text in order, a token each; together exactly the text."""
    return tuple(tokenizer.pieces(text))
