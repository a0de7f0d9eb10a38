"""Strings: of a format, of a pattern, or readable. Pure."""

from typing import Final

from simulator.engine.content.structured import filling, formats
from simulator.engine.content.structured.node import Node
from simulator.engine.content.structured.regex import Meter, write
from simulator.engine.content.structured.roles import Field
from simulator.engine.content.structured.shape import Flat
from simulator.engine.content.structured.text import fitted, readable
from simulator.engine.content.structured.work import MOST_CHARACTERS, DeadEndError, Writing

TRIES: Final = 48
_HOPELESS: Final = 4
"""Tries after which a pattern that offers no text of the right length is given up."""


def make_string(writer: Writing, flat: Flat, field: Field) -> str:
    """A string that the node allows. Raises DeadEndError where none was found."""
    node, draws = flat.node, writer.draws
    longest = node.longest
    if longest is not None and longest < node.shortest:
        raise DeadEndError(node.path, "minLength is greater than maxLength")
    if node.shortest > MOST_CHARACTERS:
        raise DeadEndError(node.path, f"minLength is greater than {MOST_CHARACTERS}")
    if not node.formats and not node.rules:
        text = filling.asked(field, writer.hints) or readable(field, draws)
        if len(text) < node.shortest or (longest is not None and len(text) > longest):
            text = fitted(text, node.shortest, longest, draws)
        writer.work.text(len(text))
        return text
    return _ruled(writer, node, field)


def _ruled(writer: Writing, node: Node, field: Field) -> str:
    draws = writer.draws
    most = MOST_CHARACTERS if node.longest is None else node.longest
    for attempt in range(TRIES):
        text: str | None
        if node.formats and (not node.rules or attempt % 4 == 0):
            text = formats.make(node.formats[attempt % len(node.formats)], draws)
            if len(text) < node.shortest or len(text) > most:
                text = _stretched(node.formats[0], text, node.shortest, most)
        elif attempt == 0:
            text = readable(field, draws)
        else:
            text = write(node.rules[attempt % len(node.rules)].pattern, draws, node.shortest, most)
        if text is not None:
            writer.work.text(len(text))
            if fits(node, text, writer.shape.meter):
                return text
        elif attempt > _HOPELESS and not node.formats:
            break
    told = f"pattern {node.rules[0].pattern.text[:120]!r}" if node.rules else f"format {node.formats[0]}"
    raise DeadEndError(node.path, f"no text for the {told} was found")


def fits(node: Node, text: str, meter: Meter) -> bool:
    """Whether a text has the lengths, formats and patterns of a node."""
    if len(text) < node.shortest or (node.longest is not None and len(text) > node.longest):
        return False
    for name in node.formats:
        if not formats.holds(name, text):
            return False
    return all(rule.matcher.search(text, meter) for rule in node.rules)


_SHORT: Final = {
    "email": ("a@b.co", "a@b"),
    "idn-email": ("a@b.co", "a@b"),
    "uri": ("https://a.co", "http://a", "a:b"),
    "url": ("https://a.co", "http://a", "a:b"),
    "iri": ("https://a.co", "http://a", "a:b"),
    "hostname": ("a.co", "a"),
    "idn-hostname": ("a.co", "a"),
    "ipv4": ("192.0.2.1", "10.0.0.1", "1.1.1.1"),
    "ipv6": ("2001:db8::1", "::1", "::"),
    "duration": ("P1D",),
    "uri-reference": ("/a", ""),
    "iri-reference": ("/a", ""),
    "uri-template": ("/a", ""),
    "json-pointer": ("/a", ""),
    "relative-json-pointer": ("1", "0"),
    "regex": ("^a$", "a", ""),
    "byte": ("YQ==", ""),
    "base64": ("YQ==", ""),
    "color": ("#abc",),
    "phone": ("55501",),
}
_LONGER: Final = {
    "uri": "a", "url": "a", "iri": "a", "uri-reference": "a", "iri-reference": "a", "uri-template": "a", "regex": "a?",
    "json-pointer": "a", "relative-json-pointer": "/a", "byte": "YWFh", "base64": "YWFh",
}  # fmt: skip
"""What some formats may end with as often as is needed."""


def _stretched(name: str, text: str, shortest: int, most: int) -> str | None:
    """A text of the format nearer to the lengths asked for."""
    if len(text) > most:
        return next((short for short in _SHORT.get(name, ()) if shortest <= len(short) <= most), None)
    lacking = shortest - len(text)
    if name in {"email", "idn-email"}:
        local, at, host = text.partition("@")
        longer = local + "a" * min(lacking, 64 - len(local))
        labels = ""
        while len(longer) + len(labels) + 1 + len(host) < shortest:
            labels += "a" * min(50, max(1, shortest - len(longer) - len(host) - len(labels) - 2)) + "."
        return f"{longer}{at}{labels}{host}"
    if name in {"hostname", "idn-hostname"}:
        while len(text) < shortest:
            text = "a" * min(50, max(1, shortest - len(text) - 1)) + "." + text
        return text
    if name in {"byte", "base64"}:
        return "YWFh" * -(-shortest // 4)
    more = _LONGER.get(name)
    return None if more is None else text + more * -(-lacking // len(more))
