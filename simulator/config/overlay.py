"""The layers that are not files: environment variables and flags, as trees.

Pure: it is given the environment's mapping and the flags' values. The schema decides where a name points
to, so that model names with dots need no quotes and text needs none either.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import inspect

from simulator.config.describe import structs
from simulator.config.faults import ConfigError, Fault, Place, listed
from simulator.config.text import parse_value, scalar
from simulator.config.tree import Branch, Keys, Leaf, Node, dotted, merge, planted, split

PREFIX = "LLM_SIM__"


class Flag(msgspec.Struct, frozen=True):
    """A flag's value with the flag's name; with `yaml` it is text to be read like a value in a YAML file."""

    name: str
    value: object
    yaml: bool = False


def from_environment(environ: Mapping[str, str], root: inspect.Type, names: Iterable[str] = ()) -> Branch:
    """The tree of the variables that start with `LLM_SIM__`, `__` between levels, whatever their case.

    `names` are the keys that a mapping of names (`providers`) may mean: a shell cannot write `gpt-4.1` in a
    variable's name, so `GPT_4_1` finds it. Raises `ConfigError` with every fault.
    """
    found = [(name, value) for name, value in environ.items() if name.upper().startswith(PREFIX)]
    if not found:
        return Branch({}, Place(""))
    # A whole section first, so that a variable for one of its keys is laid over it.
    found.sort(key=lambda item: (item[0].count("__"), item[0]))
    settings = [
        (f"environment {name}", name[len(PREFIX) :].split("__"), Flag(name, value, yaml=True)) for name, value in found
    ]
    return _layer(settings, root, names)


def from_flags(flags: Mapping[str, object], root: inspect.Type) -> Branch:
    """The tree of values by dotted key; later ones are laid over earlier ones. Raises `ConfigError`."""
    settings: list[tuple[str, list[str], Flag]] = []
    faults = []
    for key, value in flags.items():
        flag = value if isinstance(value, Flag) else Flag("--" + key.rpartition(".")[2], value)
        try:
            settings.append((f"flag {flag.name}", split(key), flag))
        except ValueError as error:
            faults.append(Fault(Place(f"flag {flag.name}"), "", str(error)))
    if faults:
        raise ConfigError(faults)
    return _layer(settings, root, None)


def _layer(
    settings: Sequence[tuple[str, Sequence[str], Flag]], root: inspect.Type, names: Iterable[str] | None
) -> Branch:
    layer: Node = Branch({}, Place(""))
    faults: list[Fault] = []
    by_word: dict[str, set[str]] = {}
    for name in names or ():
        by_word.setdefault(_word(name), set()).add(name)
    for source, keys, flag in settings:
        try:
            path, kind = _locate(keys, root, Place(source), None if names is None else by_word)
            node = _read(str(flag.value), source, kind) if flag.yaml else planted(flag.value, Place(source))
            for key in reversed(path):
                node = Branch({key: node}, Place(source))
            layer = merge(layer, node, keep_distribution=True)
        except ConfigError as error:
            faults += error.faults
    if faults:
        raise ConfigError(faults)
    assert isinstance(layer, Branch)  # noqa: S101 - merging mappings gives a mapping
    return layer


def _read(text: str, source: str, kind: inspect.Type | None) -> Node:
    """Where the schema wants text, it is taken as it stands; anything else is read as YAML."""
    kinds = kind.types if isinstance(kind, inspect.UnionType) else (kind,)
    if all(isinstance(one, inspect.StrType | inspect.NoneType | inspect.LiteralType) for one in kinds):
        return Leaf(scalar(text), Place(source), text)
    return parse_value(text, source)


def _word(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower())


def _locate(
    keys: Sequence[str], root: inspect.Type, place: Place, by_word: Mapping[str, set[str]] | None
) -> tuple[Keys, inspect.Type | None]:
    """The keys as the schema spells them, and the type that is wanted there (None if it knows no such key).

    With `by_word` (variables) keys are matched whatever their case and a name is one key; without it
    (dotted flags) a name may take several, up to the next key that belongs to its settings.
    """
    path: list[str] = []
    kind: inspect.Type | None = root
    rest = list(keys)
    while rest:
        fields = _fields(kind)
        if isinstance(kind, inspect.DictType):
            if by_word is not None:
                path.append(_name(rest.pop(0), by_word, place, path))
            else:
                inner = _fields(kind.value_type)
                end = next((i for i in range(1, len(rest)) if rest[i] in inner), len(rest))
                path.append(".".join(rest[:end]))
                del rest[:end]
            kind = kind.value_type
            continue
        key = rest.pop(0)
        spelled = key if key in fields or by_word is None else key.lower()
        path.append(spelled)
        kind = fields.get(spelled)
    return tuple(path), kind


def _fields(kind: inspect.Type | None) -> dict[str, Any]:
    if kind is None:
        return {}
    found: dict[str, Any] = {}
    for variant in structs(kind):
        for field in variant.fields:
            found.setdefault(field.encode_name, field.type)
        if variant.tag_field is not None:
            found[variant.tag_field] = inspect.StrType()
    return found


def _name(key: str, by_word: Mapping[str, set[str]], place: Place, path: Sequence[str]) -> str:
    matches = by_word.get(_word(key), set())
    exact = [name for name in matches if name.lower() == key.lower()]
    if exact:
        return key if key in exact else exact[0]
    if len(matches) > 1:
        names = listed(sorted(matches))
        hint = f"give the section as a whole: {PREFIX}{dotted(path).upper()}='{{name: ...}}'"
        raise ConfigError([Fault(place, dotted(path), f'"{key}" may mean {names}', hint=hint)])
    if matches:
        return next(iter(matches))
    return key.lower() if key.isupper() else key
