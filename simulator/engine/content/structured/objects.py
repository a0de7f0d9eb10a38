"""Objects: required members, most of the optional ones, and those that others bring with them. Pure."""

from typing import Final

from simulator.engine.content.structured.checking import applying
from simulator.engine.content.structured.heard import heard_members
from simulator.engine.content.structured.heights import NEVER
from simulator.engine.content.structured.hints import Mention
from simulator.engine.content.structured.node import Node
from simulator.engine.content.structured.regex import Meter, write
from simulator.engine.content.structured.roles import field_of
from simulator.engine.content.structured.shape import Flat
from simulator.engine.content.structured.vocabulary import SLUGS
from simulator.engine.content.structured.work import MOST_VALUES, DeadEndError, Writing

PRESENT: Final = 75
"""How often, in a hundred, an optional member is there."""
_ROUNDS: Final = 5
_TRIES: Final = 24
_LONG_NAME: Final = 12
_LONGEST_NAME: Final = 64
_ANYTHING: Final = Node("#")
_NONE: Final = field_of("")


def make_object(writer: Writing, flat: Flat) -> dict[str, object]:
    """An object that the node allows. Raises DeadEndError where none was found."""
    node = flat.node
    heard = heard_members(writer.shape, flat, writer.hints, writer.used)
    names = _names(writer, flat, heard)
    for _ in range(_ROUNDS):
        implied = [node.implied[name] for name in names if name in node.implied]
        if not implied:
            break
        # What depends on a member applies to the whole object: it is merged and the names are looked at again.
        grown = writer.shape.flat(writer.shape.both([node, *implied]), writer.draws.pick)
        wanted = dict.fromkeys([*names, *grown.node.required])
        flat, node = grown, grown.node
        heard = heard_members(writer.shape, flat, writer.hints, writer.used)
        names = _closed_under_needs(node, list(wanted))
    members: dict[str, object] = {}
    known = {name: (each, field) for name, each, field in flat.members}
    for name in [*[name for name in known if name in names], *[name for name in names if name not in known]]:
        each, field = known.get(name, (None, _NONE))
        if each is None:
            found = applying(node, name, writer.shape.meter)
            each = writer.shape.both(found) if found else _ANYTHING
            field = field_of(name)
        mention = heard.get(name)
        try:
            members[name] = writer.value(each, field, mention)
        except DeadEndError:
            if name in node.required or node.needs or node.implied or len(members) < node.fewest:
                raise
            continue
        if mention is not None:
            writer.used.add(id(mention))
    _check_count(node, list(members))
    return members


def _names(writer: Writing, flat: Flat, heard: dict[str, Mention]) -> list[str]:
    node, lean, draws = flat.node, writer.lean, writer.draws
    names: list[str] = []
    spare: list[str] = []
    for name, each, _ in flat.members:
        if name in flat.required:
            names.append(name)
        elif each is not None and (each.never or each.height >= NEVER):
            continue
        elif not lean and (name in heard or draws.chance(PRESENT)):
            names.append(name)
        else:
            spare.append(name)
    names = _closed_under_needs(node, names)
    if node.most is not None and len(names) > node.most:
        optional = [name for name in names if name not in flat.required]
        while optional and len(names) > node.most:
            names.remove(optional.pop())
        names = _closed_under_needs(node, names)
    while spare and len(names) < node.fewest:
        added = spare.pop(0)
        if added not in names:
            names = _closed_under_needs(node, [*names, added])
    return _more(writer, flat, names)


def _closed_under_needs(node: Node, names: list[str]) -> list[str]:
    if not node.needs:
        return names
    found = dict.fromkeys(names)
    waiting = list(names)
    while waiting:
        for other in node.needs.get(waiting.pop(), ()):
            if other not in found:
                found[other] = None
                waiting.append(other)
    return list(found)


def _more(writer: Writing, flat: Flat, names: list[str]) -> list[str]:
    """Members that no keyword names: as many as are asked for, and a few where the schema only tells their kind."""
    node = flat.node
    wanted = node.fewest
    is_map = not node.properties and (node.matched or (node.extra is not None and not node.extra.never))
    if is_map and not writer.lean:
        wanted = max(wanted, writer.draws.between(1, 2))
    if node.most is not None:
        wanted = min(wanted, node.most)
    if wanted > MOST_VALUES:
        raise DeadEndError(node.path, f"more than {MOST_VALUES} properties are asked for")
    for _ in range(_TRIES * (wanted - len(names))):
        if len(names) >= wanted:
            break
        name = _name(writer, node, len(names))
        if name is not None and name not in names and _may_be_there(node, name, writer.shape.meter):
            names.append(name)
    return names


def _may_be_there(node: Node, name: str, meter: Meter) -> bool:
    return all(not each.never and each.height < NEVER for each in applying(node, name, meter))


def _name(writer: Writing, node: Node, count: int) -> str | None:
    draws = writer.draws
    if node.names is not None:
        given = writer.value(writer.shape.both([node.names, _STRING]), field_of("key"), None)
        return given if isinstance(given, str) else None
    if node.matched and (draws.chance(70) or (node.extra is not None and node.extra.never)):
        return write(draws.pick(node.matched)[0].pattern, draws, draws.below(_LONG_NAME), _LONGEST_NAME)
    return draws.pick(SLUGS) if count < len(SLUGS) // 2 else f"{draws.pick(SLUGS)}_{draws.between(1, 9999)}"


_STRING: Final = Node("#", types=frozenset({"string"}))


def _check_count(node: Node, names: list[str]) -> None:
    if len(names) < node.fewest:
        raise DeadEndError(node.path, "fewer properties are possible than are asked for")
    if node.most is not None and len(names) > node.most:
        raise DeadEndError(node.path, "more properties are required than are allowed")
