"""What the system tells of a process. Edge; Linux where it says so."""

from pathlib import Path

_PROC = Path("/proc")
_STOPPED = ("T", "t")
"""Stopped by a signal, stopped by a debugger (proc(5))."""


def is_frozen(pid: int, proc: Path = _PROC) -> bool:
    """Whether a process is stopped; False where the system does not tell."""
    try:
        # The name, in parentheses, may hold anything: what counts follows the last one.
        return (proc / str(pid) / "stat").read_text("ascii", "replace").rpartition(")")[2].split()[0] in _STOPPED
    except (OSError, IndexError):
        return False
