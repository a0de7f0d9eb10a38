"""The configuration reference, written from the schema: `python -m simulator.config.reference [FILE]`.

Edge: reads the schema's own source, because the meaning of a field is the docstring below it, and writes one
page. A test compares the page in the repository with what this makes.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import NODEFAULT, inspect

from simulator.config import (
    breaker,
    compat,
    failures,
    latency,
    limits,
    load_model,
    recording,
    rules,
    scenarios,
    schema,
    section,
    state,
)
from simulator.config.convert import described
from simulator.config.describe import allowed, structs, tags

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "configuration.md"

INTRODUCTION = """# Configuration

This page is made from the schema by `python -m simulator.config.reference`; do not edit it.

A configuration has four layers, each laid over the one before:

1. the defaults that ship with the product (`config/default.yaml`);
2. a file, given with `--config`: YAML, JSON or TOML, told by its suffix;
3. environment variables that start with `LLM_SIM__`, with `__` between the levels;
4. flags: `--port 9000`, or `--set server.port=9000` for any key.

Mappings merge key by key; lists and single values replace what is beneath. A distribution that is named
replaces the one beneath as a whole. An empty section in a file changes nothing.

`llm-simulator config show` prints every value with the layer it came from. `llm-simulator validate --config
FILE` names every fault with its line, what was found and what is allowed. Unknown keys are faults.

## Environment variables

Keys are matched whatever their case, and values are read as YAML, except where text is wanted: there they are
taken as they stand.

    LLM_SIM__SERVER__PORT=9000
    LLM_SIM__SIMULATION__SEED=null
    LLM_SIM__ADMIN__ALLOWED_IPS='[10.0.0.0/8, 127.0.0.1]'

A model's name may be written with its own signs where the tool that sets the variable allows them, with `_` for
each of them where it does not, or the section may be given as a whole:

    LLM_SIM__PROVIDERS__GPT_4O__LATENCY__TTFT='{distribution: log_normal, p50_ms: 300, p95_ms: 700}'
    LLM_SIM__PROVIDERS='{"*": {latency: {itl: {distribution: constant, value_ms: 10}}}}'

## Keys of flags

`--set` takes a dotted key and a value in YAML. Names with dots need no quotes where the key goes on with a setting,
as in `--set providers.gpt-4.1.enabled=false`; elsewhere they stand in double quotes.

## Which settings a model gets

A key of `providers` is the name of a model (its id or another name of it) or a pattern with `*`, `?` or `[...]`.
The keys that match a model are ordered: its own name, then its other names, then the patterns, those with
most literal characters first; `"*"` comes last. `provider`, `errors`, `response` and each of `ttft`, `itl`,
`prefill_ms_per_token`, `load` and `degradation` come from the first key that gives them, then from the model's card
and the global sections. `enabled` is that of the first key alone. A model that the catalogue does not know and that
is named without a pattern is answered as well, at the pace of a hosted chat model of middle size unless `latency`
says more.
"""

DISTRIBUTIONS = """## Distributions

Wherever a latency is wanted, a mapping with `distribution` and its parameters, in milliseconds:

    ttft: {distribution: log_normal, p50_ms: 800, p95_ms: 1500}
    itl: {distribution: normal, mean_ms: 20, std_dev_ms: 5}
"""


NAME = "<name>"
LINK = "[distribution](#distributions)"

COMMON = {
    "ttft": "Time to the first token.",
    "itl": "Time from one token to the next.",
    "value_ms": "The delay.",
    "mean_ms": "Mean.",
    "std_dev_ms": "Standard deviation.",
    "shape": "Shape parameter, without a unit.",
    "scale_ms": "Scale parameter.",
    "p50_ms": "Half of the draws are below it.",
    "p95_ms": "95 % of the draws are below it.",
    "p99_ms": "99 % of the draws are below it.",
    "min_ms": "No draw is below it.",
    "max_ms": "No draw is above it.",
    "values_ms": "Measured values.",
    "percentiles_ms": "Pairs of percentile (0 to 100) and value, ascending.",
    "components": "The distributions that are mixed.",
}
"""The meaning of parameters that many distributions share."""


DESCRIBED = (
    *(section, compat, rules, failures, breaker, load_model, latency, limits, recording, scenarios, state),
    schema,
)
"""The modules whose docstrings say what keys mean."""


class Words(msgspec.Struct, frozen=True):
    """What the source says of one class: its docstring and those of its fields."""

    text: str
    fields: dict[str, str]


def page() -> str:
    """The whole page."""
    words: dict[str, Words] = {}
    for module in DESCRIBED:
        words |= _words(Path(str(module.__file__)))
    root = described(schema.Config)
    if not isinstance(root, inspect.StructType):
        raise TypeError("the configuration is not a struct")
    distribution = next(field.type for field in next(structs(_latency(root))).fields if field.name == "ttft")
    blocks = [INTRODUCTION, *_section("", root, words, _homes("", root, {})), DISTRIBUTIONS]
    for tag, variant in tags(distribution).items():
        blocks.append(f"### `{tag}`\n\n{words[variant.cls.__name__].text}\n\n{_table(variant, words, tag, {})}")
    return "\n".join(block.rstrip("\n") + "\n" for block in blocks)


def _latency(root: inspect.StructType) -> inspect.Type:
    providers = next(field.type for field in root.fields if field.name == "providers")
    if not isinstance(providers, inspect.DictType):
        raise TypeError("providers is not a mapping")
    settings = next(structs(providers.value_type))
    return next(field.type for field in settings.fields if field.name == "latency")


def _words(source: Path) -> dict[str, Words]:
    """The docstrings of the classes of a module; a field's stands below it, also in a base class of the module."""
    found: dict[str, Words] = {}
    for node in ast.parse(source.read_text("utf-8")).body:
        if not isinstance(node, ast.ClassDef):
            continue
        fields: dict[str, str] = {}
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in found:
                fields |= found[base.id].fields
        for statement, following in zip(node.body, [*node.body[1:], None], strict=True):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                fields[statement.target.id] = _docstring(following)
        found[node.name] = Words(_paragraph(ast.get_docstring(node) or ""), fields)
    return found


