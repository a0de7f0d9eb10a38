"""OpenAI's forms: fields of a multipart body as a typed value, and its files. Pure.

A list's field repeats its name, with `[]` behind it or without; a member's name stands in brackets behind its object's
(`expires_after[seconds]`). Numbers and truth values are text, as forms have no others.
"""

from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar, get_args, get_type_hints

import msgspec

from simulator.providers.decode import DEFAULT_DEPTH, decode
from simulator.providers.multipart import Malformed, Part, parts_of
from simulator.providers.openai.wording import flawed, invalid, missing

T = TypeVar("T")
_to_json = msgspec.json.Encoder().encode


class Form(Generic[T]):
    """Reads the forms of one endpoint: into a `shape` of msgspec, and files by these names."""

    def __init__(self, shape: type[T], files: Sequence[str]) -> None:
        self._decoder = msgspec.json.Decoder(shape, strict=False)
        self._files = frozenset(files)
        self._lists = frozenset(name for name, hint in get_type_hints(shape).items() if _is_list(hint))

    def read(self, body: bytes, headers: Mapping[bytes, bytes]) -> tuple[T, dict[str, list[Part]]]:
        """The fields, and the files by name, in their order. Raises `Refusal` for what is wrong with any of them."""
        try:
            parts = parts_of(body, headers)
        except Malformed as error:
            raise invalid(f"Could not parse multipart form: {str(error)[0].lower()}{str(error)[1:]}.") from None
        files: dict[str, list[Part]] = {}
        fields: dict[str, object] = {}
        for part in parts:
            name = part.name.removesuffix("[]")
            if name in self._files:
                files.setdefault(name, []).append(part)
            else:
                self._take(fields, name, _value(part, name))
        return decode(_to_json(fields), self._decoder, DEFAULT_DEPTH, flawed), files

    def _take(self, fields: dict[str, object], name: str, value: str) -> None:
        if name in self._lists:
            listed = fields.setdefault(name, [])
            if isinstance(listed, list):
                listed.append(value)
            return
        home, bracket, member = name.partition("[")
        if not bracket:
            fields[name] = value
            return
        inner = fields.setdefault(home, {})
        if isinstance(inner, dict):
            inner[member.removesuffix("]")] = value


def only(files: Mapping[str, Sequence[Part]], name: str) -> Part:
    """The file of a name; of several the last, as of a field that is repeated. Raises `Refusal` if there is none."""
    found = files.get(name)
    if not found:
        raise missing(name)
    return found[-1]


def _value(part: Part, name: str) -> str:
    try:
        return part.body.decode("utf-8")
    except UnicodeDecodeError:
        raise invalid(f"Invalid value for '{name}': it is not UTF-8.", name, "invalid_value") from None


def _is_list(hint: object) -> bool:
    options = get_args(hint) or (hint,)
    return any(getattr(option, "__origin__", option) in {list, tuple} for option in (hint, *options))
