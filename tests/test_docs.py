"""The documentation keeps its word: examples run and print what is shown, links lead somewhere, names exist."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from serving import Simulator

from simulator.cli import cli

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "http://127.0.0.1:8080"
"""Where the pages say that the simulator is; a test puts its own in this place."""

if not (ROOT / "Makefile").exists():
    pytest.skip("the pages describe the checkout, and the tests run away from it", allow_module_level=True)

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
IDS = [page.name for page in PAGES]


def fences(page, language):
    """The bodies of a page's fenced blocks in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def code(page):
    """What a page sets as code: the lines of its blocks, continuations joined, and its spans, each on one line."""
    text = page.read_text("utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    text = re.sub(r"^```\w*\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    blocks += re.findall(r"(?:^ {4}.*\n)+", text, re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return lines + [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", text)]


def command_lines(page):
    """The commands of `llm-simulator` on a page: their words, up to a pipe or another end."""
    for line in code(page):
        found = re.search(r"(?:^|\s)llm-simulator( .*|$)", line)
        if found and not line.startswith(("#", "LLM-Simulator")):
            yield shlex.split(re.split(r"[|;&>]", found[1])[0])


def sessions(page):
    """(command, lines of output) of every `$` line in the page's console blocks, in order."""
    for block in fences(page, "console"):
        lines = block.splitlines()
        while lines:
            command = lines.pop(0).removeprefix("$ ")
            while command.endswith("\\"):
                command = command[:-1] + lines.pop(0).strip()
            shown = []
            while lines and not lines[0].startswith("$ "):
                shown.append(lines.pop(0))
            yield command, shown


def files(page):
    """The configuration files of a page: a block of YAML that begins with the comment `# NAME.yaml`."""
    for block in fences(page, "yaml"):
        first = block.partition("\n")[0]
        assert re.fullmatch(r"# [\w.-]+\.yaml", first), f"a configuration without a name: {first}"
        yield first.removeprefix("# "), block


def environ():
    """The environment of a reader: the command is on the path, and nothing is configured."""
    own = {name: value for name, value in os.environ.items() if not name.upper().startswith("LLM_SIM")}
    return {**own, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{own['PATH']}"}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory):
    with Simulator(tmp_path_factory.mktemp("docs"), "--latency", "none", workers=2) as running:
        yield running


@pytest.mark.parametrize("program", fences(PAGES[0], "python"), ids=lambda program: program.split()[1])
def test_the_programs_print_a_stream_that_is_the_plain_answer(simulator, program):
    assert ADDRESS in program
    program = program.replace(ADDRESS, simulator.url)
    ended = subprocess.run(
        [sys.executable, "-c", program], env=environ(), capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode == 0, ended.stderr
    printed = ended.stdout.removesuffix("\n")
    plain, streamed = printed[: len(printed) // 2], printed[len(printed) // 2 + 1 :]
    assert len(plain) > 20
    assert plain == streamed


def test_both_official_clients_have_their_program():
    programs = fences(PAGES[0], "python")
    assert [program.splitlines()[0] for program in programs] == [
        "from openai import OpenAI",
        "from anthropic import Anthropic",
    ]
    assert all(len(program.splitlines()) <= 10 for program in programs)


@pytest.mark.skipif(shutil.which("curl") is None, reason="the page's sessions use curl")
@pytest.mark.skipif(find_spec("rs_bpe") is None, reason="the page shows exact token counts")
def test_the_sessions_print_what_is_shown(tmp_path):
    for name, text in files(PAGES[0]):
        (tmp_path / name).write_text(text)
    shown = list(sessions(PAGES[0]))
    assert len(shown) > 8
    printed = []
    with Simulator(tmp_path / "fleet", workers=1) as running:
        for command, _ in shown:
            ended = subprocess.run(
                ["sh", "-c", command.replace(ADDRESS, running.url)],
                cwd=tmp_path,
                env=environ(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=60,
                check=False,
            )
            printed.append((command, [line.rstrip() for line in ended.stdout.splitlines()]))
    assert printed == shown


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_configurations_are_valid(page, tmp_path):
    for name, text in files(page):
        (tmp_path / name).write_text(text)
        ended = subprocess.run(
            ["llm-simulator", "validate", "--config", name],
            cwd=tmp_path,
            env=environ(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"{name}: valid\n", "")


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8"))
    for link in links:
        target, _, fragment = link.partition("#")
        if target.startswith(("http://", "https://")):
            continue
        path = (page.parent / target).resolve() if target else page
        assert path.exists(), f"{page.name} links to {link}"
        assert path.is_relative_to(ROOT), f"{page.name} links out of the repository: {link}"
        if fragment:
            headings = re.findall(r"^#+ (.+)$", path.read_text("utf-8"), re.MULTILINE)
            slugs = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
            assert fragment in slugs, f"{page.name} links to {link}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_paths_in_the_text_exist(page):
    for span in code(page):
        if re.fullmatch(r"(simulator|supervisor|tests|config|docs|benchmarks)/[\w./-]*", span):
            assert (ROOT / span).exists(), f"{page.name} names {span}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_commands_and_their_options_exist(page):
    for words in command_lines(page):
        command, context = cli, click.Context(cli, info_name="llm-simulator")
        while isinstance(command, click.Group) and words and not words[0].startswith("-"):
            name = words.pop(0)
            command = command.get_command(context, name)
            assert command is not None, f"{page.name}: llm-simulator {name}"
        known = {option for parameter in command.get_params(context) for option in parameter.opts}
        unknown = {word.partition("=")[0] for word in words if word.startswith("-") and word != "-"} - known
        assert not unknown, f"{page.name}: llm-simulator {command.name} {' '.join(words)}"


@pytest.mark.parametrize("page", PAGES, ids=IDS)
def test_make_targets_exist(page):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    for line in code(page):
        found = re.fullmatch(r"make ([a-z-]+)( ARGS=.*)?", line)
        if found:
            assert found[1] in targets, f"{page.name}: make {found[1]}"


def test_the_checks_find_something_to_check():
    readme = PAGES[0]
    assert {"serve", "test", "bench"} <= {line.split()[1] for line in code(readme) if line.startswith("make ")}
    assert {"explain", "validate", "config", "models"} <= {words[0] for words in command_lines(readme) if words}
    assert [name for name, _ in files(readme)] == ["slow.yaml"]
    architecture = code(ROOT / "docs" / "architecture.md")
    assert len([span for span in architecture if span.startswith(("simulator/", "supervisor/"))]) > 30


def test_the_picture_is_whole_and_brings_its_background():
    svg = (ROOT / "docs" / "architecture.svg").read_text("utf-8")
    assert svg.startswith("<svg ")
    assert svg.index("<rect") < svg.index("<text")
