"""A fitted latency as a configuration that `serve` takes. Pure; the text is checked by the product's own loader.

The text says how it was made and nothing of when or where, so that the same trace gives the same bytes.
"""

import json
import textwrap
from collections.abc import Iterator
from typing import Any

import msgspec

from simulator.config import latency as config
from simulator.config.catalogue import load_catalogue
from simulator.config.files import read_tree
from simulator.config.load import effective
from simulator.config.shipped import shipped
from simulator.config.text import parse
from simulator.config.tree import Branch, merge
from simulator.fitting.choose import Choice
from simulator.fitting.fit import Fitted, Profile

_WIDTH = 110
_TIE = "\xa0"


def written(fitted: Fitted) -> str:
    """The configuration as YAML. Raises `ConfigError` where the loader would not take it."""
    text = "\n".join(_lines(fitted)) + "\n"
    check(text)
    return text


def check(text: str) -> config.Latency | None:
    """The latency of the first provider in a configuration's text. Raises `ConfigError` for one that is not valid."""
    tree = merge(read_tree(shipped() / "default.yaml", "default"), parse(text, "the fitted profile", "yaml"))
    assert isinstance(tree, Branch)  # noqa: S101 - merging mappings gives a mapping
    found, _ = effective(tree, load_catalogue(), 0, scenarios=False)
    return next((provider.latency for provider in found.providers.values()), None)


def _lines(fitted: Fitted) -> Iterator[str]:
    # A file may have any name; a comment must stay one line.
    name = fitted.source if fitted.source.isprintable() else ascii(fitted.source)
    yield f"# Made by `llm-simulator fit` from {name}: {fitted.requests:,} requests."
    yield "# p-values are optimistic: the parameters come from the same values."
    yield "providers:"
    for profile in fitted.profiles:
        yield f"  {json.dumps(profile.key, ensure_ascii=False)}:"
        yield "    latency:"
        yield from _profile(profile)


def _profile(profile: Profile) -> Iterator[str]:
    for part, choice in (("ttft", profile.ttft), ("itl", profile.itl)):
        if choice is not None:
            yield f"      # {_how(choice)}"
            yield from _distribution(part, choice.spec)
    if profile.prefill.ms_per_token:
        yield f"      # The slope of TTFT over uncached prompt tokens of {profile.prefill.requests:,} requests."
        yield f"      prefill_ms_per_token: {profile.prefill.ms_per_token}"


def _how(choice: Choice) -> str:
    best = choice.best
    if best.ks_d is None or best.ks_p is None:
        return f"{choice.size:,} values; {choice.why}."
    return f"{choice.size:,} values; {choice.why}; KS distance {best.ks_d:.4f}, p {best.ks_p:.3g}."


def _distribution(part: str, spec: config.Distribution) -> Iterator[str]:
    """The lines of a distribution, in flow style, long ones folded."""
    flow = f"{part}: {_flow(plain(spec))}"
    folded = textwrap.wrap(
        flow,
        _WIDTH,
        initial_indent=" " * 6,
        subsequent_indent=" " * 8,
        break_long_words=False,
        break_on_hyphens=False,
    )
    yield from (line.replace(_TIE, " ") for line in folded)


def plain(spec: config.Distribution) -> dict[str, Any]:
    """The keys that a distribution gives, as plain values, its name first."""
    values: dict[str, Any] = msgspec.to_builtins(spec)
    given = {key: value for key, value in values.items() if value is not None}
    if isinstance(spec, config.Mixture):
        given["components"] = [plain(component) for component in spec.components]
    return {"distribution": given.pop("distribution"), **given}


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        if len(value) == 2 and all(isinstance(each, float) for each in value):
            # A pair of a table stays on one line: folding breaks at spaces, and this is none to it.
            return f"[{_number(value[0])},{_TIE}{_number(value[1])}]"
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """A number as YAML 1.1 reads it back: an exponent needs a point before it and a sign."""
    text = repr(value)
    if text.endswith(".0"):
        return text[:-2]
    if "e" in text and "." not in text:
        text = text.replace("e", ".0e")
    return text
