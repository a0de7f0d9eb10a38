"""The guide for those who add a provider keeps its word: its example is installed, served, and passes its own test."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from serving import Simulator

import simulator

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "add-a-provider.md"

if not PAGE.exists():
    pytest.skip("the page is in the checkout, and the tests run away from it", allow_module_level=True)


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder of packages with the example in it, as pip would have left it, and the environment that has it."""
    folder = tmp_path_factory.mktemp("installed")
    module, test = blocks("python")
    (folder / "parrot.py").write_text(module)
    (folder / "test_parrot.py").write_text(test)
    (point,) = re.findall(r'^\[project\.entry-points\."(.+)"\]\n(.+)$', blocks("toml")[0], re.MULTILINE)
    about = folder / "parrot-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: parrot\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text(f"[{point[0]}]\n{point[1].replace(chr(34), '')}\n")
    path = os.pathsep.join([str(folder), str(ROOT), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return folder, {**os.environ, "PYTHONPATH": path}


def test_the_examples_own_test_passes(installed):
    folder, environ = installed
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error", str(folder / "test_parrot.py")],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "skipped" not in ended.stdout


def test_the_example_is_served_beside_the_others(installed, tmp_path):
    _, environ = installed
    body = {"model": "parrot-1", "hear": "Hello"}
    config = yaml.safe_load(blocks("yaml")[0])
    with Simulator(tmp_path, "--latency", "none", config=config, workers=1, environ=environ) as fleet:
        plain = fleet.ask("/parrot/say", body)
        assert plain.status == 200
        said = plain.json()
        assert said["text"].strip()
        assert plain.headers["x-llm-sim-shard"] == "0.0"
        streamed = fleet.ask("/parrot/say", {**body, "stream": True})
        *frames, last = [json.loads(line[6:]) for line in streamed.body.decode().split("\n\n")[:-1]]
        assert "".join(frame["text"] for frame in frames) == said["text"]
        assert last["tokens"] == said["tokens"]
        assert fleet.ask("/parrot/parrot/say", body).json() == said
        assert fleet.ask("/parrot/models").json() == {"models": ["parrot-1"]}
        assert fleet.ask("/parrot/models/parrot-1").json() == {"model": "parrot-1"}
        wrong = fleet.ask("/parrot/say", {**body, "words": 0})
        assert (wrong.status, wrong.json()["field"]) == (400, "words")
        assert fleet.ask("/parrot/say", {**body, "model": "parrot-2"}).status == 404
        others = fleet.ask("/v1/chat/completions", {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]})
        assert others.status == 200
        assert any('provider="parrot"' in name for name in fleet.metrics())


def test_the_files_that_the_page_names_exist():
    text = PAGE.read_text("utf-8")
    files = re.findall(r"`(\w+\.py)`", text.partition("## A dialect in a day")[2])
    assert len(files) > 20
    package = Path(simulator.__file__).parent / "providers"
    folders = (package / "mistral", package, ROOT / "tests" / "providers" / "mistral", ROOT / "tests" / "clients")
    for name in files:
        assert any((folder / name).exists() for folder in folders), name
