"""Lists in pages, as the Responses and conversations endpoints give them. Pure."""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import orjson

from simulator.providers.base import Refusal, Reply, Target
from simulator.providers.decode import quote
from simulator.providers.openai.headers import bare_headers
from simulator.providers.openai.responses.wording import not_among
from simulator.providers.openai.schema import Free
from simulator.providers.openai.wording import invalid

_LAYOUT = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
_DEFAULT = 20
_MOST = 100


class Page(NamedTuple):
    """Which part of a list is asked for."""

    limit: int
    after: str
    order: Literal["asc", "desc"]

    def of(self, items: Sequence[Free]) -> tuple[list[Free], bool]:
        """The page of items that are given oldest first, and whether more follow; empty behind an id that is gone."""
        ordered = list(items) if self.order == "asc" else list(reversed(items))
        if self.after:
            names = [item["id"] for item in ordered]
            ordered = ordered[names.index(self.after) + 1 :] if self.after in names else []
        return ordered[: self.limit], len(ordered) > self.limit


def page_of(target: Target) -> Page:
    """The page that a query asks for. Raises `Refusal` for one that there is not."""
    given = target.first("limit")
    limit = _DEFAULT if given is None else _whole("limit", given)
    if not 1 <= limit <= _MOST:
        side, bound, sign = ("above maximum", _MOST, "<=") if limit > _MOST else ("below minimum", 1, ">=")
        code = "integer_above_max_value" if limit > _MOST else "integer_below_min_value"
        raise invalid(
            f"Invalid 'limit': integer {side} value. Expected a value {sign} {bound}, but got {limit} instead.",
            "limit",
            code,
        )
    order = target.first("order") or "desc"
    if order not in {"asc", "desc"}:
        raise not_among(order, ("asc", "desc"), "order")
    return Page(limit, target.first("after") or "", "asc" if order == "asc" else "desc")


def included(target: Target) -> Sequence[str]:
    """What a query wants besides, however the client writes lists."""
    return (*target.query.get("include", ()), *target.query.get("include[]", ()))


def flag(target: Target, name: str) -> bool:
    """Whether a query switches something on. Raises `Refusal` for a word that is neither."""
    given = target.first(name)
    if given is None or given.lower() in {"false", "0"}:
        return False
    if given.lower() in {"true", "1"}:
        return True
    raise _wrong(name, "a boolean", given)


def number(target: Target, name: str) -> int | None:
    """A whole number of a query. Raises `Refusal` for anything else."""
    given = target.first(name)
    return None if given is None else _whole(name, given)


def _whole(name: str, given: str) -> int:
    digits = given.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 15:
        raise _wrong(name, "an integer", given)
    return int(given)


def _wrong(name: str, noun: str, given: str) -> Refusal:
    return invalid(
        f"Invalid type for '{name}': expected {noun}, but got '{quote(given)}' instead.", name, "invalid_type"
    )


def listing(items: Sequence[Free], bits: bytes, *, more: bool) -> Reply:
    """A page as a reply. Of an empty one the ids are empty, as the client's types know no null there."""
    ends = (items[0]["id"], items[-1]["id"]) if items else ("", "")
    return shown({"object": "list", "data": items, "first_id": ends[0], "has_more": more, "last_id": ends[1]}, bits)


def shown(told: Any, bits: bytes) -> Reply:
    """Any object as a reply."""
    return Reply(200, bare_headers(bits), orjson.dumps(told, option=_LAYOUT))


def stripped(item: Free, include: Sequence[str]) -> Free:
    """An item without what is told only to those who ask for it."""
    if item["type"] == "reasoning" and "encrypted_content" in item and "reasoning.encrypted_content" not in include:
        return {name: value for name, value in item.items() if name != "encrypted_content"}
    if item["type"] == "message" and "message.input_image.image_url" not in include:
        pictures = [part for part in item["content"] if part["type"] == "input_image" and part.get("image_url")]
        if pictures:
            content = [{**part, "image_url": None} if part in pictures else part for part in item["content"]]
            return {**item, "content": content}
    return item
