"""What a process does to itself before it forks workers that share its memory. Edge."""

import gc
import logging
from pathlib import Path

log = logging.getLogger("supervisor.fleet")

_TASKS = Path("/proc/self/task")


def freeze_heap() -> None:
    """Keep the collector from writing into pages that the workers share; what is garbage goes first."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def warn_of_threads(tasks: Path = _TASKS) -> None:
    """Tell of threads: a lock that one of them holds at the fork is held in the child for ever."""
    try:
        threads = sum(1 for _ in tasks.iterdir())
    except OSError:
        return
    if threads > 1:
        log.warning("the application started %d threads before the fork", threads - 1)
