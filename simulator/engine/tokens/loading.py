"""Tokenizers by name, each made once a process.

Wiring. Call `load` for every tokenizer that will be needed before the workers fork: their memory is shared then,
and no request pays for the loading.
"""

from simulator.config.catalogue import TokenizerName
from simulator.engine.tokens.base import Tokenizer
from simulator.engine.tokens.bpe import Bpe
from simulator.engine.tokens.estimate import Estimate

_loaded: dict[TokenizerName, Tokenizer] = {}


def load(name: TokenizerName, *, exact: bool = True) -> Tokenizer:
    """The tokenizer of that name, the same object at every call.

    With `exact=False`, and where rs-bpe is not installed (it has no wheel for Python 3.14), it is the estimate,
    which its `name` tells. Raises ValueError for an unknown name.
    """
    if name not in ("o200k", "cl100k", "estimate"):
        raise ValueError(f"unknown tokenizer {name!r}; there are o200k, cl100k and estimate")
    if not exact:
        name = "estimate"
    tokenizer = _loaded.get(name)
    if tokenizer is None:
        tokenizer = _loaded[name] = load("estimate") if name != "estimate" and not _available() else _made(name)
    return tokenizer


def _made(name: TokenizerName) -> Tokenizer:
    if name == "estimate":
        return Estimate()
    from rs_bpe.bpe import openai  # noqa: PLC0415 - only whoever asks for a vocabulary pays for its import

    return Bpe(name, openai.o200k_base() if name == "o200k" else openai.cl100k_base())


def _available() -> bool:
    try:
        import rs_bpe.bpe  # noqa: F401, PLC0415 - the import itself is the question
    except ImportError:
        return False
    return True
