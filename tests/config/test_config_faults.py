"""Every kind of fault: each one line, with its place, what was found and what is allowed."""

from pathlib import Path

import pytest

from simulator.config.faults import ConfigError, Fault, Place, excerpt, nearest
from simulator.config.load import load


def faults_of(tmp_path, text, name="user.yaml", **more):
    path = tmp_path / name
    if isinstance(text, bytes):
        path.write_bytes(text)
    else:
        path.write_text(text)
    with pytest.raises(ConfigError) as raised:
        load(path, environ={}, **more)
    faults = raised.value.faults
    assert all("\n" not in str(fault) for fault in faults)
    return [str(fault).replace(str(tmp_path) + "/", "") for fault in faults]


ITL = "providers: {m: {latency: {itl: {%s}}}}"
ONE_FAULT = {
    # what is wrong: (file, the beginning of the line, something else in it)
    "unknown key": ("server:\n  prot: 80", 'user.yaml:2: server.prot: unknown key; did you mean "port"?', "workers"),
    "unknown section": ("quotas:\n  rpm: 3", "user.yaml:1: quotas: unknown key", "simulation"),
    "unknown model setting": (
        "providers:\n  gpt-4.1:\n    latncy: {}",
        'user.yaml:3: providers."gpt-4.1".latncy: unknown key; did you mean "latency"?',
        "errors",
    ),
    "too large": (
        "server:\n\n  port: 99999",
        "user.yaml:3: server.port: found 99999",
        "a whole number from 0 to 65535",
    ),
    "not whole": ("server: {port: 80.5}", "user.yaml:1: server.port: found 80.5", "a whole number"),
    "not a number": ("server: {port: eighty}", 'user.yaml:1: server.port: found "eighty"', "a whole number"),
    "quoted number": ("server: {port: '80'}", 'user.yaml:1: server.port: found "80"; write the number', "quotes"),
    "boolean for number": ("server: {port: yes}", "user.yaml:1: server.port: found true", "a whole number"),
    "number for boolean": ("models: {allow_unknown: 1}", "user.yaml:1: models.allow_unknown: found 1", "true or false"),
    "null for number": ("server: {port: null}", "user.yaml:1: server.port: found null", "a whole number"),
    "not finite": ("server: {keep_alive_secs: .inf}", "user.yaml:1: server.keep_alive_secs: found inf", "a number"),
    "not a choice": (
        "telemetry: {logging: {level: infos}}",
        'user.yaml:1: telemetry.logging.level: found "infos"; did you mean "info"?',
        "one of",
    ),
    "list for mapping": ("server: [1]", "user.yaml:1: server: found a list", "a mapping"),
    "mapping for number": ("server: {port: {a: 1}}", "user.yaml:1: server.port: found a mapping", "a whole number"),
    "value for list": ("admin: {allowed_ips: 10.0.0.1}", 'user.yaml:1: admin.allowed_ips: found "10.0.0.1"', "a list"),
    "wrong item": ("admin:\n  allowed_ips:\n    - {}", "user.yaml:3: admin.allowed_ips[0]: found a mapping", "text"),
    "no distribution": (
        "providers: {m: {latency: {ttft: {p50_ms: 1}}}}",
        'user.yaml:1: providers.m.latency.ttft: no "distribution"',
        "log_normal",
    ),
    "misspelt distribution": (
        "providers: {m: {latency: {ttft: {distribution: log_norml}}}}",
        'user.yaml:1: providers.m.latency.ttft.distribution: found "log_norml"; did you mean "log_normal"?',
        "constant",
    ),
    "missing parameter": (
        "providers: {m: {latency: {ttft: {distribution: constant}}}}",
        'user.yaml:1: providers.m.latency.ttft: no "value_ms"',
        "a number",
    ),
    "percentiles out of order": (
        "providers:\n m:\n  latency:\n   ttft:\n    distribution: log_normal\n    p50_ms: 90\n    p95_ms: 50",
        "user.yaml:7: providers.m.latency.ttft.p95_ms: found 50",
        "90",
    ),
    "bounds crossed in a mixture": (
        ITL % "distribution: mixture, components: [\n{distribution: uniform,\n max_ms: 3, min_ms: 9}]",
        "user.yaml:3: providers.m.latency.itl.components[0].max_ms: found 3",
        "9",
    ),
    "shortest above longest": (
        "response:\n  length:\n    min: 9\n    max: 3",
        "user.yaml:4: response.length.max: found 3",
        "at least min, 9",
    ),
    "p95 below p50": (
        "providers: {m: {response: {length: {p50: 90, p95: 80}}}}",
        "user.yaml:1: providers.m.response.length.p95: found 80",
        "at least p50, 90",
    ),
    "one port twice": (
        "server: {port: 9090}\ntelemetry:\n  metrics: {prometheus_port: 9090}",
        "user.yaml:3: telemetry.metrics.prometheus_port: found 9090",
        "another port",
    ),
    "pair of one": (
        "providers: {m: {latency: {ttft: {distribution: empirical, percentiles_ms: [[50]]}}}}",
        "user.yaml:1: providers.m.latency.ttft.percentiles_ms[0]: found a list",
        "0 to 100",
    ),
    "wrong in a pair": (
        "providers: {m: {latency: {ttft: {distribution: empirical, percentiles_ms: [[50, 1], [120, 2]]}}}}",
        "user.yaml:1: providers.m.latency.ttft.percentiles_ms[1][0]: found 120",
        "from 0 to 100",
    ),
    "distribution as a list": (
        "providers: {m: {latency: {ttft: {distribution: [normal]}}}}",
        "user.yaml:1: providers.m.latency.ttft.distribution: found a list or mapping",
        "log_normal",
    ),
    "distribution under another name": (
        "providers: {m: {latency: {ttft: {distributon: normal}}}}",
        'user.yaml:1: providers.m.latency.ttft: no "distribution"; is "distributon" meant to be it?',
        "log_normal",
    ),
    "list for names": ("providers: [gpt-4o]", "user.yaml:1: providers: found a list", "a mapping of names"),
    "no address": ("admin: {allowed_ips: [10.0.0.300]}", "user.yaml:1: admin.allowed_ips[0]: found", "10.0.0.0/8"),
    "another version": ("version: 2.0", "user.yaml:1: version: found 2.0", "1 or 1.0"),
    "alias of nothing": (
        "models:\n  aliases:\n    house: gpt-4oo",
        'user.yaml:3: models.aliases.house: found "gpt-4oo"; did you mean "gpt-4o"?',
        "a model",
    ),
    "alias of itself": (
        "models: {aliases: {a: b, b: a}}",
        "user.yaml:1: models.aliases.a: the alias leads back to itself",
        "a model",
    ),
    "alias over a model": (
        "models: {aliases: {gpt-4-0613: gpt-4o}}",
        "user.yaml:1: models.aliases.gpt-4-0613: a model",
        "name",
    ),
    "key twice": (
        "server:\n  port: 1\n  port: 2",
        "user.yaml:3: server.port: the key is there twice (first on line 2)",
        "",
    ),
    "bad YAML": ("server: {port: 1", "user.yaml:1: not valid YAML", "flow mapping"),
    "tab": ("server:\n\tport: 1", "user.yaml:2: not valid YAML", ""),
    "control character": ("server:\n  host: \x01", "user.yaml:2: not valid YAML", "control characters"),
    "list as root": ("- server", "user.yaml:1: the file is a list", "a mapping of sections"),
    "text as root": ("server", "user.yaml:1: the file is a single value", "a mapping of sections"),
    "two documents": ("a: 1\n---\nb: 2", "user.yaml:2: a second document", "one document"),
    "tag": ("server: {host: !!python/name:os.system ''}", "user.yaml:1: the tag", "plain values"),
    "unknown alias": ("server: *s", "user.yaml:1: the alias *s has no anchor before it", ""),
    "alias of what holds it": ("server: &s {host: *s}", "user.yaml:1: the alias *s has no anchor before it", ""),
    "mapping as key": ("{a: 1}: 2", "user.yaml:1: a list or mapping as a key", "text"),
    "deep": ("[" * 100_000, "user.yaml:1: nested more than 64 levels deep", ""),
    "merge of a value": ("server: {<<: 1}", "user.yaml:1: << merges something that is not a mapping", ""),
}


