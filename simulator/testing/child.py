"""The simulator as a child of a test run: `python -m simulator.testing.child PARENT ARGUMENT…`. Edge.

Ends with its parent, however that one ends: the kernel sends it TERM (Linux). PARENT is the parent's process id: one
that is gone already before the kernel could be asked is noticed by that.
"""

import ctypes
import os
import signal
import sys

_SET_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of linux/prctl.h


def tie(parent: int) -> bool:
    """Have the kernel end this process with the thread that started it; False if the parent is gone already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_DEATH_SIGNAL, int(signal.SIGTERM), 0, 0, 0)
    return os.getppid() == parent


def main() -> None:
    """Serve, as the command line does."""
    if not tie(int(sys.argv[1])):
        sys.exit(0)
    # Imported here: what takes time comes after the tie.
    from simulator.cli import main as command_line  # noqa: PLC0415 - see above

    command_line(sys.argv[2:])


if __name__ == "__main__":
    main()
