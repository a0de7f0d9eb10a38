"""Environment variables and dotted flags: where they point, and what they may not mean."""

import pytest

from simulator.config.convert import described
from simulator.config.faults import ConfigError
from simulator.config.load import load
from simulator.config.overlay import Flag, from_environment, from_flags
from simulator.config.schema import Config
from simulator.config.tree import plain

ROOT = described(Config)
NAMES = ["gpt-4.1", "gpt-4-1-x", "Meta/Llama-3", "*"]


def environment(**variables):
    named = {"LLM_SIM__" + name: value for name, value in variables.items()}
    return plain(from_environment(named, ROOT, NAMES))


def flags(values):
    return plain(from_flags(values, ROOT))


def test_only_our_variables_count():
    assert plain(from_environment({"PATH": "/", "LLM_SIM_PORT": "1", "LLM_SIM": "2"}, ROOT)) == {}


def test_keys_are_matched_whatever_their_case():
    found = from_environment({"llm_sim__Server__pOrT": "80", "LLM_SIM__SERVER__HOST": "x"}, ROOT)
    assert plain(found) == {"server": {"port": 80, "host": "x"}}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("gpt-4.1", "gpt-4.1"),
        ("GPT-4.1", "gpt-4.1"),
        ("GPT_4_1", "gpt-4.1"),
        ("META_LLAMA_3", "Meta/Llama-3"),
        ("HOUSE_MODEL", "house_model"),
        ("House-Model", "House-Model"),
    ],
)
def test_a_model_is_named_as_far_as_a_variable_can(name, key):
    assert environment(**{f"PROVIDERS__{name}__ENABLED": "false"}) == {"providers": {key: {"enabled": False}}}


def test_a_name_that_may_mean_two_models_is_refused():
    with pytest.raises(ConfigError, match=r'"A_B" may mean a-b, a\.b'):
        from_environment({"LLM_SIM__PROVIDERS__A_B__ENABLED": "false"}, ROOT, ["a-b", "a.b"])


def test_a_section_as_a_whole_lies_under_its_keys():
    found = environment(SERVER="{port: 1, workers: 2}", SERVER__PORT="3")
    assert found == {"server": {"port": 3, "workers": 2}}


@pytest.mark.parametrize("text", ["12345", "true", "[a", "*x", "a: b", "#x", "'q'"])
def test_text_is_taken_as_it_stands(text):
    loaded = load(environ={"LLM_SIM__ADMIN__API_KEY": text})
    assert loaded.config.admin.api_key == text


def test_null_and_nothing_are_no_text():
    for text in ("null", "", "~"):
        assert load(environ={"LLM_SIM__ADMIN__API_KEY": text}).config.admin.api_key is None
    with pytest.raises(ConfigError, match=r"environment LLM_SIM__SERVER__HOST: server.host: found null; allowed: text"):
        load(environ={"LLM_SIM__SERVER__HOST": ""})


def test_a_list_in_a_variable():
    loaded = load(environ={"LLM_SIM__ADMIN__ALLOWED_IPS": "[10.0.0.0/8, '::1']"})
    assert loaded.config.admin.allowed_ips == ("10.0.0.0/8", "::1")


def test_an_unknown_variable_is_a_fault_with_its_name():
    with pytest.raises(
        ConfigError, match=r'environment LLM_SIM__SERVER__PRT: server.prt: unknown key; did you mean "p'
    ):
        load(environ={"LLM_SIM__SERVER__PRT": "1"})


def test_a_variable_that_is_no_yaml_is_a_fault():
    with pytest.raises(ConfigError, match="environment LLM_SIM__SERVER__PORT: not valid YAML"):
        load(environ={"LLM_SIM__SERVER__PORT": "[1"})


@pytest.mark.parametrize(
    ("key", "tree"),
    [
        ("server.port", {"server": {"port": 1}}),
        ("providers.gpt-4.1.enabled", {"providers": {"gpt-4.1": {"enabled": 1}}}),
        ('providers."gpt-4.1".enabled', {"providers": {"gpt-4.1": {"enabled": 1}}}),
        ("providers.gpt-4.1", {"providers": {"gpt-4.1": 1}}),
        ("providers.*.latency.ttft.p50_ms", {"providers": {"*": {"latency": {"ttft": {"p50_ms": 1}}}}}),
        ("models.aliases.house-4.1", {"models": {"aliases": {"house-4.1": 1}}}),
        ("no.such.key", {"no": {"such": {"key": 1}}}),
    ],
)
def test_dotted_keys_follow_the_schema(key, tree):
    assert flags({key: 1}) == tree
    assert flags({key: Flag("--set", "1", yaml=True)}) in (tree, flags({key: "1"}))


def test_every_flag_that_is_no_key_is_told():
    with pytest.raises(ConfigError) as raised:
        flags({"a..b": 1, "c.": Flag("--set", "1", yaml=True)})
    assert [str(fault.place) for fault in raised.value.faults] == ["flag --b", "flag --set"]
