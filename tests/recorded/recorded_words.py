"""The enumerations that the official clients' types name: which words a key may have. Pure."""

import typing

from pydantic import BaseModel

NOT_WORDS = frozenset({"model", "type", "object", "status"})
"""Keys with words that are told otherwise: a model's name is the client's choice, the others name a part."""


def words(*modules):
    """All strings that a key may have by the types of these modules, by key."""
    found = {}
    seen = set()
    waiting = [each for module in modules for each in vars(module).values()]
    while waiting:
        each = waiting.pop()
        if not (isinstance(each, type) and issubclass(each, BaseModel)) or each in seen:
            continue
        seen.add(each)
        for name, field in each.model_fields.items():
            for leaf in _leaves(field.annotation):
                if isinstance(leaf, str) and name not in NOT_WORDS:
                    found.setdefault(field.alias or name, set()).add(leaf)
                else:
                    waiting.append(leaf)
    return found


def _leaves(annotation):
    """The classes and literal strings inside an annotation."""
    inner = typing.get_args(annotation)
    if typing.get_origin(annotation) is typing.Literal:
        yield from [each for each in inner if isinstance(each, str)]
    elif inner:
        for each in inner:
            yield from _leaves(each)
    elif hasattr(annotation, "__value__"):
        yield from _leaves(annotation.__value__)
    else:
        yield annotation
