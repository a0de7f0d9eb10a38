"""The options that several commands share, and how they become one configuration. Wiring."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from simulator.config.faults import did_you_mean
from simulator.config.load import Loaded, load
from simulator.config.overlay import Flag

Command = TypeVar("Command", bound=Callable[..., Any])

config_option = click.option(
    "-c", "--config", "path", type=click.Path(path_type=Path), help="Configuration file: YAML, JSON or TOML."
)
set_option = click.option(
    "--set", "settings", multiple=True, metavar="KEY=VALUE", help="Set one key, such as server.port=9000; repeatable."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def configured(command: Command) -> Command:
    """Give a command `--config` and `--set`, as parameters `path` and `settings`."""
    return config_option(set_option(command))


def written(settings: tuple[str, ...]) -> dict[str, object]:
    """The flags of `--set`. Raises `click.BadParameter` for one without a key or an equals sign."""
    flags: dict[str, object] = {}
    for setting in settings:
        key, equals, value = setting.partition("=")
        if not equals or not key.strip():
            raise click.BadParameter(f"{setting!r} is not KEY=VALUE, such as server.port=9000", param_hint="--set")
        flags[key.strip()] = Flag("--set", value, yaml=True)
    return flags


def loaded_from(path: Path | None, settings: tuple[str, ...]) -> Loaded:
    """The configuration of a command that only looks at it. Raises `ConfigError`."""
    return load(path, flags=written(settings))


def profile_of(name: str) -> dict[str, object]:
    """The latency of a shipped model, as a value for configuration. Raises `click.BadParameter`."""
    import msgspec  # noqa: PLC0415 - one flag needs it

    from simulator.config.catalogue import load_catalogue  # noqa: PLC0415 - as above

    catalogue = load_catalogue()
    names = {alias: card for card in catalogue.values() for alias in (*card.aliases, card.id)}
    if name not in names:
        near = did_you_mean(name, names)
        hint = f"; {near}" if near else ""
        raise click.BadParameter(f"there is no profile {name!r}{hint} (llm-simulator models lists them)")
    latency: dict[str, object] = msgspec.to_builtins(names[name].latency)
    return _given(latency)


def _given(value: dict[str, object]) -> dict[str, object]:
    """Without what is null: a key that a profile does not give stays with the layers beneath."""
    return {key: _given(one) if isinstance(one, dict) else one for key, one in value.items() if one is not None}
