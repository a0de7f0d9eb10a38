"""What a JSON value looks like with its contents taken away, and how two such looks differ. Pure.

A value is cut into named parts: an object that tells what it is (a string `type` or `object`, with its `status` where
it has one) is a part of its own, called `message/completed` or `response.output_text.delta`, and after its key as well
(`source text`) where that is none of the usual `HOLDERS`; what has no such name belongs to the part around it. A part
maps each place (`usage.input_tokens`, `choices[].index`) to the kinds of value seen there: `string`, `number`,
`boolean`, `null`, `object`, `list`, `"word"` for a word of an enumeration, and `a message` for another part. Places of
all items of a list, and parts of one name, are joined.
"""

OPAQUE = frozenset({"arguments", "input_schema", "json_schema", "logit_bias", "metadata", "parameters", "schema"})
"""Keys whose values are the client's or the model's own: only their kind is looked at."""
OPAQUE_OF_PART = frozenset({("tool_use", "input"), ("server_tool_use", "input"), ("mcp_tool_use", "input")})

HOLDERS = frozenset({"", "content", "content_block", "data", "delta", "item", "message", "output", "part", "response"})
"""Keys that hold what the API is about."""


def shape(value, words, root):
    """The parts of a value. `words` is the enumerations by key; `root` names the value if it does not do so itself."""
    parts = {}
    _look(value, "", _name(value, "") or root, parts, words, "")
    return parts


def joined(shapes):
    """Several shapes as one: parts of the same name are put together."""
    whole = {}
    for each in shapes:
        for name, places in each.items():
            mine = whole.setdefault(name, {})
            for place, kinds in places.items():
                mine.setdefault(place, set()).update(kinds)
    return whole


def differences(there, here):
    """Every way in which `here` looks unlike `there`, as sentences about here.

    A place that only one side has is told once, where it begins. So is a part: where it would be held.
    """
    found = []
    for name in sorted(there.keys() & here.keys()):
        theirs, ours = there[name], here[name]
        lacking = _tops(theirs.keys() - ours.keys())
        found += [f"{name}: lacks {place}" for place in lacking]
        found += [f"{name}: adds {place}" for place in _tops(ours.keys() - theirs.keys())]
        for place in sorted(theirs.keys() & ours.keys()):
            lost, new = sorted(theirs[place] - ours[place]), sorted(ours[place] - theirs[place])
            if len(theirs[place]) == len(ours[place]) == len(lost) == 1:
                found.append(f"{name}: {place} is {lost[0]}, here {new[0]}")
            else:
                found += [f"{name}: {place} is never {kind}" for kind in lost]
                found += [f"{name}: {place} is also {kind}" for kind in new]
    return found


def _look(value, place, part, parts, words, key):
    """Note one value at `place` of `part`; `key` is the last key on the way to it."""
    kinds = parts.setdefault(part, {}).setdefault(place, set()) if place else set()
    parts.setdefault(part, {})
    if isinstance(value, dict):
        name = _name(value, key)
        if key in OPAQUE or (part.partition("/")[0], key) in OPAQUE_OF_PART:
            kinds.add("object")
            return
        if name is not None and place:
            kinds.add(f"a {name.partition('/')[0]}")
            part, place = name, ""
            parts.setdefault(part, {})
        else:
            kinds.add("object")
        for inner, held in value.items():
            _look(held, f"{place}.{inner}" if place else inner, part, parts, words, inner)
    elif isinstance(value, list):
        kinds.add("list")
        for item in value:
            _look(item, f"{place}[]", part, parts, words, key)
    else:
        kinds.add(_kind(value, words.get(key, ())))


def _kind(value, known):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    return f'"{value}"' if value in known else "string"


def _name(value, key):
    """What an object under a key says that it is; None if it does not."""
    if not isinstance(value, dict):
        return None
    for teller in ("type", "object"):
        if isinstance(value.get(teller), str):
            status = value.get("status")
            name = value[teller] if key in HOLDERS else f"{key} {value[teller]}"
            return f"{name}/{status}" if isinstance(status, str) else name
    return None


def _tops(places):
    """The places without those that lie in another one of them."""
    return [
        place
        for place in sorted(places)
        if not any(place != other and place.startswith((f"{other}.", f"{other}[")) for other in places)
    ]
