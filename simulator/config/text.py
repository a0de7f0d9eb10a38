"""From the text of a file to a tree with line numbers: YAML, JSON and TOML.

Pure: text in, tree out. It knows nothing of the schema. Hostile text costs bounded work: depth, the
number of values and what aliases repeat are all limited, and no recursion follows the text's own depth.
"""

from typing import Any, NoReturn

import yaml

from simulator.config.faults import ConfigError, Fault, Place, excerpt
from simulator.config.tree import Branch, Leaf, Listing, Node, dotted, moved, planted

MAX_DEPTH = 64
MAX_VALUES = 200_000
"""Most values in one file, with every alias counted as what it repeats."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS: dict[str, object] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"), True),
    **dict.fromkeys(("false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
}
_NUMBER_START = frozenset("0123456789+-.")
_NUMBER = frozenset("0123456789+-._eE")
_LONGEST_NUMBER = 40


def parse(text: str, source: str, kind: str) -> Branch:
    """The tree of a whole file. `kind` is `yaml`, `json` or `toml`; blank text is an empty mapping.

    Raises `ConfigError` with one fault a problem: bad syntax with its line, duplicate keys, a root that is
    not a mapping, more depth or values than the limits.
    """
    if not text.strip():
        return Branch({}, Place(source))
    if kind == "json":
        return _json(text, source)
    if kind == "toml":
        return _toml(text, source)
    return _root(_Builder(source).build(text), source)


def parse_value(text: str, source: str) -> Node:
    """The tree of one value in YAML, as environment variables and `--set` give it. Raises `ConfigError`."""
    return _Builder(source, lines=False).build(text) or Leaf(None, Place(source), "")


def scalar(text: str) -> object:
    """What unquoted YAML text means: null, a boolean, a number, or the text itself."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] in _NUMBER_START and len(text) <= _LONGEST_NUMBER and _NUMBER.issuperset(text):
        for kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
    return text


def _refuse(place: Place, found: str, *, path: str = "", allowed: str = "", hint: str = "") -> NoReturn:
    raise ConfigError([Fault(place, path, found, allowed, hint)])


def _root(node: Node | None, source: str) -> Branch:
    if node is None or (isinstance(node, Leaf) and node.value is None):
        return Branch({}, Place(source))
    if not isinstance(node, Branch):
        kind = "a list" if isinstance(node, Listing) else "a single value"
        _refuse(node.at, f"the file is {kind}", allowed="a mapping of sections, such as server: {port: 8080}")
    return node


class _Frame:
    """A container that is being filled."""

    __slots__ = ("anchor", "at", "before", "entries", "items", "key", "key_at", "merges")

    def __init__(self, at: Place, anchor: str | None, before: int, *, mapping: bool) -> None:
        self.at = at
        self.anchor = anchor
        self.before = before
        self.entries: dict[str, Node] | None = {} if mapping else None
        self.items: list[Node] = []
        self.key: str | None = None
        self.key_at = at
        self.merges: list[tuple[Node, Place]] = []