@pytest.mark.parametrize("case", sorted(ONE_FAULT))
def test_a_fault_names_its_line_its_key_and_what_is_allowed(tmp_path, case):
    text, start, rest = ONE_FAULT[case]
    lines = faults_of(tmp_path, text)
    assert lines[0].startswith(start)
    assert rest in lines[0]


def test_all_faults_of_all_layers_come_at_once(tmp_path):
    path = tmp_path / "user.yaml"
    path.write_text(
        "server:\n  port: 99999\n  port: 88888\n  wrokers: 2\n"
        "providers:\n  m:\n    latency:\n      ttft: {distribution: log_normal, p50_ms: 9, p95_ms: 5}\n      itl: 3\n"
        "response: {length: {min: 9, max: 3, p50: many}}\n"
    )
    environ = {"LLM_SIM__SERVER__HOTS": "x", "LLM_SIM__MODELS__TOKENIZER": "none"}
    with pytest.raises(ConfigError) as raised:
        load(path, environ=environ, flags={"simulation.seed": -1})
    places = {f"{fault.place}".replace(f"{path}:", "line "): fault.path for fault in raised.value.faults}
    assert places == {
        "line 3": "server.port",
        "line 4": "server.wrokers",
        "line 8": "providers.m.latency.ttft.p95_ms",
        "line 9": "providers.m.latency.itl",
        "line 10": "response.length.max",
        "environment LLM_SIM__SERVER__HOTS": "server.hots",
        "environment LLM_SIM__MODELS__TOKENIZER": "models.tokenizer",
        "flag --seed": "simulation.seed",
    }
    assert any(fault.path == "response.length.p50" for fault in raised.value.faults)
    assert str(raised.value).count("\n") == len(raised.value.faults) - 1