def _docstring(statement: ast.stmt | None) -> str:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
        return _paragraph(str(statement.value.value))
    return ""


def _paragraph(text: str) -> str:
    return " ".join(text.split())


def _inside(path: str, kind: inspect.StructType) -> Iterator[tuple[str, inspect.StructType]]:
    """The sections in a section, with their paths; those keyed by names come last."""
    last = []
    for field in kind.fields:
        inner = f"{path}.{field.name}" if path else field.name
        if isinstance(field.type, inspect.DictType):
            last += [(f"{inner}.{NAME}", struct) for struct in structs(field.type.value_type)]
        elif isinstance(field.type, inspect.VarTupleType):
            items = [struct for struct in structs(field.type.item_type) if struct.tag_field is None]
            last += [(f"{inner}[]", struct) for struct in items]
        else:
            yield from [(inner, struct) for struct in structs(field.type) if struct.tag_field is None]
    yield from last


def _homes(path: str, kind: inspect.StructType, homes: dict[type, str]) -> dict[type, str]:
    """Where each section is written out: the first of the places it has."""
    homes.setdefault(kind.cls, path)
    for inner, struct in _inside(path, kind):
        if struct.cls not in homes:
            _homes(inner, struct, homes)
    return homes


def _section(path: str, kind: inspect.StructType, words: dict[str, Words], homes: dict[type, str]) -> Iterator[str]:
    """The blocks of a section and of those inside it that are at home here."""
    table = _table(kind, words, path, homes)
    if path:
        level = min(4, path.replace(NAME, "").strip(".").count(".") + 2)
        yield f"{'#' * level} `{path}`\n\n{words[kind.cls.__name__].text}\n\n{table}"
    else:
        yield f"## Top level\n\n{table}"
    for inner, struct in _inside(path, kind):
        if homes[struct.cls] == inner:
            yield from _section(inner, struct, words, homes)


def _table(kind: inspect.StructType, words: dict[str, Words], path: str, homes: Mapping[type, str]) -> str:
    docs = words[kind.cls.__name__].fields
    rows = []
    for field in kind.fields:
        inner = [struct for struct in structs(field.type) if struct.tag_field is None]
        means = docs.get(field.name, "") or COMMON.get(field.name, "")
        if inner:
            means = means or words[inner[0].cls.__name__].text
            place = f"{path}.{field.name}" if path else field.name
            home = homes[inner[0].cls]
            what = "a section" if home == place else f"a section like `{home}`"
            what += " or null" if len(inner) < _choices(field.type) else ""
            default = "`null`" if field.default is None else ""
        else:
            what, default = _leaf(field)
        rows.append(f"| `{field.encode_name}` | {what} | {default} | {means} |")
    return "\n".join(["| Key | Allowed | Default | Meaning |", "| --- | --- | --- | --- |", *rows])


def _choices(kind: inspect.Type) -> int:
    return len(kind.types) if isinstance(kind, inspect.UnionType) else 1


def _leaf(field: inspect.Field) -> tuple[str, str]:
    """What a key that is no section allows, and its default."""
    if tags(field.type):
        return f"a {LINK} or null", _default(field)
    if isinstance(field.type, inspect.VarTupleType) and tags(field.type.item_type):
        return f"a list of {LINK}s", _default(field)
    return allowed(field.type), _default(field)


def _default(field: inspect.Field) -> str:
    if field.required:
        return "required"
    value = field.default_factory() if field.default is NODEFAULT else field.default
    return f"`{msgspec.json.encode(value).decode()}`"


def main(arguments: list[str]) -> None:
    """Write the page to the file that is named, or to its place in the repository."""
    target = Path(arguments[0]) if arguments else PAGE
    target.write_text(page(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
