"""Token counts: the tokenizers, and what a whole prompt costs."""

from simulator.engine.tokens.base import Tokenizer
from simulator.engine.tokens.loading import load
from simulator.engine.tokens.prompt import prompt_tokens

__all__ = ["Tokenizer", "load", "prompt_tokens"]
