import sys
import types

import pytest

from simulator.providers import registry as room
from simulator.providers.registry import BrokenProvider, registry


class Plugin:
    name = "plugin"
    endpoints = ()
    actions = ()
    models_paths = ("/plugin/models",)

    def claims(self, _headers):
        return False

    models = model = refuse = stream_error = claims


@pytest.fixture
def plugins(monkeypatch):
    """Lets a test say which entry points are installed, and gives it a module to name."""
    module = types.ModuleType("a_plugin")
    module.Plugin = Plugin
    monkeypatch.setitem(sys.modules, "a_plugin", module)
    monkeypatch.setattr(room, "BUILT_IN", {"openai": "simulator.providers.openai:OpenAI"})

    def install(*points):
        monkeypatch.setattr(room, "_installed", lambda: set(points))

    install()
    return install, module


def test_the_built_in_providers_come_first_and_once():
    names = [provider.name for provider in registry()]
    assert names[:2] == ["openai", "anthropic"]
    assert len(names) == len(set(names))


def test_a_plugin_is_added(plugins):
    install, _ = plugins
    install(("plugin", "a_plugin:Plugin"), ("openai", "simulator.providers.openai:OpenAI"))
    assert [provider.name for provider in registry()] == ["openai", "plugin"]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("no_such_module:Plugin", "cannot be loaded: ModuleNotFoundError"),
        ("a_plugin:Missing", "cannot be loaded: AttributeError"),
        ("a_plugin:__name__", "cannot be loaded: TypeError"),
        ("builtins:object", "it lacks name, endpoints, actions, models_paths, claims"),
    ],
)
def test_a_broken_plugin_is_named(plugins, place, reason):
    install, _ = plugins
    install(("bad", place))
    with pytest.raises(BrokenProvider, match=f"provider 'bad' \\({place}\\)") as caught:
        registry()
    assert reason in str(caught.value)


def test_a_name_is_given_once(plugins):
    install, module = plugins
    install(("openai", "a_plugin:Plugin"))
    with pytest.raises(BrokenProvider, match="'openai' is offered twice"):
        registry()
    module.Other = type("Other", (Plugin,), {"name": "openai"})
    install(("other", "a_plugin:Other"))
    with pytest.raises(BrokenProvider, match="calls itself 'openai'"):
        registry()
