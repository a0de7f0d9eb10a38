"""The tables are read as they are noted, and say nothing that they do not explain."""

import pytest

from simulator.contract.notation import (
    BadNotation,
    Field,
    Listed,
    Mapped,
    Named,
    OneOf,
    Operation,
    Paged,
    Scalar,
    Shape,
    Word,
    read,
    shape,
)
from simulator.contract.tables import PROVIDERS, indexes


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("str", Scalar("str")),
        ("'thread.run'", Word("thread.run")),
        ("true|24000|'a'", OneOf((Word(True), Word(24000), Word("a")))),
        ("[{Run|null}]", Listed(Mapped(OneOf((Named("Run"), Scalar("null")))))),
        ("cursor([any])", Paged("cursor", Listed(Scalar("any")))),
    ],
)
def test_shapes(text, found):
    assert shape(text) == found


@pytest.mark.parametrize("text", ["", "[str", "[str}", "str|", "page", "page(str", "str str", "what", "'a"])
def test_what_is_no_shape(text):
    with pytest.raises((ValueError, IndexError)):
        shape(text)


def test_a_table():
    table = read("# told\nPOST /v1/x/{id} X events a.b:X c:null\n\nX id:str more?:[X]\n")
    assert table.operations == (
        Operation("POST", "/v1/x/{id}", Named("X"), (("a.b", Named("X")), ("c", Scalar("null")))),
    )
    assert table.objects["X"] == (
        Field("id", Scalar("str"), optional=False),
        Field("more", Listed(Named("X")), optional=True),
    )
    with pytest.raises(BadNotation, match="line 2"):
        read("X id:str\nY id:nothing\n")


def named(told: Shape):
    match told:
        case Named():
            yield told.name
        case OneOf():
            for variant in told.variants:
                yield from named(variant)
        case Listed() | Mapped() | Paged():
            yield from named(told.item)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_object_is_described_and_used(provider):
    table = indexes()[provider].table
    used = {name for fields in table.objects.values() for field in fields for name in named(field.shape)}
    for operation in table.operations:
        used.update(named(operation.answer), *(named(told) for _, told in operation.events))
    assert used == set(table.objects)
    assert len(table.operations) > 200
