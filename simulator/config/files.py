"""Reading a configuration file into a tree. Edge: the only place that opens one.

It knows suffixes, sizes and encodings, and nothing of what is inside.
"""

from pathlib import Path

from simulator.config.faults import ConfigError, Fault, Place, excerpt
from simulator.config.text import parse
from simulator.config.tree import Branch

MAX_BYTES = 4 * 1024 * 1024
KINDS = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".toml": "toml", "": "yaml"}
"""The format by suffix; a name without one (a pipe, `/dev/stdin`) is YAML."""


def read_tree(path: Path, source: str | None = None) -> Branch:
    """The tree of a file. `source` is what places call the file; its path as given if None.

    Raises `ConfigError` for a file that is not there, not readable, not a file, too large, not UTF-8, of an
    unknown suffix, or wrong in its syntax.
    """
    name = str(path) if source is None else source
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        suffixes = ", ".join(suffix for suffix in KINDS if suffix)
        raise ConfigError([Fault(Place(name), "", f"the suffix is {excerpt(path.suffix)}", suffixes)])
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _unreadable(name, "there is no such file", "check the path given with --config") from None
    except IsADirectoryError:
        raise _unreadable(name, "this is a folder", "name the file in it") from None
    except PermissionError:
        raise _unreadable(name, "permission to read the file is denied") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _unreadable(name, f"the file cannot be read: {reason}") from None
    if len(data) > MAX_BYTES:
        raise _unreadable(name, f"the file has more than {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte {error.start + 1} is not UTF-8 text"
        raise ConfigError([Fault(Place(name, line), "", found, hint="save the file as UTF-8")]) from None
    return parse(text, name, kind)


def _unreadable(name: str, found: str, hint: str = "") -> ConfigError:
    return ConfigError([Fault(Place(name), "", found, hint=hint)])
