"""The reference page and the shipped defaults are in step with the schema."""

import re
import shlex
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta, inspect

from simulator.config.convert import described
from simulator.config.describe import allowed
from simulator.config.faults import Place
from simulator.config.load import load
from simulator.config.reference import main, page
from simulator.config.schema import Config
from simulator.config.shipped import shipped
from simulator.config.text import parse
from simulator.config.tree import plain


def test_the_page_in_the_repository_is_the_one_that_is_made(tmp_path):
    main([str(tmp_path / "page.md")])
    made = (tmp_path / "page.md").read_text()
    shown = Path(__file__).parents[2] / "docs" / "configuration.md"
    assert shown.read_text() == made, "run: python -m simulator.config.reference"


def test_the_page_s_examples_of_variables_load():
    lines = [line.strip() for line in page().splitlines() if line.startswith("    LLM_SIM__")]
    assert len(lines) == 5
    variables = dict(shlex.split(line)[0].split("=", 1) for line in lines)
    loaded = load(environ=variables)
    assert loaded.config.server.port == 9000
    assert loaded.config.providers["*"].latency.itl is not None
    del variables["LLM_SIM__PROVIDERS"]
    assert list(load(environ=variables).config.providers) == ["gpt-4o"]


def test_every_key_of_the_schema_is_on_the_page_with_a_meaning():
    text = page()
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.*?) \| (.*) \|$", text, re.MULTILINE)
    keys = {key for key, *_ in rows}

    def names(kind):
        for field in kind.fields:
            yield field.encode_name
            if isinstance(field.type, inspect.StructType):
                yield from names(field.type)

    assert set(names(described(Config))) <= keys
    assert [key for key, _, _, meaning in rows if not meaning.strip()] == []


def test_the_shipped_file_has_every_key_with_its_default():
    written = plain(parse((shipped() / "default.yaml").read_text(), "default.yaml", "yaml"))
    expected = msgspec.json.decode(msgspec.json.encode(Config()))
    assert written == expected
    assert load(environ={}).config == Config()


def test_types_in_words():
    class Sample(msgspec.Struct):
        a: dict[str, int]
        b: list[float]
        c: tuple[int, str]
        d: int | str | None
        e: Annotated[list[int], Meta(min_length=1, max_length=3)]
        f: Annotated[list[list[str]], Meta(max_length=3)]
        g: Annotated[tuple[int, ...], Meta(min_length=2)]
        h: Annotated[float, Meta(gt=0, lt=2)]
        i: Annotated[int, Meta(le=7)]

    words = [allowed(field.type) for field in described(Sample).fields]
    assert words == [
        "a mapping of names to whole numbers",
        "a list of numbers",
        "a list of a whole number, text",
        "a whole number or text or null",
        "a list of whole numbers, 1 to 3",
        "a list of lists of text, at most 3",
        "a list of whole numbers, at least 2",
        "a number above 0 and below 2",
        "a whole number of at most 7",
    ]
    assert str(Place("f", 2)) == "f:2"
