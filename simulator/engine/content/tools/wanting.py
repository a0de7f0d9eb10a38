"""Which calls a request asks for, in order, whoever has made some of them already. Pure.

The request is taken clause by clause: the tool that fits a clause best is called for it, and a clause that no tool fits
belongs to the one before. A tool is called twice where a clause, or an enumeration, offers all its values again
("weather in Paris and London").
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from simulator.engine.content.structured import Hints, Kind, Mention, Shape
from simulator.engine.content.structured.heard import heard_by
from simulator.engine.content.tools.clauses import Clause, clauses
from simulator.engine.content.tools.relevance import ENOUGH, asked_of, points, profile_of
from simulator.engine.request import Tool

MOST: Final = 16
_TELLING: Final = {Kind.EXPRESSION: 3, Kind.URL: 3, Kind.FILE: 2, Kind.EMAIL: 1, Kind.IDENTIFIER: 1}
"""Points for a required parameter that something of this kind fills."""

ShapeOf = Callable[[Tool], Shape]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call that is asked for.

    `told` holds the texts that tell it from others; `after` says that it waits for earlier ones.
    """

    tool: int
    hints: Hints
    told: tuple[str, ...] = ()
    after: bool = False


@dataclass(slots=True)
class _Segment:
    tool: int
    start: int
    end: int
    after: bool
    heard: frozenset[str]


def wanted_calls(
    tools: Sequence[Tool], among: Sequence[int], hints: Hints, shape_of: ShapeOf, *, insisted: bool = False
) -> list[Wanted]:
    """The calls that the last message asks for. With `insisted` there is at least one, however little fits."""
    segments = _segments(tools, among, hints, shape_of)
    if not segments and insisted:
        segments = [_Segment(among[0], 0, len(hints.request), after=False, heard=frozenset())]
    alone = len(segments) == 1
    found: list[Wanted] = []
    for segment in segments:
        own = hints if alone else hints.narrowed(segment.start, segment.end)
        for each in _spread(tools[segment.tool], own, shape_of):
            found.append(Wanted(segment.tool, each[0], each[1], segment.after and each[2] == 0))
            if len(found) >= MOST:
                return found
    return found


def _segments(tools: Sequence[Tool], among: Sequence[int], hints: Hints, shape_of: ShapeOf) -> list[_Segment]:
    text = hints.request
    whole = asked_of(text)
    profiles = {place: profile_of(tools[place]) for place in among}
    found: list[_Segment] = []
    waits = False
    for clause in _unbroken(clauses(text), hints):
        asked = replace(asked_of(text[clause.start : clause.end]), foreign=whole.foreign)
        best, most = -1, 0
        for place in among:
            score = points(profiles[place], asked)
            if score < ENOUGH + 2:
                score += _by_values(tools[place], hints, clause, shape_of, foreign=asked.foreign)
            if score > most:
                best, most = place, score
        if most < ENOUGH:
            waits = waits or clause.after
            if found:
                found[-1].end = clause.end
            continue
        heard = _heard_in(tools[best], hints, clause, shape_of)
        same = next((each for each in reversed(found) if each.tool == best), None)
        if same is not None and not (same.heard and heard >= same.heard):
            found[-1].end = clause.end
            continue
        start = clause.start if found else 0
        found.append(_Segment(best, start, clause.end, bool(found) and (clause.after or waits), heard))
        waits = False
    if not found:
        found = _as_a_whole(tools, among, hints, shape_of)
    return found


def _unbroken(found: list[Clause], hints: Hints) -> list[Clause]:
    """The clauses, those joined again that only part the members of an enumeration."""
    ends: dict[int, int] = {}
    for mention in hints.mentions:
        if mention.list and mention.rank == 0:
            ends[mention.list] = max(ends.get(mention.list, 0), mention.place)
    starts = {each.list: each.place for each in reversed(hints.mentions) if each.list and each.rank == 0}
    joined: list[Clause] = []
    for clause in found:
        inside = any(starts[number] < clause.start <= end for number, end in ends.items())
        if joined and inside and not clause.after:
            joined[-1] = replace(joined[-1], end=clause.end)
        else:
            joined.append(clause)
    return joined


def _as_a_whole(tools: Sequence[Tool], among: Sequence[int], hints: Hints, shape_of: ShapeOf) -> list[_Segment]:
    """A request whose words only together say enough."""
    asked = asked_of(hints.request)
    clause = Clause(0, len(hints.request), after=False)
    best, most = -1, 0
    for place in among:
        score = points(profile_of(tools[place]), asked)
        score += _by_values(tools[place], hints, clause, shape_of, foreign=asked.foreign)
        if score > most:
            best, most = place, score
    return [_Segment(best, 0, clause.end, after=False, heard=frozenset())] if most >= ENOUGH else []


def _within(hints: Hints, clause: Clause) -> Hints:
    inside = [each for each in hints.mentions if each.rank == 0 and clause.start <= each.place < clause.end]
    return replace(hints, mentions=tuple(inside))


def _heard_in(tool: Tool, hints: Hints, clause: Clause, shape_of: ShapeOf) -> frozenset[str]:
    within = _within(hints, clause)
    return frozenset(heard_by(shape_of(tool), within)[0]) if within.mentions else frozenset()


def _by_values(tool: Tool, hints: Hints, clause: Clause, shape_of: ShapeOf, *, foreign: bool) -> int:
    within = _within(hints, clause)
    if not any(foreign or each.kind in _TELLING for each in within.mentions):
        return 0
    shape = shape_of(tool)
    heard, _ = heard_by(shape, within)
    if not heard or not all(name in heard for name in shape.required):
        return 0
    score = max([_TELLING.get(mention.kind, 0) for mention in heard.values()])
    telling = foreign and any(mention.before or mention.kind is not Kind.NAME for mention in heard.values())
    return score + (ENOUGH if telling else 0)


def _spread(tool: Tool, hints: Hints, shape_of: ShapeOf) -> list[tuple[Hints, tuple[str, ...], int]]:
    """One reading of the hints, or one for each member of an enumeration that stands where one value fits."""
    heard, many = heard_by(shape_of(tool), hints)
    told = tuple([mention.text for mention in heard.values()])
    for name, mention in heard.items():
        if not mention.list or name in many or mention.rank:
            continue
        group = [each for each in hints.mentions if each.list == mention.list and each.rank == mention.rank]
        taken = {id(each) for each in heard.values()}
        if len(group) > 1 and not any(id(each) in taken for each in group if each is not mention):
            return [(_only(hints, group, each), (each.text,), place) for place, each in enumerate(group)]
    return [(hints, told, 0)]


def _only(hints: Hints, group: Sequence[Mention], kept: Mention) -> Hints:
    others = {id(each) for each in group if each is not kept}
    return replace(hints, mentions=tuple([each for each in hints.mentions if id(each) not in others]))
