"""From a schema as decoded JSON to nodes. Pure.

JSON Schema from draft 4 to 2020-12 and OpenAPI 3.0's dialect of it, whichever is sent: `nullable`, upper-case types
as Gemini has them, `exclusiveMinimum` as a boolean, `items` as a list, `dependencies`, `definitions`. An unknown
keyword is an annotation, as the specification says; a known one with a value of the wrong kind is refused.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Final

from simulator.engine.content.structured.document import Document, escaped
from simulator.engine.content.structured.equality import key
from simulator.engine.content.structured.errors import UnsupportedSchema
from simulator.engine.content.structured.formats import LIMITS, known
from simulator.engine.content.structured.node import ANY, Condition, Contained, Node, Rule
from simulator.engine.content.structured.regex import Matcher, PatternProblem, parse

MOST_NODES: Final = 5_000
MOST_COUNT: Final = 1 << 53

_TYPES: Final = {name: frozenset({name}) for name in ANY} | {"number": frozenset({"number", "integer"}), "any": ANY}

Free = Mapping[str, object]


class Reader:
    """Reads one document; a subschema that several references name becomes one node."""

    def __init__(self, root: object) -> None:
        self._document = Document(root)
        self.nodes: dict[str, Node] = {}

    def read(self, schema: object, path: str = "#") -> Node:
        """The node of the subschema at `path`, with all that it leads to. Raises UnsupportedSchema."""
        waiting = [(self._node(path), schema, path)]
        self._waiting = waiting
        root = waiting[0][0]
        while waiting:
            node, part, where = waiting.pop()
            if isinstance(part, bool):
                node.never = not part
            elif isinstance(part, dict):
                self._fill(node, part, where)
            else:
                raise UnsupportedSchema(where, "a schema is an object or a boolean")
        return root

    def _node(self, path: str) -> Node:
        if len(self.nodes) >= MOST_NODES:
            raise UnsupportedSchema("#", f"a schema has at most {MOST_NODES} subschemas")
        node = self.nodes[path] = Node(path)
        return node

    def _at(self, schema: object, path: str) -> Node:
        node = self.nodes.get(path)
        if node is None:
            node = self._node(path)
            self._waiting.append((node, schema, path))
        return node

    def _fill(self, node: Node, schema: Free, path: str) -> None:
        node.title = text if isinstance(text := schema.get("title"), str) else ""
        node.description = text if isinstance(text := schema.get("description"), str) else ""
        examples = schema.get("examples")
        node.samples = (
            *([schema["default"]] if "default" in schema else ()),
            *(examples if isinstance(examples, list) else ()),
            *([schema["example"]] if "example" in schema else ()),
        )
        self._applied(node, schema, path)
        self._type(node, schema, path)
        self._number(node, schema, path)
        self._string(node, schema, path)
        self._array(node, schema, path)
        self._object(node, schema, path)

    def _type(self, node: Node, schema: Free, path: str) -> None:
        given = schema.get("type")
        if given is not None:
            types: frozenset[str] = frozenset()
            for name in given if isinstance(given, list) else [given]:
                if not isinstance(name, str) or name.lower() not in _TYPES:
                    raise UnsupportedSchema(f"{path}/type", f"{str(name)[:80]!r} is not a type of JSON")
                types |= _TYPES[name.lower()]
            node.types = types
        if "enum" in schema:
            values = schema["enum"]
            if not isinstance(values, list):
                raise UnsupportedSchema(f"{path}/enum", "it is a list of values")
            node.values = tuple(values)
        if "const" in schema:
            constant = schema["const"]
            allowed = node.values is None or key(constant) in {key(value) for value in node.values}
            node.values = (constant,) if allowed else ()
        if schema.get("nullable") is True:
            node.types |= {"null"}
            if node.values is not None and None not in node.values:
                node.values = (*node.values, None)
        if node.values is not None:
            node.keys = frozenset([key(value) for value in node.values])

    def _number(self, node: Node, schema: Free, path: str) -> None:
        low, high = _exact(schema, "minimum", path), _exact(schema, "maximum", path)
        for name in ("exclusiveMinimum", "exclusiveMaximum"):
            given = schema.get(name)
            is_low = name == "exclusiveMinimum"
            if given is True:
                node.open_low, node.open_high = node.open_low or is_low, node.open_high or not is_low
            elif given is not None and given is not False:
                bound = _exact(schema, name, path) or Fraction(0)
                if is_low and (low is None or bound >= low):
                    low, node.open_low = bound, True
                elif not is_low and (high is None or bound <= high):
                    high, node.open_high = bound, True
        form = schema.get("format")
        if isinstance(form, str) and form in LIMITS:
            least, most = LIMITS[form]
            low = Fraction(least) if low is None else low
            high = Fraction(most) if high is None else high
        node.low, node.high = low, high
        step = _exact(schema, "multipleOf", path)
        if step is not None:
            if step <= 0:
                raise UnsupportedSchema(f"{path}/multipleOf", "it is greater than 0")
            node.steps = (step,)

    def _string(self, node: Node, schema: Free, path: str) -> None:
        node.shortest = _count(schema, "minLength", path) or 0
        node.longest = _count(schema, "maxLength", path)
        if "pattern" in schema:
            node.rules = (_rule(schema["pattern"], f"{path}/pattern"),)
        form = schema.get("format", schema.get("contentEncoding"))
        if isinstance(form, str) and known(form):
            node.formats = (form,)

    def _array(self, node: Node, schema: Free, path: str) -> None:
        items, prefix = schema.get("items"), schema.get("prefixItems")
        if isinstance(items, list):
            node.prefix = self._several(schema, "items", path)
            node.rest = self._one(schema, "additionalItems", path)
        else:
            node.prefix = self._several(schema, "prefixItems", path) if prefix is not None else ()
            node.rest = self._one(schema, "items", path)
        node.spare_items = self._one(schema, "unevaluatedItems", path)
        node.fewest_items = _count(schema, "minItems", path) or 0
        node.most_items = _count(schema, "maxItems", path)
        node.unique = schema.get("uniqueItems") is True
        inner = self._one(schema, "contains", path)
        if inner is not None:
            least = _count(schema, "minContains", path)
            node.contained = (Contained(inner, 1 if least is None else least, _count(schema, "maxContains", path)),)

    def _object(self, node: Node, schema: Free, path: str) -> None:
        node.properties = self._named(schema, "properties", path)
        patterns = self._named(schema, "patternProperties", path)
        node.matched = tuple([(_rule(text, f"{path}/patternProperties"), each) for text, each in patterns.items()])
        node.extra = self._one(schema, "additionalProperties", path)
        node.spare = self._one(schema, "unevaluatedProperties", path)
        node.names = self._one(schema, "propertyNames", path)
        required = schema.get("required")
        if isinstance(required, list):
            node.required = _names(required, f"{path}/required")
        elif not isinstance(required, bool | None):  # draft 3 and some dialects mark a property itself
            raise UnsupportedSchema(f"{path}/required", "it is a list of names")
        node.fewest = _count(schema, "minProperties", path) or 0
        node.most = _count(schema, "maxProperties", path)
        for keyword in ("dependentRequired", "dependentSchemas", "dependencies"):
            given = schema.get(keyword)
            if given is None:
                continue
            if not isinstance(given, dict):
                raise UnsupportedSchema(f"{path}/{keyword}", "it is an object")
            for name, value in given.items():
                where = f"{path}/{keyword}/{escaped(name)}"
                if keyword != "dependentSchemas" and isinstance(value, list):
                    node.needs[name] = _names(value, where)
                elif keyword == "dependentRequired":
                    raise UnsupportedSchema(where, "it is a list of names")
                else:
                    node.implied[name] = self._at(value, where)

    def _applied(self, node: Node, schema: Free, path: str) -> None:
        together = list(self._several(schema, "allOf", path)) if "allOf" in schema else []
        for keyword in ("$ref", "$dynamicRef"):
            reference = schema.get(keyword)
            if reference is not None:
                if not isinstance(reference, str):
                    raise UnsupportedSchema(f"{path}/{keyword}", "it is a string")
                together.append(self._at(*self._document.find(reference, f"{path}/{keyword}")))
        node.together = tuple(together)
        if "anyOf" in schema:
            node.choices = (self._several(schema, "anyOf", path),)
        if "oneOf" in schema:
            node.ones = (self._several(schema, "oneOf", path),)
        refused = self._one(schema, "not", path)
        node.refused = () if refused is None else (refused,)
        test = self._one(schema, "if", path)
        if test is not None:
            node.conditions = (Condition(test, self._one(schema, "then", path), self._one(schema, "else", path)),)

    def _one(self, schema: Free, keyword: str, path: str) -> Node | None:
        return self._at(schema[keyword], f"{path}/{keyword}") if keyword in schema else None

    def _several(self, schema: Free, keyword: str, path: str) -> tuple[Node, ...]:
        given = schema[keyword]
        if not isinstance(given, list) or (not given and keyword in {"anyOf", "oneOf"}):
            raise UnsupportedSchema(f"{path}/{keyword}", "it is a list of schemas")
        return tuple([self._at(each, f"{path}/{keyword}/{place}") for place, each in enumerate(given)])

    def _named(self, schema: Free, keyword: str, path: str) -> dict[str, Node]:
        given = schema.get(keyword)
        if given is None:
            return {}
        if not isinstance(given, dict):
            raise UnsupportedSchema(f"{path}/{keyword}", "it is an object of schemas")
        return {name: self._at(each, f"{path}/{keyword}/{escaped(name)}") for name, each in given.items()}


def _rule(text: object, path: str) -> Rule:
    if not isinstance(text, str):
        raise UnsupportedSchema(path, "it is a string")
    try:
        pattern = parse(text)
    except PatternProblem as problem:
        raise UnsupportedSchema(path, f"the pattern {text[:120]!r} is not understood: {problem}") from None
    return Rule(pattern, Matcher(pattern))


def _exact(schema: Free, keyword: str, path: str) -> Fraction | None:
    given = schema.get(keyword)
    if given is None or (keyword.startswith("exclusive") and isinstance(given, bool)):
        return None
    if isinstance(given, str):  # some clients' serialisers quote numbers
        try:
            given = float(given)
        except ValueError:
            given = None
    if isinstance(given, bool) or not isinstance(given, int | float) or not abs(given) < 1e300:
        raise UnsupportedSchema(f"{path}/{keyword}", "it is a number below 1e300")
    # The decimal that was written, not the binary number nearest to it: 0.1 is a tenth.
    return Fraction(given) if isinstance(given, int) else Fraction(repr(given))


def _count(schema: Free, keyword: str, path: str) -> int | None:
    given = _exact(schema, keyword, path)
    if given is None:
        return None
    if given < 0 or given.denominator != 1 or given > MOST_COUNT:
        raise UnsupportedSchema(f"{path}/{keyword}", "it is a whole number, 0 or more")
    return int(given)


def _names(given: list[object], path: str) -> tuple[str, ...]:
    names = [name for name in given if isinstance(name, str)]
    if len(names) < len(given):
        raise UnsupportedSchema(path, "it is a list of names")
    return tuple(dict.fromkeys(names))
