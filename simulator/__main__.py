"""`python -m simulator`: the command line, or, without a command, one process that serves. Wiring."""

import sys
from collections.abc import Sequence

from simulator.cli import COMMANDS, main

_OF_THE_GROUP = {"--version", "--help", "-h"}


def arguments(given: Sequence[str]) -> list[str]:
    """The arguments for the command line: without a command, those of `serve` as one process."""
    rest = [argument for argument in given if argument != "--debug"]
    first = rest[0] if rest else ""
    if first in COMMANDS or first in _OF_THE_GROUP or (first and not first.startswith("-")):
        return list(given)
    debug = ["--debug"] if len(rest) < len(given) else []
    return [*debug, "serve", "--solo", *rest]


if __name__ == "__main__":
    main(arguments(sys.argv[1:]))