class _Builder:
    """Builds a tree from YAML's events, with a stack of its own, so that no depth of text can exhaust ours."""

    def __init__(self, source: str, *, lines: bool = True) -> None:
        self._source = source
        self._lines = lines
        self._faults: list[Fault] = []
        self._anchors: dict[str, tuple[Node, int]] = {}
        self._values = 0
        self._stack: list[_Frame] = []
        self._root: Node | None = None

    def build(self, text: str) -> Node | None:
        """The document's root, or None if there is no document."""
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                self._take(event)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            # What is missing at the end is told of the last line, not of the one after it.
            line = min(mark.line, text.rstrip().count("\n")) + 1 if mark is not None and self._lines else None
            place = Place(self._source, line)
            words = ", ".join(part for part in (error.context, error.problem) if part)
            _refuse(place, f"not valid YAML: {words}")
        except yaml.YAMLError as error:
            position = getattr(error, "position", None)
            line = text.count("\n", 0, position) + 1 if isinstance(position, int) and self._lines else None
            reason = getattr(error, "reason", None) or "it cannot be read"
            _refuse(Place(self._source, line), f"not valid YAML: {reason}")
        if self._faults:
            raise ConfigError(self._faults, self._root)
        return self._root

    def _place(self, mark: Any) -> Place:
        return Place(self._source, mark.line + 1 if self._lines else None)

    def _take(self, event: Any) -> None:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            at = self._place(event.start_mark)
            self._add(self._leaf(event, at), event.anchor, 1)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._open(event, self._place(event.start_mark), mapping=kind is yaml.MappingStartEvent)
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._close(self._stack.pop())
        elif kind is yaml.AliasEvent:
            self._repeat(event.anchor, self._place(event.start_mark))
        elif kind is yaml.DocumentStartEvent and self._root is not None:
            _refuse(self._place(event.start_mark), "a second document in the file", allowed="one document")

    def _open(self, event: Any, at: Place, *, mapping: bool) -> None:
        if len(self._stack) >= MAX_DEPTH:
            _refuse(at, f"nested more than {MAX_DEPTH} levels deep")
        if self._stack and self._stack[-1].entries is not None and self._stack[-1].key is None:
            _refuse(at, "a list or mapping as a key", allowed="text")
        self._stack.append(_Frame(at, event.anchor, self._values, mapping=mapping))

    def _repeat(self, anchor: str, at: Place) -> None:
        known = self._anchors.get(anchor)
        if known is None:
            _refuse(at, f"the alias *{anchor[:40]} has no anchor before it")
        self._count(known[1], at)
        self._add(moved(known[0], at), None, known[1])

    def _count(self, values: int, at: Place) -> None:
        self._values += values
        if self._values > MAX_VALUES:
            _refuse(at, f"more than {MAX_VALUES} values, with what aliases repeat")

    def _leaf(self, event: Any, at: Place) -> Leaf:
        self._count(1, at)
        text: str = event.value
        tag: str | None = event.tag
        if tag is not None:
            if tag in ("!", "tag:yaml.org,2002:str"):
                return Leaf(text, at)
            _refuse(at, f"the tag {excerpt(tag)} is not supported", allowed="plain values")
        if event.implicit[0]:
            value = scalar(text)
            return Leaf(value, at, None if value is text else text)
        return Leaf(text, at)

    def _add(self, node: Node, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (node, size)
        if not self._stack:
            self._root = node
            return
        frame = self._stack[-1]
        if frame.entries is None:
            frame.items.append(node)
        elif frame.key is None:
            self._key(frame, node)
        else:
            if frame.key == "<<":
                frame.merges.append((node, frame.key_at))
            else:
                frame.entries[frame.key] = moved(node, frame.key_at)
            frame.key = None

    def _key(self, frame: _Frame, node: Node) -> None:
        if not isinstance(node, Leaf):
            _refuse(node.at, "a list or mapping as a key", allowed="text")
        key = node.text if node.text is not None else str(node.value)
        frame.key, frame.key_at = key, node.at
        assert frame.entries is not None  # noqa: S101 - the caller looked
        if key in frame.entries:
            path = [outer.key for outer in self._stack if outer.key is not None]
            first = frame.entries[key].at
            where = f" (first on line {first.line})" if first.line is not None else ""
            self._faults.append(Fault(node.at, dotted(path), f"the key is there twice{where}"))

    def _close(self, frame: _Frame) -> None:
        if frame.entries is None:
            self._add(Listing(frame.items, frame.at), frame.anchor, self._values - frame.before + 1)
            return
        for node, at in frame.merges:
            sources = node.items if isinstance(node, Listing) else [node]
            for merged in sources:
                if not isinstance(merged, Branch):
                    _refuse(at, "<< merges something that is not a mapping", allowed="an alias of a mapping")
                self._count(len(merged.entries), at)
                for key, child in merged.entries.items():
                    frame.entries.setdefault(key, child)
        self._add(Branch(frame.entries, frame.at), frame.anchor, self._values - frame.before + 1)


def _json(text: str, source: str) -> Branch:
    import json  # noqa: PLC0415 - few files are JSON

    duplicate: ValueError | None = None
    try:
        value = json.loads(text, parse_constant=_not_json, parse_int=_whole, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        _refuse(Place(source, error.lineno), f"not valid JSON: {error.msg} (column {error.colno})")
    except ValueError as error:
        duplicate = error if isinstance(error, _DuplicateKeyError) else None
        if duplicate is None:
            _refuse(Place(source), f"not valid JSON: {error}")
        value = None
    except RecursionError:
        _refuse(Place(source), f"nested more than {MAX_DEPTH} levels deep")
    # JSON is nearly YAML: where the YAML parser reads the file too, it gives the lines and finds
    # duplicate keys; where it does not (surrogate pairs, very long keys), the values stand without lines.
    try:
        tree = _Builder(source).build(text)
    except ConfigError as error:
        if not all(fault.found.startswith("not valid YAML") for fault in error.faults):
            raise
        if duplicate is not None:
            _refuse(Place(source), str(duplicate))
        tree = _planted(value, source)
    return _root(tree, source)


class _DuplicateKeyError(ValueError):
    """A key that is twice in one JSON object."""


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _DuplicateKeyError(f"the key {excerpt(next(key for key in keys if keys.count(key) > 1))} is there twice")
    return values


def _whole(digits: str) -> object:
    # Python refuses to read integers of thousands of digits; the walker refuses such text in its own words.
    return int(digits) if len(digits) <= _LONGEST_NUMBER else digits


def _planted(value: object, source: str) -> Node:
    try:
        return planted(value, Place(source))
    except RecursionError:
        _refuse(Place(source), f"nested more than {MAX_DEPTH} levels deep")


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _toml(text: str, source: str) -> Branch:
    import tomllib  # noqa: PLC0415 - few files are TOML, and it costs milliseconds

    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        import re  # noqa: PLC0415 - see above

        match = re.search(r"\(at (?:line (\d+), column \d+|end of document)\)", str(error))
        words = str(error).replace(match.group(), "").strip() if match else str(error)
        line = match.group(1) if match else None
        last = text.rstrip().count("\n") + 1
        _refuse(Place(source, int(line) if line else last), f"not valid TOML: {words}")
    except ValueError as error:
        _refuse(Place(source), f"not valid TOML: {error}")
    except RecursionError:
        _refuse(Place(source), f"nested more than {MAX_DEPTH} levels deep")
    lines = _toml_lines(text)
    return _root(_with_lines(_planted(value, source), source, lines, ()), source)


def _toml_lines(text: str) -> dict[tuple[str, ...], int]:
    """The line of each key, by a scan for headers and assignments; a value's inner lines may be missed."""
    import tomllib  # noqa: PLC0415 - as above

    lines: dict[tuple[str, ...], int] = {}
    section: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        header = line.strip().startswith("[")
        name = line if header else line.partition("=")[0] + "= 0"
        try:
            nested: object = tomllib.loads(name)
        except (tomllib.TOMLDecodeError, RecursionError):
            continue
        keys: list[str] = []
        while nested:
            nested = nested[0] if isinstance(nested, list) else nested
            if not isinstance(nested, dict) or not nested:
                break
            key, nested = next(iter(nested.items()))
            keys.append(key)
        path = tuple(keys) if header else (*section, *keys)
        if header:
            section = path
        for end in range(1, len(path) + 1):
            lines.setdefault(path[:end], number)
    return lines


def _with_lines(node: Node, source: str, lines: dict[tuple[str, ...], int], path: tuple[str, ...]) -> Node:
    at = Place(source, lines.get(path)) if path else node.at
    if isinstance(node, Branch):
        entries = {key: _with_lines(child, source, lines, (*path, key)) for key, child in node.entries.items()}
        return Branch(entries, at)
    return moved(node, at)
