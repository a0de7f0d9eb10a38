"""What chat and generate share in a request: options, thinking, format, pictures. Pure.

Options are checked as the server does: those it does not know are passed over, one of a wrong type is refused.
"""

import binascii
import re
from typing import Any, Final

import msgspec

from simulator.engine.request import TEXT_FORMAT, Format, Part, Sampling
from simulator.providers.decode import plain_json, quote
from simulator.providers.ollama.library import THINKING, lacks
from simulator.providers.ollama.schema import Asking, Free, KeepAlive
from simulator.providers.ollama.wording import invalid, wording

_INTEGERS = frozenset({
    "num_keep", "seed", "num_predict", "top_k", "repeat_last_n", "mirostat", "num_ctx", "num_batch", "num_gpu",
    "main_gpu", "num_thread",
})  # fmt: skip
_FLOATS = frozenset({
    "top_p", "min_p", "typical_p", "tfs_z", "temperature", "repeat_penalty", "presence_penalty", "frequency_penalty",
    "mirostat_tau", "mirostat_eta",
})  # fmt: skip
_BOOLEANS = frozenset({"use_mmap", "use_mlock", "numa", "low_vram", "f16_kv", "penalize_newline"})
_STEERING = (
    "min_p",
    "mirostat",
    "mirostat_eta",
    "mirostat_tau",
    "repeat_last_n",
    "repeat_penalty",
    "typical_p",
    "tfs_z",
)
"""Options that would change a real model's answer and have no place of their own in a request."""

MOST_PREDICTED: Final = 8_192
"""A `num_predict` beyond this is as none: the smallest window of the shipped models, and far beyond any answer. The
server takes any number, where the engine refuses one that is beyond the model."""
IMAGE_TOKENS: Final = 576
"""An estimate for a picture, whose size is not looked at: LLaVA's 24 by 24 patches."""
THINKING_TOKENS: Final = {"low": 100, "medium": 300, "high": 800, "max": 1_600}
_WANTED = '(must be "high", "medium", "low", "max", true, or false)'

_DURATION = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|ms|s|m|h)")
_ZERO = re.compile(r"[-+]?(?:0(?:\.0*)?(?:ns|us|µs|ms|s|m|h))+|[-+]?0")
_ALPHABET = re.compile(r"[A-Za-z0-9+/\r\n]*")


class Options(msgspec.Struct, frozen=True):
    """The options of a request, checked."""

    sampling: Sampling
    max_tokens: int | None
    stop: tuple[str, ...]
    extra: tuple[str, ...]


NO_OPTIONS = Options(Sampling(), None, (), ())


def options_of(given: Free | None) -> Options:
    """The options in the one shape. Raises `Refusal` for one of a wrong type."""
    if not given:
        return NO_OPTIONS
    values = {name: _checked(name, value) for name, value in given.items() if value is not None}
    predicted = values.get("num_predict")
    return Options(
        Sampling(
            temperature=values.get("temperature"),
            top_p=values.get("top_p"),
            top_k=values.get("top_k"),
            frequency_penalty=values.get("frequency_penalty"),
            presence_penalty=values.get("presence_penalty"),
            seed=values.get("seed"),
        ),
        predicted if predicted is not None and 0 < predicted <= MOST_PREDICTED else None,
        tuple([text for text in values.get("stop", ()) if text]),
        tuple([f"{name}={values[name]}" for name in _STEERING if name in values]),
    )


def _checked(name: str, value: Any) -> Any:
    if name in _INTEGERS:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) >= 2**63:
            raise _wrong(name, "integer")
        return int(value)
    if name in _FLOATS:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or abs(value) > 3.4e38:
            raise _wrong(name, "float32")
        return float(value)
    if name in _BOOLEANS and not isinstance(value, bool):
        raise _wrong(name, "boolean")
    if name == "stop":
        if not isinstance(value, list):
            raise _wrong(name, "array")
        if not all(isinstance(text, str) for text in value):
            raise _wrong(name, "an array of strings")
    return value


def _wrong(name: str, kind: str) -> Exception:
    return invalid(f'option "{name}" must be of type {kind}', f"options.{name}")


def format_of(given: Free | str | None) -> Format:
    """The form of the answer. Raises `Refusal` for what is no form."""
    if given is None or given == "":
        return TEXT_FORMAT
    if given == "json":
        return Format("json_object")
    if isinstance(given, str):
        raise invalid(
            f'invalid format: "\\"{quote(given)}\\""; expected "json" or a valid JSON Schema object', "format"
        )
    plain_json(given, ("format",), wording("ChatRequest"))
    return Format("json_schema", given)


def reasoning_of(given: Asking) -> int | None:
    """About how many tokens are thought first; None leaves it to the model. Raises `Refusal`."""
    think = given.think
    if isinstance(think, str) and think not in THINKING_TOKENS:
        raise invalid(f'invalid think value: "{quote(think)}" {_WANTED}', "think")
    if think is None:
        return None
    if think is False:
        return 0
    if lacks(given.model or "", THINKING):
        raise invalid(f'"{given.model}" does not support thinking', "think")
    return THINKING_TOKENS["medium" if think is True else str(think)]


def unloads(keep_alive: KeepAlive) -> bool:
    """Whether a model shall be unloaded at once. Raises `Refusal` for what is no time."""
    if isinstance(keep_alive, str):
        if _ZERO.fullmatch(keep_alive):
            return True
        if not keep_alive or _DURATION.sub("", keep_alive):
            raise invalid(f'time: invalid duration "{quote(keep_alive)}"', "keep_alive")
        return False
    return keep_alive == 0


def pictures(given: list[str] | None) -> tuple[Part, ...]:
    """Pictures in base64, as parts. Raises `Refusal` for what is not base64."""
    parts: list[Part] = []
    for image in given or ():
        try:
            binascii.a2b_base64(image, strict_mode=False)
            whole = _ALPHABET.fullmatch(image.rstrip("=")) is not None
        except (binascii.Error, ValueError):
            whole = False
        if not whole:
            good = _ALPHABET.match(image)
            at = good.end() if good is not None else 0
            raise invalid(f"illegal base64 data at input byte {at}", "images")
        parts.append(Part("image", image, IMAGE_TOKENS))
    return tuple(parts)


def refuse_logprobs(given: Asking) -> None:
    """Refuse what is not made here, and what the server refuses of it."""
    if given.top_logprobs is not None and not 0 <= given.top_logprobs <= 20:
        raise invalid("top_logprobs must be between 0 and 20", "top_logprobs")
    if given.logprobs:
        raise invalid("logprobs are not given by this version of LLM-Simulator", "logprobs")
