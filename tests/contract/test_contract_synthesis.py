"""Whatever is given, what is made has its shape, and nothing that is given costs more than its length."""

import time
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.contract.notation import Listed, Mapped, Named, OneOf, Paged, Scalar, Word, read, shape
from simulator.contract.synthesis import DEEPEST, MOST, Filling
from simulator.contract.tables import PROVIDERS, indexes

DRAW = bytes(range(16))
TABLE = read(
    "POST /x Box\n"
    "Box id:str object:'toy.box' lid:Lid|null tags:{str} toys:[Car|Doll] status:'new'|'completed' made_at:moment\n"
    "Lid closed:bool inner?:Lid\n"
    "Car type:'car' wheels:int owner_id:str\n"
    "Doll type:'doll' name:str size?:num any?:any born?:day\n"
)


def fits(table, told, value):
    """Whether a value is of a shape; written apart from what makes it."""
    match told:
        case Named():
            fields = table.objects[told.name]
            return (
                isinstance(value, dict)
                and set(value) <= {field.name for field in fields}
                and all(
                    fits(table, field.shape, value[field.name]) if field.name in value else field.optional
                    for field in fields
                )
            )
        case OneOf():
            return any(fits(table, variant, value) for variant in told.variants)
        case Listed():
            return isinstance(value, list) and all(fits(table, told.item, each) for each in value)
        case Mapped():
            return isinstance(value, dict) and all(fits(table, told.item, each) for each in value.values())
        case Word():
            return type(value) is type(told.value) and value == told.value
    return plain(told.kind, value)


def plain(kind, value):
    if kind in ("moment", "day"):
        return isinstance(value, str) and (len(value) == 10) is (kind == "day") and bool(datetime.fromisoformat(value))
    kinds = {"str": (str,), "int": (int,), "num": (int, float), "bool": (bool,), "null": (type(None),)}
    return kind == "any" or type(value) in kinds[kind]


def made(told, given=None, **more):
    return Filling(TABLE, "openai", DRAW, **more).fill(shape(told), given)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_operation_can_be_filled(provider):
    table = indexes()[provider].table
    for operation in table.operations:
        for told in (operation.answer, *(each for _, each in operation.events)):
            item = told.item if isinstance(told, Paged) else told
            if item != Scalar("bytes"):
                assert fits(table, item, Filling(table, provider, DRAW).fill(item)), operation.path


def test_what_fits_is_taken_over():
    box = made(
        "Box",
        {
            "id": "box-1",
            "object": "another",
            "lid": {"closed": True, "colour": "red"},
            "tags": {"a": "b", "c": 1},
            "toys": [
                {"type": "doll", "name": "Ann", "size": 2},
                {"type": "kite"},
                {"type": "car", "wheels": "four"},
                5,
            ],
            "status": "new",
            "made_at": "2026-03-04T05:06:07Z",
        },
    )
    assert box["id"] == "box-1"
    assert box["object"] == "toy.box"
    assert box["lid"] == {"closed": True}
    assert box["tags"] == {"a": "b"}
    assert box["toys"][0] == {"type": "doll", "name": "Ann", "size": 2}
    assert [(toy["type"], toy.get("wheels")) for toy in box["toys"]] == [("doll", None), ("car", 0)]
    assert (box["status"], box["made_at"]) == ("new", "2026-03-04T05:06:07Z")


def test_what_stands_there_else():
    box = made("Box")
    assert box["id"].startswith("box_")
    assert (box["lid"], box["tags"], box["toys"], box["status"]) == (None, {}, [], "completed")
    assert made("Box", hints=("new",))["status"] == "new"
    assert made("Box") == box
    assert Filling(TABLE, "openai", DRAW[::-1]).fill(shape("Box"))["id"] != box["id"]


def test_one_thing_has_one_id():
    filling = Filling(TABLE, "openai", DRAW)
    assert filling.fill(shape("Car"))["owner_id"] == filling.id_of("owner")
    assert filling.id_of("event", 1) != filling.id_of("event", 2)


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["id", "object", "lid", "tags", "toys", "status", "made_at", "closed", "inner", "type", "name", "any"]
            ),
            inner | st.sampled_from(["doll", "car", "2026-01-01", "2026-01-01T00:00:00Z"]),
            max_size=6,
        )
    ),
    max_leaves=20,
)


@settings(max_examples=120, deadline=None)
@given(json)
def test_whatever_is_given(value):
    box = made("Box", value)
    assert fits(TABLE, shape("Box"), box)
    msgspec.json.encode(box)


def test_the_work_is_bounded():
    lid = None
    for _ in range(500):
        lid = {"closed": True, "inner": lid} if lid else {"closed": True}
    deep = made("Box", {"lid": lid})["lid"]
    depth = 0
    while "inner" in deep:
        deep, depth = deep["inner"], depth + 1
    assert 1 < depth <= DEEPEST
    began = time.monotonic()
    box = made("Box", {"toys": [{"type": "doll"}] * 1_000_000, "tags": {str(number): "" for number in range(100_000)}})
    assert time.monotonic() - began < 1
    assert len(box["tags"]) + len(box["toys"]) <= MOST
