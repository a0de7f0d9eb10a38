"""The commands, in this process: output, exit codes, and what reaches the supervisor."""

import json
import sys
import types
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator import __version__
from simulator.__main__ import arguments
from simulator.cli import COMMANDS, cli, main
from simulator.config.latency import LogNormal
from simulator.config.load import load

COMPLETE = Path(__file__).parent / "config" / "complete.yaml"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch):
    for name in ("LLM_SIM__SERVER__PORT", "LLM_SIM__SIMULATION__SEED"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def run():
    return lambda *args: CliRunner().invoke(cli, list(args))


@pytest.fixture
def started(monkeypatch):
    """What `serve` hands over: the kind of run and the loaded configuration."""
    calls = []
    for kind in ("fleet", "solo"):
        module = types.ModuleType(f"supervisor.{kind}")

        def start(loaded, kind=kind):
            calls.append((kind, loaded))
            return 7

        module.run = start
        monkeypatch.setitem(sys.modules, f"supervisor.{kind}", module)
    return calls


def test_help_names_every_command(run):
    result = run("--help")
    assert result.exit_code == 0
    assert all(f"  {name} " in result.stdout for name in COMMANDS)
    assert run("--version").stdout == f"llm-simulator, version {__version__}\n"


def test_validate_says_what_is_right_and_warns(run):
    result = run("validate", "--config", str(COMPLETE))
    assert (result.exit_code, result.stdout) == (0, f"{COMPLETE}: valid\n")
    assert result.stderr.count("Warning: ") == 2
    assert run("validate").stdout == "the configuration is valid (no file given)\n"


def test_validate_names_every_fault(run, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("server:\n  prot: 1\n  workers: -1\n")
    result = run("validate", "-c", str(path), "--set", "simulation.latency=noen")
    assert (result.exit_code, result.stdout) == (1, "")
    head, *lines = result.stderr.splitlines()
    assert head == "Error: the configuration has 3 faults"
    assert lines[0].startswith(f'  {path}:2: server.prot: unknown key; did you mean "port"?')
    assert lines[1].startswith(f"  {path}:3: server.workers: found -1; allowed: a whole number")
    assert lines[2].startswith('  flag --set: simulation.latency: found "noen"; did you mean "none"?')


def test_config_show_tells_where_values_came_from(run, monkeypatch):
    monkeypatch.setenv("LLM_SIM__SERVER__PORT", "9001")
    monkeypatch.setenv("LLM_SIM__ADMIN__API_KEY", "correct horse")
    given = ("config", "show", "-c", str(COMPLETE), "--set", "providers.gpt-4.1.enabled=false")
    shown = {line.split()[0]: line.split(maxsplit=1)[1] for line in run(*given).stdout.splitlines()}
    assert shown["server.port"].split(maxsplit=1) == ["9001", "environment LLM_SIM__SERVER__PORT"]
    assert shown['providers."gpt-4.1".enabled'].split(maxsplit=1) == ["false", "flag --set"]
    assert shown["server.max_body_bytes"].split() == ["33554432", "default"]
    line = COMPLETE.read_text().splitlines().index("  seed: 12345") + 1
    assert shown["simulation.seed"].split() == ["12345", f"{COMPLETE}:{line}"]
    assert "correct horse" not in run(*given).output
    machine = json.loads(run(*given, "--json").stdout)
    assert machine["server.port"] == {"value": 9001, "origin": "environment LLM_SIM__SERVER__PORT"}
    assert machine["admin.api_key"]["value"] == "***"
    assert machine["providers.gpt-4-turbo.latency.ttft.p99_ms"]["value"] == 2500
    assert "providers.gpt-4-turbo.latency.ttft.mean_ms" not in machine
    assert run("config", "show", "--set", "simulation.seed=null").stdout.count("drawn at start") == 1


def test_models_lists_what_is_answered(run):
    rows = json.loads(run("models", "--json").stdout)
    assert {row["id"] for row in rows} == set(load(environ={}).catalogue)
    assert any(row["aliases"] for row in rows)
    table = run("models", "--set", "providers={house-model: {provider: cohere}, 'gpt*': {enabled: false}}").stdout
    assert "house-model  " in table
    assert "\ngpt" not in table
    assert all(line == line.rstrip() for line in table.splitlines())


def test_explain_shows_what_is_called(run, tmp_path):
    cities = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    function = {"name": "get_weather", "description": "Get the weather in a city", "parameters": cities}
    messages = [{"role": "user", "content": "What's the weather in Paris and London?"}]
    body = {"model": "gpt-4o", "messages": messages, "tools": [{"type": "function", "function": function}]}
    path = tmp_path / "request.json"
    path.write_text(json.dumps(body), "utf-8")
    result = run("explain", "--request", str(path), "--json")
    assert result.exit_code == 0, result.stderr
    plan = json.loads(result.stdout)
    (choice,) = plan["choices"]
    assert (choice["text"], choice["tokens"], choice["finish"]) == ("", [], "tool_calls")
    assert [call["name"] for call in choice["calls"]] == ["get_weather", "get_weather"]
    assert [json.loads(call["arguments"]) for call in choice["calls"]] == [{"city": "Paris"}, {"city": "London"}]
    pieces = [token for call in choice["calls"] for token in call["tokens"]]
    assert len(pieces) == len(plan["timeline"])
    lines = run("explain", "--request", str(path)).stdout.splitlines()
    start = lines.index(f"choice 0   {len(pieces)} tokens, 2 calls, finish tool_calls")
    shown = [line.split(" ms  ") for line in lines[start + 1 :]]
    assert [line[0] for line in shown if len(line) == 1] == ["  get_weather", "  get_weather"]
    assert [line[1] for line in shown if len(line) == 2] == [repr(piece) for piece in pieces]
    due = [float(line[0].split()[1]) for line in shown if len(line) == 2]
    assert due == [pytest.approx(offset * 1000, abs=0.06) for offset in plan["timeline"]]


def test_serve_hands_the_configuration_over(run, started):
    result = run(
        *("serve", "-c", str(COMPLETE), "--host", "127.0.0.1", "--port", "0", "--workers", "3", "--seed", "5"),
        *("--latency", "none", "--set", "server.port=1", "--set", "models.allow_unknown=true"),
    )
    assert result.exit_code == 7
    assert result.stderr.count("Warning: ") == 2
    ((kind, loaded),) = started
    assert (kind, loaded.path) == ("fleet", COMPLETE)
    server, simulation = loaded.config.server, loaded.config.simulation
    assert (server.host, server.port, server.workers) == ("127.0.0.1", 0, 3)
    assert (simulation.seed, simulation.latency, loaded.config.models.allow_unknown) == (5, "none", True)
    assert loaded.origins["server.port"] == "flag --port"


def test_serve_takes_the_pace_of_a_shipped_model(run, started):
    name, card = next((name, card) for name, card in load(environ={}).catalogue.items() if card.kind == "chat")
    assert run("serve", "--profile", name).exit_code == 7
    loaded = started[0][1]
    assert loaded.config.providers["*"].latency == card.latency
    assert isinstance(card.latency.ttft, LogNormal)
    assert loaded.origins["providers.*.latency.ttft.p50_ms"] == "flag --profile"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("serve", "--profile", "gpt-4oo"), 'did you mean "gpt-4o"?'),
        (("serve", "--set", "server.port"), "is not KEY=VALUE"),
        (("serve", "--set", "=1"), "is not KEY=VALUE"),
        (("serve", "--port", "eighty"), "not a valid integer"),
        (("serve", "--latency", "slow"), "'profile', 'none'"),
        (("serve", "--solo", "--workers", "2"), "llm-simulator serve"),
        (("srve",), "srve"),
    ],
)
def test_wrong_usage_is_two(run, started, args, message):
    result = run(*args)
    assert result.exit_code == 2
    assert message in result.stderr
    assert started == []