@pytest.mark.parametrize("key", ["changeme", "admin", "SECRET", " Password ", ""])
def test_a_well_known_admin_key_is_refused_and_not_repeated(tmp_path, key):
    (line,) = faults_of(tmp_path, f"admin:\n  api_key: '{key}'")
    assert line.startswith("user.yaml:2: admin.api_key: this key is a well-known default")
    assert not key.strip() or key.strip() not in line.replace("admin.api_key", "")


def test_a_secret_of_the_wrong_type_is_not_repeated(tmp_path):
    (line,) = faults_of(tmp_path, "admin: {api_key: [hunter2]}")
    assert "hunter2" not in line


@pytest.mark.parametrize(
    ("name", "text", "start"),
    [
        ("a.json", '{"server":\n {"port": 99999}}', "a.json:2: server.port: found 99999"),
        ("a.json", '{\n\t"server": {"port": 99999}}', "a.json:2: server.port: found 99999"),
        ("a.json", '{"server": {"port": 1, "port": 2}}', "a.json:1: server.port: the key is there twice"),
        ("a.json", '{"\\ud83d\\ude00": 1, "a": 2, "a": 3}', 'a.json: the key "a" is there twice'),
        ("a.json", '{"server":\n {"port": 1,}}', "a.json:2: not valid JSON"),
        ("a.json", '{"server": {"keep_alive_secs": NaN}}', "a.json: not valid JSON: NaN"),
        ("a.json", "[" * 100_000, "a.json: nested more than"),
        ("a.json", '{"server": {"port": ' + "9" * 5000 + "}}", "a.json:1: server.port: found"),
        ("a.toml", "[server]\nport = 99999", "a.toml:2: server.port: found 99999"),
        ("a.toml", '[providers."gpt-4.1"]\nenabled = 3', 'a.toml:2: providers."gpt-4.1".enabled: found 3'),
        ("a.toml", "[server]\nport = 1\nport = 2", "a.toml:3: not valid TOML"),
        ("a.toml", "[server\n", "a.toml:1: not valid TOML"),
        ("a.toml", "version = 1979-05-27", "a.toml:1: version: found 1979-05-27"),
        ("a.toml", "a = " + "[" * 100_000, "a.toml: nested more than"),
        ("a.conf", "server: {}", 'a.conf: the suffix is ".conf"; allowed: .yaml, .yml, .json, .toml'),
        ("a.yaml", b"server:\n  host: \xff", "a.yaml:2: byte 17 is not UTF-8 text"),
        ("a.yaml", "# big\n" * 800_000, "a.yaml: the file has more than"),
    ],
)
def test_faults_of_files(tmp_path, name, text, start):
    assert faults_of(tmp_path, text, name)[0].startswith(start)


def test_aliases_that_multiply_are_refused_in_bounded_work(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    (line,) = faults_of(tmp_path, "\n".join(lines))
    assert "what aliases repeat" in line


def test_a_file_that_cannot_be_opened(tmp_path):
    with pytest.raises(ConfigError, match="there is no such file"):
        load(tmp_path / "none.yaml", environ={})
    with pytest.raises(ConfigError, match="this is a folder"):
        load(tmp_path, environ={})


def test_a_file_that_may_not_be_opened(tmp_path, monkeypatch):
    """The tests may run as a user whom no permission stops, so the refusal is the file system's in name only."""
    path = tmp_path / "locked.yaml"
    path.write_text("server: {}")
    opened = Path.open

    def refuse(self, *args, **kwargs):
        if self == path:
            raise refusal
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refuse)
    refusal = PermissionError(13, "Permission denied")
    with pytest.raises(ConfigError, match="permission to read the file is denied"):
        load(path, environ={})
    refusal = OSError(5, "Input/output error")
    with pytest.raises(ConfigError, match="cannot be read: Input/output error"):
        load(path, environ={})


def test_other_layers_are_told_of_too_where_the_file_cannot_be_read(tmp_path):
    with pytest.raises(ConfigError) as raised:
        load(tmp_path / "none.yaml", environ={"LLM_SIM__SERVER": "{port: "}, flags={"a..b": 1})
    assert [str(fault.place) for fault in raised.value.faults] == [
        str(tmp_path / "none.yaml"),
        "environment LLM_SIM__SERVER",
        "flag --b",
    ]


def test_words():
    assert nearest("wrokers", ["workers", "port"]) == "workers"
    assert nearest("zzz", ["workers"]) is None
    assert excerpt("a\nb") == '"a\\nb"'
    assert len(excerpt("x" * 1000)) < 70
    assert [excerpt(value) for value in (None, True, False, 3)] == ["null", "true", "false", "3"]
    assert str(Fault(Place("f", 3), "", "is wrong", hint="mend it")) == "f:3: is wrong; mend it"
