"""Breakpoints: which are taken, and what each names."""

import pytest
from anthropic_wire import OLD, call_of, refusal_of
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers.anthropic.caching import WINDOW, breakpoints

MARK = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
TOOL = {"name": "f", "description": "Does it", "input_schema": {"type": "object", "properties": {}}}


def text(said="a", **more):
    return {"type": "text", "text": said, **more}


def marked(said="a", marker=MARK):
    return text(said, cache_control=marker)


def user(*content):
    return {"role": "user", "content": list(content)}


def assistant(*content):
    return {"role": "assistant", "content": list(content)}


def found(**fields):
    return breakpoints(call_of(**fields).echo)


def digests(**fields):
    return [point.digest for point in found(**fields)]


def test_none_is_set() -> None:
    assert found() == ()
    assert found(tools=[TOOL], system=[text()], messages=[user(text())]) == ()


def test_they_come_in_the_order_of_the_prompt() -> None:
    points = found(
        tools=[{**TOOL, "cache_control": HOUR}],
        system=[text("s"), marked("t", HOUR)],
        messages=[user(marked("u")), assistant(text("v")), user(text("w"))],
        cache_control=MARK,
    )
    assert [point.ttl_secs for point in points] == [3600, 3600, 300, 300]
    shares = [point.share for point in points]
    assert shares == sorted(set(shares))
    assert shares[-1] == 1.0


def test_what_a_prefix_depends_on() -> None:
    def first(**fields):
        return digests(**{"system": [marked("s")], "messages": [user(text("u"))], **fields})[0]

    same = first()
    assert first(system=[marked("s", HOUR)]) == same
    assert first(messages=[user(text("other"))]) == same
    assert first(tool_choice={"type": "none"}, thinking={"type": "disabled"}) == same
    assert first(max_tokens=7, stream=True, metadata={"user_id": "x"}) == same
    others = [first(system=[marked("t")]), first(tools=[TOOL]), first(speed="fast")]
    assert len({same, *others}) == 4

    def later(**fields):
        return digests(**{"system": [text("s")], "messages": [user(marked("u"))], **fields})[0]

    changed = [later(), later(tool_choice={"type": "none"}), later(thinking={"type": "disabled"})]
    changed += [later(system=[text("t")]), later(messages=[user(marked("v"))])]
    assert len(set(changed)) == 5


def test_a_string_is_a_block_of_text() -> None:
    short = [{"role": "user", "content": "Hello"}]
    assert digests(messages=short, cache_control=MARK) == digests(messages=[user(marked("Hello"))])
    assert digests(messages=[*short, assistant(text("b")), user(marked("c"))]) == digests(
        messages=[user(text("Hello")), {"role": "assistant", "content": "b"}, user(marked("c"))]
    )


def held(**fields):
    return call_of(**fields).cache


def test_what_may_be_held() -> None:
    assert held() is None
    cache = held(tools=[TOOL], system=[marked("s", HOUR)], messages=[user(text("a"), marked("b"), text("c"))])
    assert [prefix.ttl_secs for prefix in cache.prefixes] == [3600, 3600, 300, 300]
    shares = [prefix.share for prefix in cache.prefixes]
    assert shares == sorted(set(shares))
    assert shares[-1] < 1.0
    assert (cache.least, cache.unit, cache.writes) == (4096, 1, True)
    assert held(model="claude-opus-5-5", cache_control=MARK).least == 512
    assert held(model="claude-sonnet-4-5", cache_control=MARK).least == 1024


def test_a_growing_conversation_finds_what_it_left() -> None:
    turns = [user(text("one"))]
    known = [prefix.digest for prefix in held(system=[marked("s")], messages=turns, cache_control=MARK).prefixes]
    for number in range(2 * WINDOW):
        turns += [assistant(text(f"answer {number}")), user(text(f"question {number}"))]
        cache = held(system=[marked("s")], messages=turns, cache_control=MARK)
        names = [prefix.digest for prefix in cache.prefixes]
        assert len(names) <= 64
        shared = [name for name in names if name in known]
        assert names[: len(shared)] == shared
        assert len(shared) == len(names) - 2
        known = names


def test_results_of_tools_may_be_marked_within() -> None:
    def turns(marker, place):
        inner = [text("r1"), {**text("r2"), **({"cache_control": marker} if place == "inner" else {})}]
        result = {"type": "tool_result", "tool_use_id": "t", "content": inner}
        result |= {"cache_control": marker} if place == "outer" else {}
        return [user(text()), assistant({"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}), user(result)]

    assert len(found(tools=[TOOL], messages=turns(MARK, "inner"))) == 1
    outer = digests(tools=[TOOL], messages=turns(MARK, "outer"))
    assert outer == digests(tools=[TOOL], messages=turns(HOUR, "outer"))


def test_the_automatic_one_goes_to_the_last_block() -> None:
    turns = [user(text("a"), text("b"))]
    assert digests(messages=turns, cache_control=MARK) == digests(messages=[user(text("a"), marked("b"))])
    assert len(found(messages=[user(marked("a"))], cache_control=MARK)) == 1
    assert "with another ttl" in refusal_of(messages=[user(marked("a"))], cache_control=HOUR)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        (
            {"messages": [user(*[marked()] * 5)]},
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
        (
            {"messages": [user(*[marked()] * 4, text())], "cache_control": MARK},
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
        (
            {"tools": [{**TOOL, "cache_control": MARK}], "messages": [user(text(), marked("b", HOUR))]},
            (
                "messages.0.content.1.cache_control.ttl: a ttl='1h' cache_control block must not come after a ttl='5m' "
                "cache_control block. Note that blocks are processed in the following order: `tools`, `system`, "
                "`messages`."
            ),
        ),
        ({"messages": [user(text())], "tools": [{**TOOL, "cache_control": {"type": "x"}}]}, "tools.0.cache_control: "),
        ({"messages": [user(text())], "tools": [{**TOOL, "cache_control": 5}]}, "tools.0.cache_control: "),
        ({"messages": [user(marked("a", {"type": "ephemeral", "ttl": "2h"}))]}, "cache_control.ttl: Input should be"),
    ],
)
def test_what_is_refused(fields, sentence) -> None:
    assert sentence in refusal_of(**fields)


@given(st.lists(st.lists(st.tuples(st.text(min_size=1), st.booleans()), min_size=1, max_size=3), max_size=4))
def test_digests_name_prefixes(turns) -> None:
    """Whatever is marked, a prefix has one name: two requests agree on as many blocks as they share."""
    content = [
        [
            text("x" + said, **({"cache_control": MARK} if mark and number < 2 and place < 2 else {}))
            for place, (said, mark) in enumerate(turn)
        ]
        for number, turn in enumerate(turns)
    ]
    messages = [{"role": ("user", "assistant")[number % 2], "content": blocks} for number, blocks in enumerate(content)]
    messages += [user(text("end"))]
    unmarked = [{**turn, "content": [text(block["text"]) for block in turn["content"]]} for turn in messages]
    whole = held(model=OLD, messages=unmarked, cache_control=MARK)
    known = {prefix.digest: prefix.share for prefix in whole.prefixes}
    for point in found(messages=messages):
        assert known[point.digest] == point.share
        assert 0 < point.share <= 1