def test_a_surprise_is_one_line_unless_debugging(run, started, monkeypatch):
    def fail(loaded):
        raise OSError("the disk\nis on fire")

    monkeypatch.setattr(sys.modules["supervisor.fleet"], "run", fail)
    result = run("serve")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: the disk is on fire (OSError; run again with --debug")
    assert result.stderr.count("\n") == 1
    with pytest.raises(OSError, match="on fire"):
        CliRunner().invoke(cli, ["--debug", "serve"], catch_exceptions=False)
    assert started == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ([], ["serve", "--solo"]),
        (["--port", "1"], ["serve", "--solo", "--port", "1"]),
        (["--debug", "--port", "1"], ["--debug", "serve", "--solo", "--port", "1"]),
        (["validate", "-c", "x"], ["validate", "-c", "x"]),
        (["--debug", "serve"], ["--debug", "serve"]),
        (["--version"], ["--version"]),
        (["srve"], ["srve"]),
    ],
)
def test_the_module_serves_as_one_process(given, meant):
    assert arguments(given) == meant


def test_one_process_is_handed_to_solo(run, started):
    assert run(*arguments(["--seed", "9"])).exit_code == 7
    ((kind, loaded),) = started
    assert (kind, loaded.config.simulation.seed) == ("solo", 9)


def test_main_ends_the_process_with_the_exit_code(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["validate"])
    assert ended.value.code == 0
    assert "valid" in capsys.readouterr().out
