"""Where the files are that ship with the product: `default.yaml`, `profiles/`.

Edge: looks at the file system, reads nothing. In an installed wheel they are in `simulator/shipped/`; in a
checkout they are in `config/` at its root.
"""

import functools
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent.parent


@functools.cache
def shipped() -> Path:
    """The shipped folder. Raises `FileNotFoundError` if the installation is not complete."""
    for folder in (_PACKAGE / "shipped", _PACKAGE.parent / "config"):
        if (folder / "default.yaml").is_file():
            return folder
    raise FileNotFoundError(
        f"the files that ship with llm-simulator are not in {_PACKAGE / 'shipped'}; install the package again"
    )
