"""Path templates: which fits, and what the URL tells."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.providers import paths as room
from simulator.providers.base import NO_TARGET
from simulator.providers.paths import Paths, target_of

TABLE = {
    "/v1/models": "list",
    "/v1/models/{id:path}": "one",
    "/v1/models/{model}:generate": "generate",
    "/v1/things/{thing}": "thing",
    "/v1/things/{thing}/parts/{part}": "part",
    "/v1/things/latest": "latest",
}


@pytest.mark.parametrize(
    ("path", "value", "parameters"),
    [
        ("/v1/models", "list", {}),
        ("/v1/models/a/b", "one", {"id": "a/b"}),
        ("/v1/models/a:generate", "generate", {"model": "a"}),
        ("/v1/models/a:b:generate", "generate", {"model": "a:b"}),
        ("/v1/models/a:other", "one", {"id": "a:other"}),
        ("/v1/things/latest", "latest", {}),
        ("/v1/things/7", "thing", {"thing": "7"}),
        ("/v1/things/7\n", "thing", {"thing": "7\n"}),
        ("/v1/things/7/parts/8", "part", {"thing": "7", "part": "8"}),
    ],
)
def test_the_template_with_most_letters_of_its_own_fits(path, value, parameters):
    table = Paths(TABLE)
    for _ in range(2):  # the second answer is a remembered one
        assert table.find(path) == (value, parameters)


@pytest.mark.parametrize("path", ["", "/", "/v1/things", "/v1/things/", "/v1/things/7/parts", "/V1/models"])
def test_nothing_fits(path):
    assert Paths(TABLE).find(path) is None


def test_only_so_many_paths_are_remembered(monkeypatch):
    monkeypatch.setattr(room, "REMEMBERED", 10)
    table = Paths(TABLE)
    for number in range(100):
        assert table.find(f"/v1/things/{number}") == ("thing", {"thing": str(number)})
        assert len(table._found) <= 10
    long = "/v1/things/" + "x" * 1_000
    assert table.find(long) == ("thing", {"thing": "x" * 1_000})
    assert long not in table._found


@given(st.text())
def test_any_text_is_looked_up(path):
    Paths(TABLE).find(path)


def test_the_query_is_read():
    target = target_of({"id": "7"}, b"include%5B%5D=a&include[]=b&empty=&n=1")
    assert target.parameters == {"id": "7"}
    assert target.query == {"include[]": ["a", "b"], "empty": [""], "n": ["1"]}
    assert (target.first("n"), target.first("empty"), target.first("none")) == ("1", "", None)
    assert target_of({}, b"") is NO_TARGET
